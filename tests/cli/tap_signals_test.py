"""tap: signals reach the wrapped command as they would without tap."""

import os
import pty
import signal
import subprocess
import time
import unittest

from tap_harness import TIMEOUT, TapTest, python

# Says each signal it gets, and ends at TERM when told so.
LISTENER = """
import os, signal, sys
def say(number, frame):
    os.write(1, b"got %d\\n" % number)
    if number == signal.SIGTERM and "stay" not in sys.argv: sys.exit(5)
for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(s, say)
os.write(1, b"ready\\n")
while True: signal.pause()
"""


class Signals(TapTest):
    def start_listener(self, *arguments):
        process = self.start_tap(*python(LISTENER, *arguments))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def test_each_signal_is_passed_on(self):
        process = self.start_listener()
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1,
                       signal.SIGUSR2, signal.SIGTERM):
            process.send_signal(number)
            self.assertEqual(process.stdout.readline(), b"got %d\n" % number)
        self.assertEqual(process.wait(TIMEOUT), 5)
        self.assertEqual(self.exit_record()["code"], 5)

    def test_a_command_that_dies_of_it(self):
        process = self.start_tap("sh", "-c", "echo ready; exec sleep 60")
        process.stdout.readline()
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 143)
        self.assertEqual(self.exit_record()["signal"], "SIGTERM")

    def test_the_whole_group_gets_it(self):
        # The shell waits for its child: TERM to the shell alone would leave the child's pipe open.
        process = self.start_tap("sh", "-c", "sleep 60 & sleep 60 & echo ready; wait")
        process.stdout.readline()
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 143)
        self.assertNotIn("pipes", self.exit_record())

    def test_a_command_that_ignores_term_is_waited_for(self):
        process = self.start_listener("stay")
        process.terminate()
        self.assertEqual(process.stdout.readline(), b"got 15\n")
        process.terminate()
        self.assertEqual(process.stdout.readline(), b"got 15\n")
        self.assertIsNone(process.poll())
        pid = self.records("start")[0]["pid"]
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(process.wait(TIMEOUT), 137)
        self.assertEqual(self.stored(), b"ready\ngot 15\ngot 15\n")

    def test_timeout_in_front(self):
        # timeout(1) sends SIGCONT to the whole group, too: it may reach a leak check at its exit, which
        # then waits for a stop that never comes.
        self.env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        result = self.tap_behind_timeout("sh", "-c", "echo begun; sleep 60")
        self.assertEqual(result.returncode, 124)
        self.assertEqual(self.exit_record()["signal"], "SIGTERM")
        self.assertEqual(self.stored(), b"begun\n")

    def test_ignored_signals_stay_ignored(self):
        process = self.start_tap(
            "sh", "-c", "grep SigIgn /proc/self/status; echo ready; read line; echo went on",
            stdin=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        ignored = int(process.stdout.readline().split()[1], 16)
        self.assertTrue(ignored >> (signal.SIGHUP - 1) & 1, "the command ignores it, too")
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        process.stdin.write(b"\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"went on\n")
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_sigchld_ignored_by_whoever_started_tap(self):
        result = self.tap("sh", "-c", "exit 11",
                          preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(result.returncode, 11)

    def test_the_command_has_default_dispositions(self):
        result = self.tap("grep", "-E", "SigBlk|SigIgn", "/proc/self/status")
        blocked, ignored = (int(line.split()[1], 16) for line in result.stdout.splitlines())
        self.assertEqual(blocked, 0)
        self.assertEqual(ignored >> (signal.SIGPIPE - 1) & 1, 0)
        self.assertEqual(ignored >> (signal.SIGXFSZ - 1) & 1, 0)
        self.assertEqual(ignored >> (signal.SIGTERM - 1) & 1, 0)


class OnATerminal(TapTest):
    """With a terminal on stdin, tap and the command are its foreground group."""

    def start_on_terminal(self, *command):
        terminal, inside = pty.openpty()
        self.addCleanup(os.close, terminal)

        def become_foreground():
            import fcntl
            import termios
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        process = self.start_tap(*command, stdin=inside, preexec_fn=become_foreground)
        os.close(inside)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process, terminal

    def test_ctrl_c_reaches_the_command_once(self):
        process, terminal = self.start_on_terminal(*python(LISTENER))
        os.write(terminal, b"\x03")
        self.assertEqual(process.stdout.readline(), b"got 2\n")
        # A second INT, sent by tap, would come before the one that USR1 makes it say.
        time.sleep(0.1)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.stdout.readline(), b"got 10\n")
        process.terminate()
        self.assertEqual(process.stdout.readline(), b"got 15\n")
        self.assertEqual(process.wait(TIMEOUT), 5)
        self.assertEqual(self.stored(), b"ready\ngot 2\ngot 10\ngot 15\n")

    def test_the_command_shares_the_group(self):
        process, terminal = self.start_on_terminal(
            "sh", "-c", "echo ready; cut -d' ' -f5 /proc/$$/stat; cat")
        group = int(process.stdout.readline())
        self.assertEqual(group, os.getpgid(process.pid))
        os.write(terminal, b"typed\n\x04")
        self.assertEqual(process.stdout.read(), b"typed\n")
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_ctrl_c_ends_both(self):
        process, terminal = self.start_on_terminal("sh", "-c", "echo ready; exec sleep 60")
        os.write(terminal, b"\x03")
        self.assertEqual(process.wait(TIMEOUT), 130)
        self.assertEqual(self.exit_record()["signal"], "SIGINT")


if __name__ == "__main__":
    unittest.main()
