"""What the lines of the acceptance list share."""

import hashlib
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "release" / "bin"
SCRATCH = ROOT / "build" / "acceptance"


class Failed(Exception):
    """A line does not hold; the message says what."""


def require(holds, what):
    if not holds:
        raise Failed(what)


def run(command, **options):
    """Runs a command, output to the terminal; returns its exit code."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False, **options).returncode


def run_json(command, timeout):
    """Runs a command; returns its exit code and the JSON objects it printed."""
    print("$", " ".join(map(str, command)), flush=True)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=timeout, check=False
    )
    print(done.stdout, end="", flush=True)
    objects = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done.returncode, objects


def build_release(*targets):
    require(run(["packaging/setup", "build"], cwd=ROOT) == 0, "packaging/setup build")
    require(run(["cmake", "--preset", "release"], cwd=ROOT) == 0, "configure")
    command = ["cmake", "--build", "--preset", "release"]
    require(run(command + (["--target", *targets] if targets else []), cwd=ROOT) == 0, "build")


def require_zeros(figures, names):
    bad = {name: figures.get(name) for name in names if figures.get(name) != 0}
    require(not bad, f"not zero: {bad}")


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
