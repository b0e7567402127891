"""The README's commands and CI, on a bare Debian 12."""

import contextlib
import os
import pathlib
import re
import shutil
import tempfile
import time

from support import ROOT, SCRATCH, require, run

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$")


@contextlib.contextmanager
def bare_clone(ccache=None):
    """A bare Debian with a clone of HEAD; yields a function that runs a command in the clone. It begins
    without a compiler cache, or with a copy of the folder `ccache`."""
    tool = ROOT / "tests" / "support" / "bare_debian"
    require(run(["packaging/setup", "bare"], cwd=ROOT) == 0, "packaging/setup bare")
    SCRATCH.mkdir(parents=True, exist_ok=True)
    place = pathlib.Path(tempfile.mkdtemp(prefix="bare-", dir=SCRATCH)) / "debian"
    try:
        require(run([tool, "create", place]) == 0, "debootstrap")
        clone = ["git", "clone", "--quiet", "--no-local", ROOT, place / "root" / "plasmite"]
        require(run(clone) == 0, "git clone")
        if ccache:
            shutil.copytree(ccache, place / "root" / ".cache" / "ccache")

        def run_inside(command, limit, log_name):
            """Returns exit code, seconds, lines of output; the output also goes to a log."""
            begin = time.monotonic()
            log_path = SCRATCH / f"{log_name}.log"
            script = f"cd /root/plasmite && exec timeout {limit} {command}"
            with log_path.open("wb") as log:
                code = run([tool, "run", place, "bash", "-c", script], stdout=log, stderr=log)
            lines = log_path.read_text(errors="replace").splitlines()
            print("\n".join(lines[-40:]), flush=True)
            return code, round(time.monotonic() - begin), lines

        yield run_inside
    finally:
        run([tool, "remove", place.parent])


def readme_says(command):
    text = (ROOT / "README.md").read_text()
    require(re.search(rf"^    {re.escape(command)}$", text, re.MULTILINE), f"README has no line: {command}")


def counts_of(lines):
    match = COUNTS.match(lines[-1]) if lines else None
    require(match, 'the last line is not "N passed, N failed"')
    return {"passed": int(match[1]), "failed": int(match[2])}


def readme_first():
    command = "packaging/first-light"
    readme_says(command)
    with bare_clone() as run_inside:
        code, seconds, lines = run_inside(command, 1800, "readme-first")
    said = [line for line in lines if line.startswith("-- ")]
    require(code == 0, f"exit code {code}")
    require(len(said) == 2, "it did not get to the end")
    return {"seconds_in_bare": seconds, "said": said}


def readme_test():
    command = "packaging/test"
    readme_says(command)
    with bare_clone() as run_inside:
        code, seconds, lines = run_inside(command, 3600, "readme-test")
    figures = {"seconds_in_bare": seconds, **counts_of(lines)}
    require(code == 0 and figures["failed"] == 0, f"exit code {code}, {figures}")
    require(seconds <= 20 * 60, f"took {seconds} s")
    return figures


def ci():
    # As CI does it: what did not change since an earlier run comes out of the cache.
    cache = pathlib.Path(os.environ.get("CCACHE_DIR", pathlib.Path.home() / ".cache" / "ccache"))
    ccache = cache if cache.is_dir() else None
    with bare_clone(ccache) as run_inside:
        code, seconds, lines = run_inside("env CI=true .ci/run", 7200, "ci")
    stages = {}
    for line in lines[-20:]:
        match = re.match(r"(\S+)\s+(\d+) s\s+\d+ passed", line)
        if match:
            stages[match[1]] = int(match[2])
    figures = {"seconds_in_bare": seconds, **counts_of(lines), "stages": stages,
               "compiler_cache": "warm" if ccache else "cold"}
    require(code == 0 and figures["failed"] == 0, f"exit code {code}, {figures}")
    require(seconds <= 60 * 60, f"took {seconds} s")
    # Its first stage is readme_test: nothing was installed before.
    require(stages["test"] <= 20 * 60, f"packaging/test took {stages['test']} s")
    return figures
