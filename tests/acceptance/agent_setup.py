"""What the lines about the agent share: an agent beside a journald of its own, looked at from outside."""

import contextlib
import json
import mmap
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from support import BIN, ROOT, Failed, require

sys.path.append(str(ROOT / "tests" / "support"))
from journald_namespace import PrivateJournald  # noqa: E402

PATIENCE = 120  # seconds, for what has no limit of its own
CHECKPOINT = "journald"  # the name of the journald source, too
NUMBER = re.compile(rb'"NUMBER":"(\d+)"')
GAP = re.compile(rb'^\{"data":\{"count":')

# Words of a pool file (core/pool/pool_format.h): the live page begins at 0x1000.
WRITING, HEAD = 0x1080, 0x1140


def count_from_environment(name, usual):
    """How often or how long, shorter while a line is being worked on."""
    return int(os.environ.get(name, usual))


def wait_until(condition, what, seconds=PATIENCE, pause=0.01):
    """Looks until the condition holds; returns what it returned, and after how many seconds."""
    began = time.monotonic()
    while not (holds := condition()):
        require(time.monotonic() - began < seconds, f"not within {seconds} s: {what}")
        time.sleep(pause)
    return holds, time.monotonic() - began


@contextlib.contextmanager
def workplace(name):
    """A folder with a short path, for sockets, that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"acceptance-{name}-") as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        yield folder


def steady_journald(folder, **settings):
    """One that rotates often and never removes anything by itself."""
    usual = {"SystemMaxFileSize": "2M", "SystemMaxUse": "20G", "SystemKeepFree": "1M", "SystemMaxFiles": "100000"}
    return PrivateJournald(folder / "journald", **usual | settings)


class Agent:
    """`pls agent run` with the configuration that a test gives. Runs inside of the journald's namespace."""

    def __init__(self, folder, journald, sources, size="64M", user=None, program=BIN / "pls", overflow=""):
        self.folder, self.journald, self.user, self.program = pathlib.Path(folder), journald, user, program
        self.pools = self.folder / "pools"
        self.pool = self.pools / "main.plasmite"
        self.config = self.folder / "agent.toml"
        self.log = self.folder / "agent.log"
        self.config.write_text(
            f'[agent]\npools = "{self.pools}"\nsocket = "{self.folder}/agent.sock"\n\n'
            f'[pools.main]\nsize = "{size}"\n\n{sources}')
        self.config.chmod(0o644)
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = self.journald.popen(
                [self.program, "agent", "run", "--config", self.config], user=self.user,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self.process

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def status(self):
        """Exit code and document (None without one) of `pls agent status`."""
        done = self.journald.run([self.program, "agent", "status", "--config", self.config], check=False,
                                 user=self.user, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            return done.returncode, None

    def source(self, name=CHECKPOINT):
        """What the status says of a source; None while no agent answers."""
        document = self.status()[1]
        return document and next(one for one in document["sources"] if one["name"] == name)

    def is_running(self, name=CHECKPOINT):
        source = self.source(name)
        return source and source["state"] == "running" and source

    def is_caught_up(self, name=CHECKPOINT):
        source = self.is_running(name)
        return source and source["caught_up"] and source

    def log_tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])


JOURNALD_SOURCE = f'[sources.{CHECKPOINT}]\ntype = "journald"\npool = "main"\nstart = "oldest"\n'


def install_for_everybody(folder):
    """A copy of the programs where any user may run them; returns that of pls."""
    place = folder / "bin"
    place.mkdir()
    for name in ("plasmite", "plasmite-commands", "plasmite-agent", "plasmite-filter"):
        shutil.copy(BIN / name, place / name)
    (place / "pls").symlink_to("plasmite")
    return place / "pls"


class PoolWords:
    """The header of a pool file, live."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.map = mmap.mmap(file.fileno(), 0x2000, mmap.MAP_SHARED, mmap.PROT_READ)

    def is_writing(self):
        return self.map[WRITING] != 0

    def head(self):
        """How many bytes were ever written to the ring."""
        return struct.unpack_from("<Q", self.map, HEAD)[0]

    def close(self):
        self.map.close()


def messages(pool, *options):
    """The lines of everything that a pool retains, from the oldest on."""
    follow = [BIN / "pls", "follow", pool, "--jsonl", "--tail", "1000000000", "--timeout", "1s", *options]
    with subprocess.Popen(follow, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as follower:
        yield from follower.stdout
    require(follower.returncode == 124, f"follow ended with {follower.returncode}")


def gaps(pool):
    """The gap records of a pool: their data."""
    found = (json.loads(line)["data"] for line in messages(pool, "--tag", "lifecycle"))
    return [data for data in found if data["kind"] == "gap"]


def numbers(pool):
    """The NUMBER of each message that has one, in the pool's order."""
    return [int(match[1]) for match in map(NUMBER.search, messages(pool)) if match]


def require_same_numbers(found, expected):
    """Each exactly once, in order."""
    if found == expected:
        return
    missing = sorted(set(expected) - set(found))
    extra = len(found) - len(set(found))
    surplus = sorted(set(found) - set(expected))
    raise Failed(
        f"{len(found)} instead of {len(expected)}: {len(missing)} lost {missing[:5]}, {extra} repeated, "
        f"{len(surplus)} that must not be there {surplus[:5]}"
        + ("" if missing or extra or surplus else ": the order is another"))
