"""tap: whoever reads what tap passes on cannot harm the capture."""

import os
import pty
import subprocess
import time
import unittest

from cli_harness import bytes_in_pipe, wait_for
from tap_harness import PLS, TIMEOUT, TapTest


class Passthrough(TapTest):
    def test_a_reader_that_goes_away(self):
        process = self.start_tap("seq", "1", "200000")
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(self.stored(), b"".join(b"%d\n" % n for n in range(1, 200_001)))

    def test_a_closed_stdout(self):
        for closed in (">&-", "2>&-", ">&- 2>&- <&-"):
            with self.subTest(closed=closed):
                shell = f'exec "$@" {closed}'
                result = subprocess.run(
                    ["sh", "-c", shell, "sh", PLS, "tap", "p", "--create", "--", "sh", "-c",
                     "echo out; echo err >&2; exit 8"],
                    env=self.env, capture_output=True, timeout=TIMEOUT)
                self.assertEqual(result.returncode, 8)
        self.assertEqual(self.stored("stdout"), b"out\n" * 3)
        self.assertEqual(self.stored("stderr"), b"err\n" * 3)

    @staticmethod
    def wait_until_stuck(process):
        wait_for(lambda: bytes_in_pipe(process.stdout) >= 65536 - 4096, "the pipe is full")

    def test_a_slow_reader_gets_everything(self):
        process = self.start_tap("seq", "1", "1000000")
        self.wait_until_stuck(process)
        time.sleep(0.2)  # it could take in more by now
        resident = self.resident_bytes(process.pid)
        got = process.stdout.read()
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertTrue(got == b"".join(b"%d\n" % n for n in range(1, 1_000_001)))
        self.assertLess(resident, 16 << 20)

    def test_the_other_stream_is_not_held_up(self):
        # stdout is stuck long before the command turns to stderr.
        process = self.start_tap("sh", "-c", "seq 1 1000000 & sleep 0.5; seq 1 20 >&2; wait")
        err = b"".join(process.stderr.readline() for _ in range(20))
        self.assertEqual(err, b"".join(b"%d\n" % n for n in range(1, 21)))
        self.assertIsNone(process.poll())
        process.stdout.read()
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_a_signal_is_passed_on_while_the_reader_is_stuck(self):
        process = self.start_tap("seq", "1", "10000000")
        self.wait_until_stuck(process)
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 143)  # although nobody ever read
        self.assertEqual(self.exit_record()["signal"], "SIGTERM")

    def test_a_prompt_without_newline_shows_at_once(self):
        process = self.start_tap("sh", "-c", "printf 'name? '; read name; echo hello $name",
                                 stdin=subprocess.PIPE)
        self.assertEqual(process.stdout.read(6), b"name? ")
        process.stdin.write(b"ada\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.read(), b"hello ada\n")
        self.assertEqual(self.stored(), b"name? hello ada\n")

    def test_a_full_disk_under_stdout_is_told_afterwards(self):
        with open("/dev/full", "wb") as full:
            result = self.tap("sh", "-c", "echo text; exit 0", stdout=full)
        self.assertEqual(result.returncode, 8)
        error = self.error_of(result)
        self.assertEqual(error["message"], "failed to write passthrough output")
        self.assertIn("The pool has all of it. The command ran to its own end: exit 0.", error["hint"])
        self.assertEqual(self.stored(), b"text\n")
        self.assertEqual(self.exit_record()["code"], 0)

    def test_stdout_in_a_file_is_appended_to(self):
        path = self.dir / "log"
        path.write_bytes(b"head\n")
        with open(path, "ab") as log:
            self.tap("echo", "tail", stdout=log)
        self.assertEqual(path.read_bytes(), b"head\ntail\n")

    def test_both_streams_into_one_pipe(self):
        result = self.tap("sh", "-c", "echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three",
                          stderr=subprocess.STDOUT)
        self.assertEqual(result.stdout, b"one\ntwo\nthree\n")

    def test_pipelines_see_the_status(self):
        result = subprocess.run(
            ["bash", "-c", 'set -o pipefail; "$0" tap p --create -- sh -c "echo x; exit 42" | cat',
             PLS], env=self.env, capture_output=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT)
        self.assertEqual((result.returncode, result.stdout), (42, b"x\n"))

    def shown_on_terminal(self, *command, code, options=()):
        """What a terminal shows that is tap's stdout and stderr."""
        terminal, inside = pty.openpty()
        self.addCleanup(os.close, terminal)
        process = self.start_tap(*command, options=options, stdout=inside, stderr=inside)
        os.close(inside)
        shown = b""
        try:
            while chunk := os.read(terminal, 4096):
                shown += chunk
        except OSError:
            pass  # how a terminal says that nobody writes to it any more
        self.assertEqual(process.wait(TIMEOUT), code)
        return shown.decode()

    def test_status_lines_on_a_terminal_only(self):
        lines = self.shown_on_terminal("sh", "-c", "echo x; exit 3", code=3).splitlines()
        self.assertEqual(lines[:2], ["tapping p <- sh -c echo x; exit 3", "x"])
        self.assertRegex(lines[2], r"^tapped 1 line \([0-9.]+s\) -> p exit 3$")
        self.assertEqual(len(lines), 3)

    def test_the_last_status_line_begins_a_line(self):
        for script, end in (("printf text", "text\r\ntapped"), ("printf '\\033[31mred\\033[0m'", "\x1b[0m\r\ntapped"),
                            ("printf 'x\\n\\033[?1049l'", "\x1b[?1049ltapped"), ("true", "true\r\ntapped")):
            for options in ([], ["--pty"]):
                self.assertIn(end, self.shown_on_terminal("sh", "-c", script, code=0, options=options))
        quiet = self.shown_on_terminal("printf", "text", code=0, options=["-q"])
        self.assertIn("printf text\r\ntapped", quiet)

    @staticmethod
    def resident_bytes(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) << 10
        return 0


if __name__ == "__main__":
    unittest.main()
