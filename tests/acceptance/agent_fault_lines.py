"""What goes wrong around the agent: it says so, and goes on when it is over."""

import os
import signal
import subprocess
import time

from agent_setup import (JOURNALD_SOURCE, Agent, count_from_environment, install_for_everybody, numbers,
                         require_same_numbers, steady_journald, wait_until, workplace)
from support import BIN, build_release, require, run

NOBODY = 65534
SOON = 3.0  # seconds, until the status tells of a fault, and until it is over


class Scene:
    """An agent that is not root, its journald, a small disk for its pools, and numbered entries."""

    def __init__(self, folder, journald):
        self.folder, self.journald = folder, journald
        self.agent = Agent(folder, journald, JOURNALD_SOURCE, size="4M", user=NOBODY,
                           program=install_for_everybody(folder))
        self.disk = self.agent.pools
        self.disk.mkdir()
        # In the namespace only, so that it goes with it; from outside it is reached through the holder's root.
        journald.run(["mount", "-t", "tmpfs", "-o", f"size=16M,mode=0755,uid={NOBODY}", "tmpfs", self.disk])
        self.inside = journald.outside_path(self.disk)
        self.agent.pool = self.inside / "main.plasmite"
        self.filler = self.inside / "filler"
        self.sent = []
        self.seconds = {}

    def send(self, count=10):
        for _ in range(count):
            self.journald.send(MESSAGE="entry", NUMBER=len(self.sent))
            self.sent.append(len(self.sent))

    # Faults and what is expected.

    def told(self, fault, words):
        """The status must name the fault soon: one of the words, somewhere in it."""

        def names_it():
            code, document = self.agent.status()
            text = "" if document is None else str(document["agent"]["problems"]) + str(
                [(source["problem"], source["last_error"], source["state"]) for source in document["sources"]])
            return code == 1 and any(word in text for word in words)

        _, seconds = wait_until(names_it, f"{fault}: the status names it", SOON + 5)
        self.seconds[fault] = {"told_after": round(seconds, 2)}
        require(seconds <= SOON, f"{fault}: told after {seconds:.1f} s")

    def over(self, fault):
        """The source must be running soon, without a problem, and have all that was sent."""

        def runs():
            code, document = self.agent.status()
            source = document and document["sources"][0]
            return code == 0 and source["state"] == "running" and not source["problem"]

        _, seconds = wait_until(runs, f"{fault}: the source runs again", SOON + 10)
        self.seconds.setdefault(fault, {})["runs_after"] = round(seconds, 2)
        require(seconds <= SOON, f"{fault}: runs after {seconds:.1f} s")
        self.send()
        self.expect(fault)

    def expect(self, fault):
        """Everything from the oldest number that the pool has on, up to the newest that was sent."""
        self.journald.sync()
        wait_until(self.agent.is_caught_up, f"{fault}: everything was taken in")
        wait_until(lambda: numbers(self.agent.pool)[-1:] == self.sent[-1:], f"{fault}: the newest entry arrives", 30)
        found = numbers(self.agent.pool)
        require_same_numbers(found, self.sent[self.first:])

    first = 0  # number of the first entry that the pool must have: less where the pool itself was lost

    def fill_disk(self):
        with self.filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
            except OSError:
                pass
            try:
                while True:
                    file.write(b"\0")
            except OSError:
                pass

    def lose_pool(self):
        """The pool is deleted; what comes from now on must be in the next one."""
        self.expect("before the pool is deleted")
        require(run([BIN / "pls", "pool", "delete", self.agent.pool], stdout=subprocess.DEVNULL) == 0, "pool delete")
        self.first = len(self.sent)


def full_disk(scene):
    """The disk has no room for a pool: at the start, and when the pool is gone later."""
    scene.send()
    scene.fill_disk()
    scene.agent.start()
    scene.told("full disk at start", ["No space", "space"])
    scene.send()
    scene.filler.unlink()
    scene.over("full disk at start")
    scene.lose_pool()
    scene.fill_disk()
    scene.send()
    scene.told("full disk, pool gone", ["No space", "space"])
    scene.filler.unlink()
    scene.over("full disk, pool gone")


def read_only_folder(scene):
    scene.lose_pool()
    scene.inside.chmod(0o555)
    scene.send()
    scene.told("read-only folder", ["ermission"])
    scene.send()
    scene.inside.chmod(0o755)
    scene.over("read-only folder")


def journald_killed(scene):
    scene.send()
    scene.journald.sync()  # what journald had: the rest of its queue dies with it
    scene.journald.kill()
    scene.told("journald killed", ["journald is not running"])
    scene.journald.start()
    scene.send()
    scene.over("journald killed")


def agent_ended(scene, seconds):
    """The agent is not there for a minute."""
    scene.send()
    require(scene.agent.stop() == 0, "the agent did not end well: " + scene.agent.log_tail())
    _, told = wait_until(lambda: scene.agent.status()[0] == 3, "agent ended: the status says so", SOON + 5)
    require(told <= SOON, f"agent ended: told after {told:.1f} s")
    scene.seconds["agent ended"] = {"told_after": round(told, 2)}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        scene.send()
        scene.journald.rotate()
        time.sleep(min(5, seconds))
    scene.agent.start()
    scene.over("agent ended")


def agent_stands_still(scene, seconds):
    """The agent gets no processor for a minute."""
    scene.agent.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    code, _ = scene.agent.status()
    told = time.monotonic() - began
    require(code == 3 and told <= SOON, f"agent stands still: exit code {code} after {told:.1f} s")
    scene.seconds["agent stands still"] = {"told_after": round(told, 2)}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        scene.send()
        time.sleep(min(5, seconds))
    scene.agent.process.send_signal(signal.SIGCONT)
    scene.over("agent stands still")


def agent_faults():
    """The agent is away for a minute (AWAY), twice."""
    build_release("plasmite")
    away = count_from_environment("AWAY", 60)
    with workplace("faults") as folder, steady_journald(folder) as journald:
        os.chown(folder, NOBODY, -1)  # the agent's socket is in here
        scene = Scene(folder, journald)
        full_disk(scene)
        read_only_folder(scene)
        journald_killed(scene)
        agent_ended(scene, away)
        agent_stands_still(scene, away)
        source = scene.agent.source()
        require(scene.agent.stop() == 0, "the agent did not end well: " + scene.agent.log_tail())
        return {"seconds": scene.seconds, "entries": len(scene.sent), "gaps": source["gaps"], "lost": source["lost"]}
