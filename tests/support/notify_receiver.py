"""Plays the service manager: a socket for $NOTIFY_SOCKET, and the messages that came in on it."""

import array
import os
import select
import socket
import struct
import time


class NotifyReceiver:
    def __init__(self, path=None):
        """On a socket file, or without `path` on an abstract one."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.name = str(path) if path else f"@plasmite-notify-{os.getpid()}-{id(self)}"
        self.socket.bind(self.name if path else "\0" + self.name[1:])
        self.messages = []  # (monotonic time, pid of the sender, lines)

    def close(self):
        self.socket.close()

    def environment(self, watchdog_usec=None):
        """What a process gets that is to talk to it."""
        environment = {"NOTIFY_SOCKET": self.name}
        if watchdog_usec:
            environment["WATCHDOG_USEC"] = str(watchdog_usec)
        return environment

    def receive(self, seconds):
        """The lines of one message more; None if none comes in time."""
        if not select.select([self.socket], [], [], max(0, seconds))[0]:
            return None
        text, ancillary, _, _ = self.socket.recvmsg(4096, 1024)
        sender = None
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                sender = struct.unpack("3i", data[:12])[0]
            elif level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors = array.array("i")
                descriptors.frombytes(data[: len(data) - len(data) % 4])
                for descriptor in descriptors:  # closing one acknowledges BARRIER=1
                    os.close(descriptor)
        lines = text.decode().split("\n")
        self.messages.append((time.monotonic(), sender, lines))
        return lines

    def wait_for(self, line, seconds=60):
        """The lines of the next message that has this line, or begins so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            lines = self.receive(deadline - time.monotonic())
            if lines and any(each == line or (line.endswith("=") and each.startswith(line)) for each in lines):
                return lines
        raise AssertionError(f"no {line} within {seconds} s, but {[message[2] for message in self.messages]}")
