"""What the tests of the command line share: the real binary, a pool folder per test, envelopes."""

import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

PLS = os.path.abspath(os.environ.get("PLS_BIN") or shutil.which("pls") or "pls")
TIMEOUT = 60  # seconds, of anything that hangs
SANITIZED = bool(os.environ.get("PLASMITE_SANITIZE"))  # needs memory of its own

# A shell without job control ignores both in what it starts in the background, and so would pls.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


class CliTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="cli_test."))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.pools = self.dir / "pools"
        self.env = dict(os.environ, PLASMITE_DIR=str(self.pools))
        self.env.pop("NO_COLOR", None)

    # Running.

    def pls(self, *arguments, code=0, stdin=b"", **options):
        """Runs pls to its end and checks the exit code; outputs are bytes."""
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("env", self.env)
        options.setdefault("timeout", TIMEOUT)
        if isinstance(stdin, bytes):
            options["input"] = stdin
        else:
            options["stdin"] = stdin
        result = subprocess.run([PLS, *map(str, arguments)], **options)
        self.assertEqual(result.returncode, code, (arguments, result.stdout, result.stderr))
        return result

    def unprivileged(self, *arguments, code, programs=(), groups=()):
        """Runs pls to its end as a user whom the modes of files and folders stop; no mode stops root. Of these
        groups, too, if this is root."""
        program = self.install("program", "plasmite-commands", *programs)  # the build folder may be closed to others
        os.chmod(self.dir, 0o755)
        user = dict(user=65534, group=65534, extra_groups=list(groups)) if os.geteuid() == 0 else {}
        result = subprocess.run([program, *map(str, arguments)], env=self.env, timeout=TIMEOUT,
                                capture_output=True, stdin=subprocess.DEVNULL, **user)
        self.assertEqual(result.returncode, code, (arguments, result.stdout, result.stderr))
        return result

    def start(self, *arguments, **options):
        """Starts pls; the process is ended with the test."""
        options.setdefault("stdin", subprocess.PIPE)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("env", self.env)
        process = subprocess.Popen([PLS, *map(str, arguments)], **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        process.wait()

    def on_terminal(self, *arguments, stdin=subprocess.DEVNULL, code=0, columns=0):
        """Runs pls with a terminal as stdout and stderr; returns what appeared there."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = self.start(*arguments, stdin=stdin, stdout=slave, stderr=slave)
        os.close(slave)
        shown = b""
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # EIO: the last process closed its side
                break
            if not chunk:
                break
            shown += chunk
        os.close(master)
        self.assertEqual(process.wait(TIMEOUT), code, shown)
        return shown.replace(b"\r\n", b"\n").decode()

    def install(self, folder, *programs):
        """Copies `plasmite` and these programs into a folder of the test's; returns plasmite's path."""
        place = self.dir / folder
        place.mkdir(parents=True, exist_ok=True)
        built = pathlib.Path(PLS).resolve().parent
        for name in ("plasmite", *programs):
            shutil.copy(built / name, place / name)
        return place / "plasmite"

    # Pools.

    def create(self, *names, size=None):
        self.pls("pool", "create", *names, *(["--size", size] if size else []))

    def path(self, name):
        return self.pools / f"{name}.plasmite"

    def feed(self, pool, *records, tags=()):
        lines = "".join(json.dumps(record) + "\n" for record in records).encode()
        options = [word for tag in tags for word in ("--tag", tag)]
        result = self.pls("feed", pool, *options, stdin=lines)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def retained(self, pool):
        """All messages of the pool."""
        result = self.pls(
            "follow", pool, "--since", "1971-01-01T00:00:00Z", "--jsonl", "--timeout", "50ms", code=124
        )
        return [json.loads(line) for line in result.stdout.splitlines()]

    def data(self, pool):
        return [message["data"] for message in self.retained(pool)]

    def info(self, pool):
        return json.loads(self.pls("pool", "info", pool, "--json").stdout)

    # Envelopes.

    def error(self, result):
        """The one line on stderr of a command that failed."""
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        envelope = json.loads(lines[0])
        self.assertEqual(list(envelope), ["error"])
        error = envelope["error"]
        self.assertEqual(list(error), sorted(error), "keys are in ascending order")
        self.assertLessEqual({"kind", "message"}, set(error))
        self.assertNotIn("\n", error["message"])
        return error

    def refused(self, *arguments, code, kind, message="", hint="", path=None, **options):
        """Runs pls, which must fail with this envelope and print nothing else."""
        result = self.pls(*arguments, code=code, **options)
        self.assertEqual(result.stdout, b"")
        error = self.error(result)
        self.assertEqual(error["kind"], kind, error)
        self.assertIn(message, error["message"])
        self.assertTrue(error.get("hint"), f"an error says what to do next: {error}")
        self.assertIn(hint, error["hint"])
        if path is not None:
            self.assertEqual(error.get("path"), str(path))
        return error

    def notices(self, stderr):
        notices = []
        for line in stderr.splitlines():
            notice = json.loads(line)["notice"]
            self.assertEqual(
                list(notice), ["cmd", "details", "kind", "message", "pool", "time"], notice
            )
            notices.append(notice)
        return notices


def read_line(stream, seconds=TIMEOUT):
    """One line, or an AssertionError when none comes in time. For unbuffered streams."""
    line = b""
    deadline = time.monotonic() + seconds
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([stream], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise AssertionError(f"no line within {seconds} s, only {line!r}")
        byte = os.read(stream.fileno(), 1)
        if not byte:
            raise AssertionError(f"the stream ended after {line!r}")
        line += byte
    return line


def wait_for(condition, what, seconds=TIMEOUT):
    """Looks until the condition holds; what it returned."""
    deadline = time.monotonic() + seconds
    while not (holds := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.002)
    return holds


def quickest(action, enough, attempts=5):
    """Seconds that the action takes when a busy machine does not hold it up: of the first attempt that
    takes no longer than `enough`, else of the best one."""
    best = None
    for _ in range(attempts):
        began = time.monotonic()
        action()
        took = time.monotonic() - began
        best = took if best is None else min(best, took)
        if best <= enough:
            break
    return best


def bytes_in_pipe(stream):
    """How many bytes wait to be read."""
    return struct.unpack("i", fcntl.ioctl(stream, termios.FIONREAD, b"0000"))[0]


def has_open(pid, path):
    """Whether a process has opened a file."""
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            if os.path.realpath(descriptor) == os.path.realpath(path):
                return True
        except OSError:
            pass
    return False


def somebody_sleeps(pool):
    """Whether a follower waits for messages of the pool file (spec/pool-format.md: the wait page)."""
    with open(pool, "rb") as file:
        file.seek(0x2000)
        return bool(file.read(1)[0] & 1)


def children_of(pid):
    """Process ids."""
    return [int(word) for word in
            pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
