"""What the tests of `pls tap` share: the real binary, a pool folder per test, decoding."""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import decode_tap  # noqa: E402
from cli_harness import CliTest  # noqa: E402

PLS = os.environ.get("PLS_BIN", "pls")
TIMEOUT = int(os.environ.get("TAP_TEST_TIMEOUT", "60"))  # of anything that hangs


class TapTest(unittest.TestCase):
    end = staticmethod(CliTest.end)

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="tap_test."))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = dict(os.environ, PLASMITE_DIR=str(self.dir / "pools"))

    def pls(self, *arguments, **options):
        """Runs pls with nothing on stdin; the result's output is bytes."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.run([PLS, *arguments], env=self.env, timeout=TIMEOUT, **options)

    def tap(self, *command, options=(), **run_options):
        """Taps a command into the pool `p`, which is made if needed."""
        return self.pls("tap", "p", "--create", *options, "--", *command, **run_options)

    def start_tap(self, *command, options=(), **popen_options):
        """As tap(), but returns the running process."""
        popen_options.setdefault("stdin", subprocess.DEVNULL)
        popen_options.setdefault("stdout", subprocess.PIPE)
        popen_options.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen(
            [PLS, "tap", "p", "--create", *options, "--", *command], env=self.env, **popen_options
        )
        self.addCleanup(self.end, process)
        return process

    def tap_behind_timeout(self, *command, options=(), begun=lambda process: None):
        """As tap(), with timeout(1) in front. Its time is up once the command has printed a line and
        `begun` has returned."""
        process = subprocess.Popen(
            ["timeout", str(TIMEOUT), PLS, "tap", "p", "--create", *options, "--", *command],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        first = process.stdout.readline()
        begun(process)
        process.send_signal(signal.SIGALRM)  # what ends timeout's own wait
        out, err = process.communicate(timeout=TIMEOUT)
        return subprocess.CompletedProcess(process.args, process.returncode, first + out, err)

    def message_lines(self, pool="p"):
        """Everything retained, as printed."""
        result = self.pls(
            "follow", pool, "--tail", "1000000000", "--jsonl", "--timeout", "100ms"
        )
        self.assertEqual(result.returncode, 124, result.stderr)
        return result.stdout.splitlines()

    def messages(self, pool="p"):
        return [json.loads(line) for line in self.message_lines(pool)]

    def records(self, kind, pool="p"):
        return [m["data"] for m in self.messages(pool) if m["data"]["kind"] == kind]

    def stored(self, stream="stdout", pool="p"):
        """The exact bytes that were captured."""
        return b"".join(decode_tap.decode(self.message_lines(pool), stream))

    def exit_record(self):
        records = self.records("exit")
        self.assertEqual(len(records), 1, "there is exactly one exit record")
        return records[0]

    def error_of(self, result):
        """The error envelope on stderr's last line."""
        return json.loads(result.stderr.splitlines()[-1])["error"]

    def check_without_descriptors(self, limits, shown, *options):
        """`echo x` under ever higher limits: it works or says why; with the last one it works."""
        for limit in limits:  # with 3 the program's libraries cannot be loaded
            result = self.tap(
                "echo", "x", options=options,
                preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
            if b"invalid vptr" in result.stderr:
                continue  # a sanitizer that itself has no descriptor to look through
            with self.subTest(limit=limit):
                if result.returncode == 0:
                    self.assertEqual(result.stdout, shown)
                else:
                    self.assertNotEqual(self.error_of(result)["kind"], "Internal")
        self.assertEqual(result.returncode, 0, result.stderr)


def python(script, *arguments):
    """A command that runs a Python script."""
    return [sys.executable, "-c", script, *arguments]
