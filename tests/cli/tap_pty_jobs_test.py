"""tap --pty on a user's terminal: keys, signals, stop and go, and the terminal put back every time."""

import os
import signal
import subprocess
import unittest

from tap_harness import PLS, TIMEOUT, python
from tap_pty_harness import CTRL_C, CTRL_D, CTRL_Z, PtyTest

# Stops as full-screen programs do: tidies up, then stops by the default action, then goes on.
FULL_SCREEN = """
import os, signal
def stop(*_):
    os.write(1, b"tidied up\\n")
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.kill(0, signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, stop)
    os.write(1, b"drawn again\\n")
signal.signal(signal.SIGTSTP, stop)
os.write(1, b"ready\\n")
while True: signal.pause()
"""


class PutBack(PtyTest):
    """The terminal's modes afterwards are those before, whatever happened."""

    def check(self, end, status, command=("sh", "-c", "echo ready; exec sleep 60"), **streams):
        terminal = self.terminal()
        before = terminal.modes()
        process = self.start_tap_on(terminal, *command, **streams)
        terminal.read_until(b"ready\r\n")
        self.assertTrue(terminal.is_raw(), "while the command has the terminal")
        end(process, self.child_pid(), terminal)
        self.assertEqual(process.wait(TIMEOUT), status)
        self.assertEqual(terminal.modes(), before)

    def test_the_command_ends_by_itself(self):
        self.check(lambda process, pid, terminal: terminal.type(b"\n"), 5,
                   ("sh", "-c", "echo ready; read line; exit 5"))

    def test_the_command_dies_of_a_signal(self):
        for number in (signal.SIGTERM, signal.SIGSEGV, signal.SIGKILL, signal.SIGHUP):
            with self.subTest(signal=number):
                self.check(lambda process, pid, terminal: os.kill(pid, number), 128 + number)

    def test_tap_gets_a_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(signal=number):
                self.check(lambda process, pid, terminal: process.send_signal(number), 128 + number)

    def test_tap_itself_fails_badly(self):
        for number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGALRM, signal.SIGXCPU, signal.SIGTRAP,
                       signal.SIGRTMAX):
            with self.subTest(signal=number):
                self.check(lambda process, pid, terminal: process.send_signal(number), -number)

    @unittest.skipIf(os.environ.get("PLASMITE_SANITIZE"), "a sanitizer ends the process in its own way")
    def test_a_fault_behind_the_end_of_a_file(self):
        def end(process, pid, terminal):
            process.send_signal(signal.SIGBUS)  # the first one is taken for a fault, which would come again
            self.wait_for(lambda: terminal.modes() == before, "put back")
            process.send_signal(signal.SIGBUS)
        before = self.terminal().modes()
        self.check(end, -signal.SIGBUS)

    def test_the_command_left_its_own_terminal_raw(self):
        self.check(lambda process, pid, terminal: terminal.type(b"x"), 0,
                   ("sh", "-c", "stty raw -echo; printf 'ready\\r\\n'; head -c 1 >/dev/null"))

    def test_keys_are_the_commands(self):
        self.check(lambda process, pid, terminal: terminal.type(CTRL_C), 128 + signal.SIGINT)
        self.check(lambda process, pid, terminal: terminal.type(b"\x1c"), 128 + signal.SIGQUIT)

    def test_the_pool_is_deleted_meanwhile(self):
        def end(process, pid, terminal):
            self.assertEqual(self.pls("pool", "delete", "p").returncode, 0)
            terminal.type(b"\n")
        self.check(end, 3, ("sh", "-c", "echo ready; read line; echo more"))

    def test_while_output_is_still_waited_for_keys_work_again(self):
        terminal = self.terminal()
        before = terminal.modes()
        process = self.start_tap_on(
            terminal, "sh", "-c", "trap '' HUP; (echo ready; exec sleep 60) & exit 0",
            options=["--linger", "1h"])
        terminal.read_until(b"ready")
        self.wait_for(lambda: terminal.modes() == before, "as soon as the command is gone")
        terminal.type(CTRL_C)
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_hung_up(self):
        terminal = self.terminal()
        process = self.start_tap_on(terminal, *python(
            "import signal, sys\n"
            "signal.signal(signal.SIGHUP, lambda *_: sys.exit(0 if print('hung up') else 4))\n"
            "print('ready', flush=True)\nwhile True: signal.pause()"), stdout=subprocess.DEVNULL)
        self.wait_for(lambda: self.records_so_far("ready"), "the command runs")
        os.kill(process.pid, signal.SIGHUP)
        self.assertEqual(process.wait(TIMEOUT), 4)
        self.assertEqual(self.stored(), b"ready\r\nhung up\r\n")

    def records_so_far(self, line):
        if self.pls("pool", "info", "p").returncode != 0:
            return []
        return [r for r in self.records("line") if r["line"] == line]


class StopAndGo(PtyTest):
    """Under a shell with job control."""

    def tap_in_shell(self, terminal, command, background=""):
        terminal.type(f"{PLS} tap p --create --pty -- {command} 2>/dev/null {background}\n".encode())

    def shell_modes(self, terminal):
        """What a command started by the shell finds; the shell's own editing modes differ."""
        terminal.type(b"stty -g\n")
        terminal.read_until(b"stty -g\r\n")
        modes = terminal.read_until(b"\r\n")
        terminal.read_until(b"$> ")
        return modes

    def test_ctrl_z_stops_and_fg_continues(self):
        terminal = self.terminal()
        self.start_shell(terminal)
        before = self.shell_modes(terminal)
        self.tap_in_shell(terminal, "sh -c 'echo started; cat; echo ended'")
        terminal.read_until(b"started\r\n")
        for _ in range(3):
            terminal.type(b"typed\n")
            terminal.read_until(b"typed\r\ntyped\r\n")
            terminal.type(CTRL_Z)
            terminal.read_until(b"Stopped")
            terminal.read_until(b"$> ")
            self.assertEqual(self.state_of(self.child_pid()), "T")
            self.assertEqual(self.shell_modes(terminal), before)
            terminal.type(b"fg\n")
            self.wait_for(terminal.is_raw, "raw again")
        terminal.type(CTRL_D)
        terminal.read_until(b"ended\r\n")
        terminal.read_until(b"$> ")
        self.assertEqual(self.shell_modes(terminal), before)
        self.assertEqual(self.exit_record()["code"], 0)

    def test_programs_that_tidy_up_first(self):
        terminal = self.terminal()
        self.start_shell(terminal)
        script = self.dir / "full_screen.py"
        script.write_text(FULL_SCREEN)
        self.tap_in_shell(terminal, f"python3 {script}")
        terminal.read_until(b"ready\r\n")
        for _ in range(3):
            terminal.type(CTRL_Z)
            shown = terminal.read_until(b"$> ")
            self.assertLess(shown.index(b"tidied up"), shown.index(b"Stopped"))
            self.assertNotIn(b"drawn", shown)
            terminal.type(b"fg\n")
            terminal.read_until(b"drawn again\r\n")
        terminal.type(CTRL_C)
        terminal.read_until(b"$> ")

    def test_stopped_by_itself_or_by_others(self):
        terminal = self.terminal()
        shell = self.start_shell(terminal)
        self.tap_in_shell(terminal, "sh -c 'echo started; kill -STOP $$; echo again; cat'")
        terminal.read_until(b"Stopped")
        terminal.read_until(b"$> ")
        terminal.type(b"fg\n")
        terminal.read_until(b"again\r\n")
        for stop in (signal.SIGTSTP, signal.SIGSTOP):
            os.kill(self.child_pid(), stop)
            terminal.read_until(b"Stopped")
            terminal.read_until(b"$> ")
            terminal.type(b"fg\n")
            self.wait_for(lambda: terminal.is_raw() and self.state_of(self.child_pid()) == "S",
                          "going on")
        tap = self.parent_of(self.child_pid())
        os.kill(tap, signal.SIGTSTP)  # passed on, then taken over from the command
        terminal.read_until(b"Stopped")
        terminal.read_until(b"$> ")
        self.assertEqual(self.state_of(self.child_pid()), "T")
        terminal.type(b"fg\n")
        self.wait_for(lambda: self.state_of(self.child_pid()) == "S", "going on")
        os.kill(tap, signal.SIGSTOP)  # tap alone: the shell takes the terminal
        terminal.read_until(b"Stopped")
        terminal.read_until(b"$> ")
        terminal.type(b"fg\n")
        self.wait_for(terminal.is_raw, "raw again")
        terminal.type(b"alive\n")
        terminal.read_until(b"alive\r\nalive\r\n")
        terminal.type(CTRL_D)
        terminal.read_until(b"$> ")
        self.assertIsNone(shell.poll())

    def test_in_the_background(self):
        terminal = self.terminal()
        self.start_shell(terminal)
        before = self.shell_modes(terminal)
        self.tap_in_shell(terminal, "sh -c 'echo started; cat; echo ended'", "&")
        terminal.read_until(b"started\r")
        terminal.type(b"\n")
        terminal.read_until(b"$> ")
        terminal.type(b"echo shell has the keys\n")
        terminal.read_until(b"\r\nshell has the keys\r\n")
        terminal.read_until(b"$> ")
        self.assertEqual(self.shell_modes(terminal), before)
        terminal.type(b"fg\n")
        self.wait_for(terminal.is_raw, "in the foreground now")
        terminal.type(b"typed\n")
        terminal.read_until(b"typed\r\ntyped\r\n")
        terminal.type(CTRL_Z)
        terminal.read_until(b"Stopped")
        terminal.read_until(b"$> ")
        terminal.type(b"bg\n")
        terminal.read_until(b"$> ")
        self.wait_for(lambda: self.state_of(self.child_pid()) == "S", "going on")
        terminal.type(b"echo still the shell\n")
        terminal.read_until(b"\r\nstill the shell\r\n")
        terminal.read_until(b"$> ")
        terminal.type(b"fg\n")
        self.wait_for(terminal.is_raw, "in the foreground again")
        terminal.type(CTRL_D)
        terminal.read_until(b"ended\r\n")
        terminal.read_until(b"$> ")
        self.assertEqual(self.shell_modes(terminal), before)

    def test_in_the_background_of_a_terminal_that_is_gone(self):
        terminal = self.terminal()
        shell = self.start_shell(terminal)
        self.tap_in_shell(terminal, "sh -c 'echo started; cat; echo ended'", "&")
        terminal.read_until(b"started\r")
        self.wait_for_reader()
        shell.kill()  # so that nobody tells the job
        shell.wait(TIMEOUT)
        terminal.close()
        self.wait_for(lambda: self.records("exit"), "the command found the end of its input")
        self.assertEqual(self.stored(), b"started\r\nended\r\n")

    def test_the_window_changed_while_stopped(self):
        terminal = self.terminal(rows=30, columns=100)
        self.start_shell(terminal)
        self.tap_in_shell(terminal, "sh -c 'echo started; cat; stty size'")
        terminal.read_until(b"started\r\n")
        self.wait_for_reader()
        terminal.type(CTRL_Z)
        terminal.read_until(b"$> ")
        terminal.resize(44, 55)
        terminal.type(b"fg\n")
        self.wait_for(terminal.is_raw, "raw again")
        terminal.type(CTRL_D)
        terminal.read_until(b"44 55\r\n")
        terminal.read_until(b"$> ")

    def test_a_shell_inside_has_job_control_of_its_own(self):
        terminal = self.terminal()
        self.start_shell(terminal)
        self.tap_in_shell(terminal, "bash --norc --noprofile -i")
        terminal.read_until(b"$> ")
        terminal.type(b"PS1='inner> '\n")
        terminal.read_until(b"\r\n")
        terminal.read_until(b"inner> ")
        terminal.type(b"cat\n")
        self.wait_for_reader()
        terminal.type(CTRL_Z)
        terminal.read_until(b"Stopped")
        terminal.read_until(b"inner> ")
        terminal.type(b"fg\n")
        terminal.read_until(b"cat\r\n")
        terminal.type(CTRL_D)
        terminal.read_until(b"inner> ")
        terminal.type(b"exit 8\n")
        terminal.read_until(b"$> ")
        terminal.type(b"echo status $?\n")
        terminal.read_until(b"\r\nstatus 8\r\n")

    def test_where_nobody_could_continue_us_nothing_stops(self):
        # tap leads the session: its group is orphaned.
        terminal = self.terminal()
        process = self.start_tap_on(terminal, "sh", "-c", "echo ready; cat")
        terminal.read_until(b"ready\r\n")
        self.wait_for_reader()
        for _ in range(3):
            terminal.type(CTRL_Z)
            terminal.read_until(b"^Z")
            terminal.type(b"on\n")
            terminal.read_until(b"on\r\non\r\n")
        terminal.type(CTRL_D)
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_without_a_terminal_a_stopped_command_is_waited_for(self):
        process = self.start_tap("sh", "-c", "echo ready; kill -STOP $$; echo again",
                                 options=["--pty"])
        self.assertEqual(process.stdout.readline(), b"ready\r\n")
        pid = self.child_pid()
        self.wait_for(lambda: self.state_of(pid) == "T", "stopped")
        self.assertIn(self.state_of(process.pid), "SR")
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(process.stdout.read(), b"again\r\n")
        self.assertEqual(process.wait(TIMEOUT), 0)

    @staticmethod
    def parent_of(pid):
        with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[1])


if __name__ == "__main__":
    unittest.main()
