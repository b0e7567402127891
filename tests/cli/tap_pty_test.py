"""tap --pty: the command has a terminal of its own and behaves as on the user's."""

import os
import re
import resource
import signal
import subprocess
import termios
import unittest

from tap_harness import PLS, TIMEOUT, python
from tap_pty_harness import CTRL_C, CTRL_D, PtyTest


class Output(PtyTest):
    def test_the_command_leads_a_session_on_a_terminal(self):
        script = """
import os, sys
print([os.isatty(fd) for fd in (0, 1, 2)], os.getsid(0) == os.getpid() == os.getpgrp(),
      os.tcgetpgrp(0) == os.getpid(), os.ttyname(0) == os.ttyname(1) == os.ttyname(2))
open("/dev/tty", "w").write("controlling\\n")
"""
        result = self.tap_pty(*python(script))
        self.assertEqual(result.stdout, b"[True, True, True] True True True\r\ncontrolling\r\n")
        self.assertEqual(result.stderr, b"")

    def test_records(self):
        result = self.tap_pty("sh", "-c", "echo out; echo err >&2; exit 7")
        self.assertEqual((result.returncode, result.stdout), (7, b"out\r\nerr\r\n"))
        start, *lines, end = [m["data"] for m in self.messages()]
        self.assertIs(start["pty"], True)
        self.assertIs(end["pty"], True)
        self.assertEqual(lines, [{"kind": "line", "line": word, "stream": "stdout"}
                                 for word in ("out", "err")])
        self.assertEqual(end["stdout"], {"bytes": 10, "lines": 2})
        self.assertEqual(end["stderr"], {"bytes": 0, "lines": 0})
        self.assertEqual(list(start), sorted(start))
        self.assertEqual(list(end), sorted(end))

    def test_without_the_option_records_do_not_speak_of_it(self):
        self.tap("true")
        for message in self.messages():
            self.assertNotIn("pty", message["data"])

    def test_line_ends_come_back_exactly(self):
        script = """
import os, sys, termios, tty
os.write(1, b"usual\\nown cr\\r\\n\\n10%\\r20%\\r\\n")
tty.setraw(1)
os.write(1, b"bare lf\\ncr lf\\r\\n\\r\\r\\r\\nnone")
"""
        result = self.tap_pty(*python(script))
        expected = (b"usual\r\nown cr\r\r\n\r\n10%\r20%\r\r\n"
                    b"bare lf\ncr lf\r\n\r\r\r\nnone")
        self.assertEqual(result.stdout, expected)
        self.assertEqual(self.stored(), expected)
        self.assertEqual([(r["line"], r.get("eol")) for r in self.records("line")],
                         [("usual", None), ("own cr", "\r\r\n"), ("", None),
                          ("10%\r20%", "\r\r\n"), ("bare lf", "\n"), ("cr lf", None),
                          ("", "\r\r\r\n"), ("none", "")])

    def test_concurrent_runs_of_both_kinds_come_back_exactly(self):
        go = self.dir / "go"
        script = f"echo a; while [ ! -e {go} ]; do sleep 0.01; done; echo b"
        first = self.start_tap("sh", "-c", script, options=["--pty", "--run-tag"])
        first.stdout.readline()
        second = self.start_tap("sh", "-c", script, options=["--run-tag"])
        second.stdout.readline()
        go.touch()
        for process in (first, second):
            self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(sorted(self.stored().splitlines(keepends=True)),
                         [b"a\n", b"a\r\n", b"b\n", b"b\r\n"])

    def test_a_flood_is_stored_whole_and_passed_on_whole(self):
        expected = b"".join(b"%d\r\n" % n for n in range(1, 200_001))
        result = self.tap_pty("seq", "1", "200000")
        self.assertTrue(result.stdout == expected)
        self.assertTrue(self.stored() == expected)

    def test_nul_random_bytes_and_a_line_longer_than_a_record(self):
        script = "import os, tty; tty.setraw(1); os.write(1, open('{0}', 'rb').read())"
        data = b"a\0b\n" + os.urandom(300_000) + b"\n" + b"x" * 1_500_000 + b"\r\n"
        path = self.dir / "bytes"
        path.write_bytes(data)
        script = f"""
import os, tty
tty.setraw(1)
left = open({str(path)!r}, "rb").read()
while left: left = left[os.write(1, left):]
"""
        result = self.tap_pty(*python(script))
        self.assertTrue(result.stdout == data)
        self.assertTrue(self.stored() == data)

    def test_colours_are_kept(self):
        (self.dir / "folder").mkdir()
        self.env["TERM"] = "xterm"  # ls looks at it, too
        result = self.tap_pty("ls", "--color=auto", str(self.dir))
        self.assertIn(b"\x1b[", result.stdout)
        self.assertIn("\x1b[", "".join(r["line"] for r in self.records("line")))

    def test_quiet_passes_nothing_on(self):
        result = self.tap_pty("echo", "x", options=["-q"])
        self.assertEqual((result.stdout, result.stderr), (b"", b""))
        self.assertEqual(self.stored(), b"x\r\n")

    def test_a_closed_reader_does_not_harm_the_capture(self):
        process = self.start_tap("seq", "1", "100000", options=["--pty"])
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertTrue(self.stored() == b"".join(b"%d\r\n" % n for n in range(1, 100_001)))

    def test_output_by_line(self):
        process = self.start_tap(*python("import time; print('now'); time.sleep(60)"),
                                 options=["--pty"])
        self.assertEqual(process.stdout.readline(), b"now\r\n")
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 143)

    def test_what_is_shown_is_what_a_bare_terminal_shows(self):
        script = ("printf '\\033[1mbold\\033[0m\\n'; stty -a | grep -v speed; stty size; "
                  "echo typed; cat; printf 'no end'; exit 3")
        seen = []
        for tapped in (False, True):
            terminal = self.terminal(rows=33, columns=111)
            start = self.start_tap_on if tapped else self.start_on
            process = start(terminal, "sh", "-c", script)
            shown = terminal.read_until(b"typed\r\n")
            terminal.type(b"a line\ncorrecs\x7fted\n" + CTRL_D)
            self.assertEqual(process.wait(TIMEOUT), 3)
            seen.append(shown + terminal.read_rest())
        self.assertIn(b"33 111", seen[0])
        # The echo may come before or after what cat prints, there as here.
        self.assertEqual(sorted(seen[0].splitlines()), sorted(seen[1].splitlines()))


class Input(PtyTest):
    def test_the_end_of_input_reaches_the_command(self):
        for given in (b"", b"line\n", b"one\ntwo", b"x" * 3000 + b"\n" + b"y" * 3000):
            result = self.tap_pty("cat", stdin=None, input=given)
            self.assertEqual(result.returncode, 0)
            self.assertEqual(result.stdout, given.replace(b"\n", b"\r\n"))

    def test_a_command_that_asks_again_does_not_hang(self):
        result = self.tap_pty("sh", "-c", "cat; cat; read x || echo none; cat; echo end",
                              stdin=None, input=b"text\n")
        self.assertEqual(result.stdout, b"text\r\nnone\r\nend\r\n")

    def test_no_stdin_at_all(self):
        for redirection in ("<&-", "</dev/null"):
            result = subprocess.run(
                ["sh", "-c", f'exec "$@" {redirection}', "sh", PLS, "tap", "p", "--create", "--pty",
                 "--", "sh", "-c", "cat; echo end"],
                env=self.env, capture_output=True, timeout=TIMEOUT)
            self.assertEqual((result.returncode, result.stdout), (0, b"end\r\n"), result.stderr)

    def test_more_than_any_buffer_holds(self):
        given = b"".join(b"line %d\n" % n for n in range(100_000))
        result = self.tap_pty("cat", stdin=None, input=given)
        self.assertTrue(result.stdout == given.replace(b"\n", b"\r\n"))

    def test_a_command_that_reads_nothing_holds_up_only_its_input(self):
        given = b"line\n" * 100_000
        result = self.tap_pty("echo", "done", stdin=None, input=given)
        self.assertEqual((result.returncode, result.stdout), (0, b"done\r\n"))

    def test_input_that_nobody_takes_costs_no_cpu(self):
        for given in (b"line\n" * 200_000, b""):  # more than any buffer holds, and an end that nobody sees
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.assertEqual(self.tap_pty("sleep", "2", stdin=None, input=given).returncode, 0)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            self.assertLess(used, 0.5)

    def test_input_is_not_echoed_unless_typed(self):
        result = self.tap_pty("sh", "-c", "read line; echo got $line", stdin=None, input=b"hello\n")
        self.assertEqual(result.stdout, b"got hello\r\n")
        terminal = self.terminal()
        process = self.start_tap_on(terminal, "sh", "-c", "echo ready; read line; echo got $line")
        terminal.read_until(b"ready\r\n")
        terminal.type(b"hello\n")
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(terminal.read_rest(), b"hello\r\ngot hello\r\n")

    def test_keys_of_a_raw_command(self):
        terminal = self.terminal()
        script = ("import os, tty; tty.setraw(0); os.write(1, b'ready\\r\\n'); "
                  "os.write(1, repr(os.read(0, 1) + os.read(0, 1)).encode())")
        process = self.start_tap_on(terminal, *python(script))
        terminal.read_until(b"ready\r\n")
        terminal.type(CTRL_C + b"\r")
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(terminal.read_rest(), b"b'\\x03\\r'")


class Size(PtyTest):
    def test_without_a_terminal_it_is_80_by_24(self):
        self.assertEqual(self.tap_pty("stty", "size").stdout, b"24 80\r\n")

    def test_changes_are_passed_on(self):
        terminal = self.terminal(rows=30, columns=100)
        script = """
import os, signal
def say(*_):
    size = os.get_terminal_size(0)
    os.write(1, b"%d x %d\\n" % (size.lines, size.columns))
signal.signal(signal.SIGWINCH, say)
say()
while True: signal.pause()
"""
        process = self.start_tap_on(terminal, *python(script))
        terminal.read_until(b"30 x 100\r\n")
        for rows, columns in ((40, 50), (1, 1), (200, 300)):
            terminal.resize(rows, columns)
            terminal.read_until(b"%d x %d\r\n" % (rows, columns))
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 143)

    def test_the_size_of_any_stream_that_is_a_terminal(self):
        terminal = self.terminal(rows=11, columns=22)
        process = self.start_tap_on(terminal, "stty", "size", stdin=subprocess.DEVNULL)
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(terminal.read_rest().split(), [b"11", b"22"])


class End(PtyTest):
    def test_a_background_process_that_keeps_the_terminal_is_read_on(self):
        script = "trap '' HUP; (sleep 0.5; echo late) & echo early"
        result = self.tap_pty("sh", "-c", script)
        self.assertEqual(result.stdout, b"early\r\nlate\r\n")
        self.assertNotIn("pipes", self.exit_record())

    def test_one_that_keeps_it_for_ever_is_not_waited_for(self):
        result = self.tap_pty("sh", "-c", "trap '' HUP; sleep 60 & echo out; exit 4",
                              options=["--linger", "100ms"])
        self.assertEqual((result.returncode, result.stdout), (4, b"out\r\n"))
        self.assertEqual(self.exit_record()["pipes"], "open")

    def test_a_linger_of_nothing_loses_nothing(self):
        for _ in range(20):
            result = self.tap_pty("sh", "-c", "seq 1 300", options=["--linger", "0"])
            self.assertEqual(result.stdout, b"".join(b"%d\r\n" % n for n in range(1, 301)))
        self.assertFalse([r for r in self.records("exit") if "pipes" in r])

    def test_streams_closed_and_opened_again(self):
        result = self.tap_pty(
            "sh", "-c", "echo one; exec <&- >&- 2>&-; sleep 0.3; echo two >/dev/tty; exit 6")
        self.assertEqual((result.returncode, result.stdout), (6, b"one\r\ntwo\r\n"))
        self.assertEqual(self.stored(), b"one\r\ntwo\r\n")

    def test_no_process_is_left(self):
        for command, options in ((["true"], {}), (["sh", "-c", "kill -KILL $$"], {})):
            self.tap_pty(*command)
            self.assertEqual(self.session_members(self.child_pid()), [])

    def test_tap_killed(self):
        process = self.start_tap("sh", "-c", "echo ready; sleep 60", options=["--pty"])
        self.assertEqual(process.stdout.readline(), b"ready\r\n")
        pid = self.child_pid()
        self.assertGreater(len(self.session_members(pid)), 1)
        process.kill()
        process.wait(TIMEOUT)
        # The terminal is gone, which the command learns as on any other.
        self.wait_for(lambda: self.session_members(pid) == [], "the session ends with its terminal")
        self.assertIn(b"run_without_exit", self.tap("true").stderr)

    def test_the_command_has_no_children_that_it_did_not_start(self):
        script = "import os\ntry: os.wait()\nexcept ChildProcessError: print('none')"
        self.assertEqual(self.tap_pty(*python(script)).stdout, b"none\r\n")

    def test_descriptors_and_signals_are_as_without(self):
        result = self.tap_pty("sh", "-c", "ls -1 /proc/self/fd; grep -E 'SigBlk|SigIgn' /proc/self/status")
        *fds, blocked, ignored = result.stdout.decode().split("\r\n")[:-1]
        self.assertEqual(fds, ["0", "1", "2", "3"], "3 is the folder that ls reads")
        self.assertEqual(int(blocked.split()[1], 16), 0)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            self.assertEqual(int(ignored.split()[1], 16) >> (number - 1) & 1, 0)


class Errors(PtyTest):
    def test_commands_that_cannot_be_started(self):
        text = self.dir / "text"
        text.write_text("no program\n")
        script = self.dir / "script"
        script.write_text("#!/no/such/interpreter\n")
        script.chmod(0o755)
        for name, code, message in (
                ("no-such-command-here", 2, "wrapped command not found: no-such-command-here"),
                ("/no/such/file", 2, "wrapped command not found: /no/such/file"),
                (str(text), 8, "is not executable"), (str(self.dir), 8, "is a directory"),
                (str(script), 8, "interpreter does not exist")):
            piped, on_pty = self.tap(name), self.tap_pty(name)
            self.assertEqual(on_pty.returncode, code)
            self.assertIn(message, self.error_of(on_pty)["message"])
            self.assertEqual(on_pty.stderr, piped.stderr)
        self.assertEqual(self.messages(), [])

    def test_the_terminal_is_as_before_after_an_error(self):
        terminal = self.terminal()
        before = terminal.modes()
        self.assertEqual(self.start_tap_on(terminal, "no-such-command-here").wait(TIMEOUT), 2)
        self.assertEqual(terminal.modes(), before)

    def test_a_script_without_interpreter_line(self):
        script = self.dir / "script"
        script.write_text("echo \"$1\"\n")
        script.chmod(0o755)
        self.assertEqual(self.tap_pty(str(script), "a b").stdout, b"a b\r\n")

    def test_a_pool_deleted_meanwhile_does_not_harm_the_command(self):
        go_on = self.dir / "go_on"
        process = self.start_tap(
            "sh", "-c", f"echo first; while [ ! -e {go_on} ]; do sleep 0.02; done; seq 1 100000",
            options=["--pty"])
        self.assertEqual(process.stdout.readline(), b"first\r\n")
        self.assertEqual(self.pls("pool", "delete", "p").returncode, 0)
        go_on.touch()
        self.assertTrue(process.stdout.read() == b"".join(b"%d\r\n" % n for n in range(1, 100_001)))
        self.assertEqual(process.wait(TIMEOUT), 3)


class Nested(PtyTest):
    def test_pty_in_pty(self):
        terminal = self.terminal(rows=20, columns=70)
        before = terminal.modes()
        process = self.start_tap_on(
            terminal, PLS, "tap", "q", "--create", "--pty", "--", "sh", "-c",
            "stty size; read line; echo got $line; exit 9", stderr=terminal.inside)
        terminal.read_until(b"20 70\r\n")
        terminal.type(b"word\n")
        self.assertEqual(process.wait(TIMEOUT), 9)
        self.assertEqual(self.stored(pool="q"), b"20 70\r\nword\r\ngot word\r\n")
        self.assertIn(b"got word", self.stored(pool="p"))
        self.assertEqual(terminal.modes(), before)

    def test_pipes_in_pty(self):
        result = self.tap_pty(PLS, "tap", "q", "--create", "--", "sh", "-c", "echo deep; exit 9")
        self.assertEqual(result.returncode, 9)
        self.assertEqual(self.stored(pool="q"), b"deep\n")
        self.assertTrue(re.search(rb"tapping q <- .*\r\ndeep\r\ntapped 1 line", self.stored()))


if __name__ == "__main__":
    unittest.main()
