"""What the tests of `pls tap --pty` share: a terminal in front of tap, and reading from it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from tap_harness import PLS, TIMEOUT, TapTest

CTRL_C, CTRL_D, CTRL_Z = b"\x03", b"\x04", b"\x1a"


class Terminal:
    """A pseudo-terminal that plays the user's."""

    def __init__(self, rows=30, columns=100):
        self.fd, self.inside = pty.openpty()
        self.resize(rows, columns)
        self.shown = b""

    def close(self):
        """Hangs up."""
        for fd in {self.fd, self.inside} - {-1}:
            os.close(fd)
        self.fd = self.inside = -1

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self):
        return termios.tcgetattr(self.inside)

    def is_raw(self):
        return not self.modes()[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def type(self, keys):
        os.write(self.fd, keys)

    def read_until(self, marker):
        """What is shown up to and with `marker`; what follows stays for the next call."""
        deadline = time.monotonic() + TIMEOUT
        while marker not in self.shown:
            if not select.select([self.fd], [], [], deadline - time.monotonic())[0]:
                raise AssertionError(f"no {marker!r} in {self.shown!r}")
            self.shown += os.read(self.fd, 65536)
        end = self.shown.index(marker) + len(marker)
        text, self.shown = self.shown[:end], self.shown[end:]
        return text

    def read_rest(self):
        """Everything that is shown by now."""
        while select.select([self.fd], [], [], 0)[0]:
            self.shown += os.read(self.fd, 65536)
        text, self.shown = self.shown, b""
        return text


class PtyTest(TapTest):
    def terminal(self, **size):
        terminal = Terminal(**size)
        self.addCleanup(terminal.close)
        return terminal

    def start_on(self, terminal, *command, stderr=subprocess.DEVNULL, **streams):
        """Runs a command as the leader of a session with this terminal, all streams there."""
        def take_terminal():
            os.setsid()
            fcntl.ioctl(terminal.inside, termios.TIOCSCTTY, 0)

        streams.setdefault("stdin", terminal.inside)
        streams.setdefault("stdout", terminal.inside)
        process = subprocess.Popen(command, env=self.env, preexec_fn=take_terminal, stderr=stderr,
                                   pass_fds=[terminal.inside], **streams)
        self.addCleanup(self.end, process)
        return process

    def start_tap_on(self, terminal, *command, options=(), **streams):
        return self.start_on(terminal, PLS, "tap", "p", "--create", "--pty", *options, "--",
                             *command, **streams)

    def tap_pty(self, *command, options=(), **run_options):
        return self.tap(*command, options=["--pty", *options], **run_options)

    def start_shell(self, terminal):
        """An interactive shell with job control; its prompt is `$> `."""
        self.env.update(PS1="$> ", TERM="dumb")
        shell = self.start_on(terminal, "bash", "--norc", "--noprofile", "-i",
                              stderr=terminal.inside)
        terminal.read_until(b"$> ")
        return shell

    def child_pid(self, run=-1):
        return self.records("start")[run]["pid"]

    @staticmethod
    def state_of(pid):
        """The letter of /proc/PID/stat: R, S, T, Z; none when there is no such process."""
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return None

    def wait_for(self, condition, what):
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.002)

    def wait_for_reader(self, name="cat", session=None):
        """Until the program waits for input: a stop before it runs would not be a stop of it."""
        def reads():
            members = self.session_members(self.child_pid() if session is None else session)
            return any(self.name_of(pid) == name and self.state_of(pid) == "S" for pid in members)
        self.wait_for(reads, f"{name} reads")

    @staticmethod
    def name_of(pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="latin-1") as comm:
                return comm.read().strip()
        except (FileNotFoundError, ProcessLookupError):
            return None

    @staticmethod
    def session_members(session):
        """The processes of a session that are not zombies."""
        members = []
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/stat", encoding="latin-1") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == session and fields[0] not in "ZX":
                members.append(int(name))
        return members
