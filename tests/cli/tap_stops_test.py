"""tap without --pty: stops of the command and of tap go together, and no stopped command hangs tap."""

import os
import signal
import subprocess
import unittest

from cli_harness import children_of, wait_for
from tap_harness import PLS, TIMEOUT
from tap_pty_harness import CTRL_C, CTRL_Z, PtyTest


class Stops(PtyTest):
    """stdin is not a terminal: the command has a group of its own."""

    def start_stopped(self, *options):
        process = self.start_tap("sh", "-c", "echo before; kill -STOP $$; echo after; exit 3",
                                 options=options)
        self.assertEqual(process.stdout.readline().rstrip(b"\r\n"), b"before")
        pid = self.child_pid()
        self.wait_for(lambda: self.state_of(pid) == "T", "the command is stopped")
        return process, pid

    def test_each_request_for_an_end_reaches_a_stopped_command(self):
        for options in ([], ["--pty"]):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
                process, _ = self.start_stopped(*options)
                process.send_signal(number)
                self.assertEqual(process.wait(TIMEOUT), 128 + number)

    def test_other_signals_wait_until_it_is_continued(self):
        process, pid = self.start_stopped()
        process.send_signal(signal.SIGUSR1)
        # Passed on: it is pending there.
        self.wait_for(lambda: self.pending(pid) >> (signal.SIGUSR1 - 1) & 1, "USR1 is passed on")
        self.assertEqual(self.state_of(pid), "T")
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(TIMEOUT), 128 + signal.SIGUSR1)

    def test_timeout_in_front_of_a_stopped_command(self):
        # SIGCONT may reach a leak check at tap's exit, which then waits for a stop that never comes.
        self.env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        def stopped(timeout):
            (tap,) = children_of(timeout.pid)
            (command,) = children_of(tap)
            wait_for(lambda: self.state_of(command) == "T", "the command is stopped")

        result = self.tap_behind_timeout("sh", "-c", "echo x; kill -STOP $$", begun=stopped)
        self.assertEqual((result.returncode, result.stdout), (124, b"x\n"))
        self.assertEqual(self.exit_record()["signal"], "SIGTERM")

    def test_continuing_tap_continues_the_command(self):
        process, _ = self.start_stopped()
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(TIMEOUT), 3)
        self.assertEqual(self.stored(), b"before\nafter\n")

    def test_a_stop_of_tap_stops_the_command_and_its_children(self):
        # In a group of its own, so that we could continue it.
        process = self.start_tap("sh", "-c", "echo ready; sleep 60 & wait", process_group=0)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        tap, child = process.pid, self.child_pid()
        self.wait_for(lambda: len(self.group_members(child)) == 2, "sleep runs")
        os.kill(tap, signal.SIGTSTP)
        everybody = [tap, *self.group_members(child)]
        self.wait_for(lambda: {self.state_of(pid) for pid in everybody} == {"T"}, "all are stopped")
        os.kill(tap, signal.SIGCONT)
        self.wait_for(lambda: "T" not in {self.state_of(pid) for pid in everybody}, "all go on")
        os.kill(tap, signal.SIGTERM)
        self.assertEqual(process.wait(TIMEOUT), 143)

    def test_where_nobody_could_continue_tap_nothing_stops(self):
        process = self.start_tap("sh", "-c", "echo ready; cat; echo end", stdin=subprocess.PIPE,
                                 start_new_session=True)  # which orphans tap's group
        self.assertEqual(process.stdout.readline(), b"ready\n")
        process.send_signal(signal.SIGTSTP)
        process.stdin.write(b"text\n")
        process.stdin.close()
        process.stdin = None
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(process.stdout.read(), b"text\nend\n")

    @staticmethod
    def pending(pid):
        """Signals that wait for a process, as bits."""
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("ShdPnd:"):
                    return int(line.split()[1], 16)
        return 0

    @staticmethod
    def group_members(group):
        members = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.getpgid(int(name)) == group:
                    members.append(int(name))
            except ProcessLookupError:
                pass
        return members


class InAPipeline(PtyTest):
    """An interactive shell: the terminal is there, but not on stdin."""

    def start_pipeline(self, script):
        terminal = self.terminal()
        self.start_shell(terminal)
        terminal.type(f"cat </dev/null | {PLS} tap p --create -- sh -c '{script}'\n".encode())
        return terminal

    def test_a_command_that_wants_the_terminal_is_told_of_and_can_be_ended(self):
        terminal = self.start_pipeline("read answer </dev/tty")
        shown = terminal.read_until(b"(pool: p)")
        self.assertIn(b"notice:", shown)
        self.assertIn(b"it wants the terminal", shown)
        terminal.type(CTRL_C)
        self.assertNotIn(b"notice:", terminal.read_until(b"signal SIGINT"), "it is told once")
        terminal.read_until(b"$> ")

    def test_ctrl_z_stops_the_command_too_and_fg_continues(self):
        terminal = self.start_pipeline("echo ready; sleep 0.2; sleep 0.2; exit 7")
        terminal.read_until(b"\r\nready\r\n")
        child = self.child_pid()
        terminal.type(CTRL_Z)
        terminal.read_until(b"Stopped")
        terminal.read_until(b"$> ")
        self.wait_for(lambda: self.state_of(child) == "T", "the command is stopped")
        terminal.type(b"fg\n")
        terminal.read_until(b"exit 7")
        terminal.read_until(b"$> ")


if __name__ == "__main__":
    unittest.main()
