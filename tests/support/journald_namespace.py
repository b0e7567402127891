"""A real systemd-journald of a test's own, in a private mount namespace.

    with PrivateJournald(folder, SystemMaxUse="32M") as journald:
        journald.send(MESSAGE="hello", PRIORITY="6")
        journald.journalctl("--sync")
        journald.run([pls, "intake", "journald", pool, "--once"])

In the namespace /run is empty but for journald, /var/log/journal is FOLDER/log, the configuration is
journald's own. Nothing is changed outside of FOLDER, and nothing is left: all processes end with the
test's, however it ends. Needs root, and the Debian packages systemd and util-linux.
"""

import array
import errno
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import time
import unittest

JOURNALD = "/lib/systemd/systemd-journald"
PATIENCE = 60  # seconds, for anything that journald is asked for
DEFAULTS = {  # the host's kernel log and its auditing are none of a test's business
    "Storage": "persistent",
    "ReadKMsg": "no",
    "Audit": "no",
    "RateLimitIntervalSec": "0",
    "SyncIntervalSec": "1s",
}
SEALS = 0x0F  # F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE

# Every mount is made in the new namespace, where it vanishes with the last process. The holder lives as
# long as its stdin, which ends with the test.
SET_UP = """
set -e
grep -q ' /sys/fs/cgroup' /proc/self/mounts || mount -t cgroup2 cgroup2 /sys/fs/cgroup  # or journald ends
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/systemd/system /run/log
mount --bind "$1/etc" /etc/systemd
[ ! -e /etc/machine-id ] || mount --bind "$1/machine-id" /etc/machine-id
mount -t tmpfs tmpfs /var/log
mkdir /var/log/journal
mount --bind "$1/log" /var/log/journal
echo ready
exec cat
"""

needs_root = unittest.skipUnless(os.geteuid() == 0, "a mount namespace with a journald of its own needs root")


def private_mounts():
    """The words that run a command with mounts of its own."""
    private = ["unshare", "-m", "--propagation", "private"]
    if subprocess.run([*private, "true"], stderr=subprocess.DEVNULL).returncode == 0:
        return private
    # In a chroot whose root is no mount point the kernel cannot make it private. Nor has it to, if nothing is
    # shared there.
    if " shared:" in pathlib.Path("/proc/self/mountinfo").read_text():
        raise RuntimeError("no private mount namespace: this needs root and util-linux")
    return ["unshare", "-m", "--propagation", "unchanged"]


class NoJournald(ConnectionError):
    """Nobody takes entries: journald is not running."""


def encode_entry(fields):
    """The datagram for an entry of journald's native protocol; `fields` are pairs, values of any type."""
    parts = []
    for name, value in fields:
        value = value if isinstance(value, bytes) else str(value).encode()
        if b"\n" in value:
            parts.append(name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n")
        else:
            parts.append(name.encode() + b"=" + value + b"\n")
    return b"".join(parts)


class Sender:
    """A connection for entries, in the name of another user if asked for. Sending waits while journald's queue
    is full. One thread at a time."""

    def __init__(self, path, user=None):
        self.ancillary = []
        if user is not None:
            credentials = struct.pack("3i", os.getpid(), user, user)
            self.ancillary = [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)]
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self.socket.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError) as error:
            self.socket.close()
            raise NoJournald(str(error)) from error

    def send(self, *pairs, **fields):
        self.send_datagram(encode_entry([*pairs, *fields.items()]))

    def send_datagram(self, datagram):
        try:
            try:
                self.socket.sendmsg([datagram], self.ancillary)
            except OSError as error:
                if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                    raise
                self.send_in_memory(datagram)
        except (ConnectionRefusedError, ConnectionResetError, FileNotFoundError) as error:
            raise NoJournald(str(error)) from error

    def send_in_memory(self, datagram):
        memory = os.memfd_create("entry", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(memory), "wb") as file:
                file.write(datagram)
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, SEALS)
            rights = array.array("i", [memory])
            self.socket.sendmsg([], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights), *self.ancillary])
        finally:
            os.close(memory)

    def close(self):
        self.socket.close()


class PrivateJournald:
    """Settings are those of journald.conf. Not `flushed`: it begins in /run, as at boot; see flush()."""

    def __init__(self, folder, flushed=True, **settings):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "log"
        self.processes = {}  # by namespace, "" is the default one
        self.senders = {}  # by namespace and user
        self.started = []  # by popen()
        for part in ("log", "etc"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        machine = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
        try:
            machine = pathlib.Path("/etc/machine-id").read_text().strip() or machine
        except OSError:
            pass
        self.machine_id = machine
        (self.folder / "machine-id").write_text(machine + "\n")
        try:  # as systemd-tmpfiles would: members of the group may read
            shutil.chown(self.log, group="systemd-journal")
            self.log.chmod(0o2755)
        except LookupError:
            pass
        self.configure(**settings)
        self.holder = subprocess.Popen(
            [*private_mounts(), "sh", "-c", SET_UP, "sh", str(self.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        if self.holder.stdout.readline() != b"ready\n":
            self.close()
            raise RuntimeError("no private mount namespace: this needs root and util-linux")
        self.start()
        if flushed:
            self.flush()

    def configure(self, name="", **settings):
        """Takes effect with the next start."""
        settings = DEFAULTS | settings
        file = f"journald@{name}.conf" if name else "journald.conf"
        text = "".join(f"{key}={value}\n" for key, value in settings.items())
        (self.folder / "etc" / file).write_text("[Journal]\n" + text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait(PATIENCE)
        for name in list(self.processes):
            self.kill(name)
        self.holder.stdin.close()
        self.holder.wait(PATIENCE)
        self.holder.stdout.close()

    # Processes.

    def inside(self, command, user=None, group="systemd-journal"):
        """The command line that runs a command in the namespace, in the current folder. With a user's number
        it is that user's, and a member of the group, which may read journals, or of none."""
        words = ["nsenter", "-m", "-r", "-t", str(self.holder.pid), f"--wdns={os.getcwd()}", "--"]
        if user is not None:
            groups = f"--groups={group}" if group else "--clear-groups"
            words += ["setpriv", f"--reuid={user}", f"--regid={user}", groups, "--"]
        return words + [str(word) for word in command]

    def run(self, command, check=True, user=None, group="systemd-journal", **options):
        """Runs a command inside to its end; outputs are bytes unless the options say otherwise."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("timeout", PATIENCE)
        return subprocess.run(self.inside(command, user, group), check=check, **options)

    def popen(self, command, user=None, group="systemd-journal", **options):
        """Starts a command inside; it has the pid of the result. It ends with this object, or the test."""
        words = ["setpriv", "--pdeathsig", "KILL", "--", *self.inside(command, user, group)]
        self.started.append(subprocess.Popen(words, **options))
        return self.started[-1]

    def start(self, name=""):
        """Starts journald, of a namespace of its own with a name; returns when it takes entries."""
        assert name not in self.processes
        with (self.folder / "journald.err").open("ab") as errors:
            command = ["setpriv", "--pdeathsig", "KILL", *self.inside([JOURNALD, *([name] if name else [])])]
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd="/")
        deadline = time.monotonic() + PATIENCE
        while not self.takes_entries(name):
            if self.processes[name].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("journald does not run: " + (self.folder / "journald.err").read_text())
            time.sleep(0.005)

    def takes_entries(self, name):
        # The one that journalctl asks is the last that it makes.
        try:
            for path in ("stdout", "io.systemd.journal"):
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                    probe.connect(str(self.socket_folder(name) / path))
            Sender(self.socket_folder(name) / "socket").close()
            return True
        except (OSError, NoJournald):
            return False

    def outside_path(self, path):
        """Where a path of the namespace can be reached from outside."""
        return pathlib.Path(f"/proc/{self.holder.pid}/root{path}")

    def socket_folder(self, name=""):
        return self.outside_path(f"/run/systemd/journal.{name}" if name else "/run/systemd/journal")

    def kill(self, name="", how=signal.SIGKILL):
        """Ends journald. What it took but did not write yet is lost: see sync()."""
        process = self.processes.pop(name)
        process.send_signal(how)
        process.wait(PATIENCE)
        for key in [key for key in self.senders if key[0] == name]:
            self.senders.pop(key).close()

    def restart(self, name="", how=signal.SIGKILL):
        self.kill(name, how)
        self.start(name)

    # Entries.

    def sender(self, name="", user=None):
        """A connection of its own, for a thread of its own."""
        return Sender(self.socket_folder(name) / "socket", user)

    def send(self, *pairs, name="", user=None, **fields):
        """Hands over one entry; pairs for fields that repeat. A user from 1000 on has files of their own. See
        sync()."""
        key = (name, user)
        if key not in self.senders:
            self.senders[key] = self.sender(name, user)
        self.senders[key].send(*pairs, **fields)

    def journalctl(self, *options, name="", **keywords):
        words = ["journalctl", "-q", "--no-pager", *([f"--namespace={name}"] if name else []), *options]
        keywords.setdefault("stdout", subprocess.PIPE)
        return self.run(words, **keywords).stdout

    def sync(self, name=""):
        """Returns when everything that was sent is in the files."""
        self.journalctl("--sync", name=name)

    def rotate(self, name=""):
        self.journalctl("--rotate", name=name)

    def flush(self):
        """From /run to /var/log; what journald does once that can be written."""
        self.journalctl("--flush")

    # Files.

    def files(self, name=""):
        """The folder of the persistent files."""
        return self.log / (self.machine_id + (f".{name}" if name else ""))

    def archived(self, name=""):
        """Persistent files that are not written any more, in the order of their names."""
        folder = self.files(name)
        return sorted(path for path in folder.glob("*@*")) if folder.is_dir() else []

    def remove_files(self):
        """All persistent files, while nobody writes them."""
        shutil.rmtree(self.files(), ignore_errors=True)
