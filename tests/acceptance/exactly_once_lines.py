"""journald exactly once, whatever ends the reader."""

import os
import random
import re
import signal
import subprocess
import threading
import time

from agent_setup import (JOURNALD_SOURCE, NUMBER, PATIENCE, Agent, PoolWords, count_from_environment, gaps, numbers,
                         require_same_numbers, steady_journald, wait_until, workplace)
from support import BIN, build_release, require

LEAST_PUBLISHING = 0.2  # of the kills
LONGEST_LIFE, LONGEST_AIM = 0.4, 1.0  # seconds
CURSOR = re.compile(rb'"__CURSOR":"[^"]*;i=([0-9a-f]+);')


class Writer(threading.Thread):
    """Sends entries with rising numbers, in bursts, until told to stop. Pauses while `quiet` is held."""

    def __init__(self, journald, rng):
        super().__init__(daemon=True)
        self.sender, self.rng = journald.sender(), rng
        self.quiet, self.enough = threading.Lock(), threading.Event()
        self.count = 0
        self.failure = None

    def burst(self, size):
        for _ in range(size):
            pad = "x" * (10_000 if self.rng.random() < 0.01 else self.rng.randrange(300))
            self.sender.send(MESSAGE=f"entry {self.count} {pad}", NUMBER=self.count)
            self.count += 1

    def run(self):
        try:
            while not self.enough.is_set():
                with self.quiet:
                    self.burst(self.rng.choice((1, 1, 10, 100, 400)))
                self.enough.wait(self.rng.random() * 0.05)
        except OSError as failure:
            self.failure = failure

    def end(self):
        """burst() may be called afterwards."""
        self.enough.set()
        self.join(PATIENCE)
        require(self.failure is None, f"journald takes no entries: {self.failure}")


def cursor_number(text):
    """The sequence number in a journal's cursor; 0 without one."""
    found = CURSOR.search(text)
    return int(found[1], 16) if found else 0


def position(pool):
    """Sequence number of the journal's entry that is the newest in the pool: the checkpoint is there, or on."""
    newest = [BIN / "pls", "follow", pool, "--jsonl", "--tail", "1", "--timeout", "50ms",
              "--where", '.data | has("__CURSOR")']
    return cursor_number(subprocess.run(newest, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False).stdout)


def archived(journald):
    """Archived files, the oldest first, with the sequence number of the first entry of each."""
    return sorted((int(path.name.split("@")[1].split("-")[1], 16), path) for path in journald.archived())


def vacuum(journald, count):
    """Has journald's tool remove exactly that many archived files, the oldest."""
    before = [path for _, path in archived(journald)]
    active = 1
    journald.journalctl(f"--vacuum-files={len(before) - count + active}")
    after = [path for _, path in archived(journald)]
    require(after == before[count:], f"another {len(before) - len(after)} files were vacuumed than {count}")


def vacuum_what_was_read(journald, pool):
    """Removes the files that lie wholly before the reader's position; returns how many."""
    files = archived(journald)
    done = position(pool)
    count = sum(1 for (_, _), (next_first, _) in zip(files, files[1:]) if next_first <= done + 1)
    if count:
        vacuum(journald, count)
    return count


class Rounds:
    """Starts a reader, kills it, again and again."""

    def __init__(self, journald, agent, rng):
        self.journald, self.agent, self.rng = journald, agent, rng
        self.words = PoolWords(agent.pool)
        self.figures = dict.fromkeys(("kills", "of_the_agent", "aimed", "while_publishing", "rotations",
                                      "files_vacuumed"), 0)

    def start_reader(self, with_agent):
        if with_agent:
            return self.agent.start()
        return self.journald.popen([BIN / "pls", "intake", "journald", self.agent.pool, "--start", "oldest", "-q"],
                                   stdin=subprocess.DEVNULL)

    def kill(self, reader, aimed):
        """At a random instant; aimed ones at the first publishing after it that the process can be caught in."""
        # What came while nobody read is published in large batches, right after the start.
        time.sleep(self.rng.random() * LONGEST_LIFE / (4 if aimed else 1))
        if aimed:
            self.catch_publishing(reader.pid)
        os.kill(reader.pid, signal.SIGKILL)
        reader.wait(PATIENCE)
        # Nobody else writes to the pool: the word is as the dead one left it.
        self.figures["while_publishing"] += self.words.is_writing()
        self.figures["kills"] += 1
        self.figures["aimed"] += aimed

    def catch_publishing(self, pid):
        """Holds the process up in the middle of publishing. Gives up when there is nothing to publish."""
        give_up = time.monotonic() + LONGEST_AIM
        while time.monotonic() < give_up:
            if not self.words.is_writing():
                continue
            os.kill(pid, signal.SIGSTOP)
            if os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT).si_code != os.CLD_STOPPED:
                return
            if self.words.is_writing():
                return
            os.kill(pid, signal.SIGCONT)

    def run(self, writer):
        """One round."""
        with_agent = self.rng.random() < 0.6 or self.figures["of_the_agent"] < self.figures["kills"] / 2
        self.figures["of_the_agent"] += with_agent
        reader = self.start_reader(with_agent)
        if self.rng.random() < 0.2:
            self.journald.rotate()
            self.figures["rotations"] += 1
        if self.rng.random() < 0.2:
            with writer.quiet:  # else a file might come between looking and removing
                self.figures["files_vacuumed"] += vacuum_what_was_read(self.journald, self.agent.pool)
        self.kill(reader, aimed=self.rng.random() < 0.6)

    def is_enough(self, rounds):
        kills, publishing = self.figures["kills"], self.figures["while_publishing"]
        return kills >= rounds and (publishing >= LEAST_PUBLISHING * kills or kills >= 2 * rounds)


def drain(rounds, with_agent):
    """Lets a reader take in all that there is."""
    rounds.journald.sync()
    if not with_agent:
        rounds.journald.run([BIN / "pls", "intake", "journald", rounds.agent.pool, "--once", "-q"], timeout=PATIENCE)
        return
    rounds.agent.start()
    wait_until(rounds.agent.is_caught_up, "the agent has caught up")
    require(rounds.agent.stop() == 0, "the agent did not end well: " + rounds.agent.log_tail())


def lose_unread_files(rounds, writer, with_agent):
    """One round: unread files are vacuumed while nobody reads. Returns the numbers that are lost."""
    journald, rng, agent = rounds.journald, rounds.rng, rounds.agent
    writer.burst(rng.randrange(500))
    drain(rounds, with_agent)
    known = gaps(agent.pool)
    for _ in range(rng.randrange(1, 4)):
        writer.burst(rng.randrange(1, 500))
        journald.rotate()
    writer.burst(rng.randrange(1, 500))
    journald.sync()
    files = archived(journald)
    done = position(agent.pool)
    unread = [path for (_, path), (next_first, _) in zip(files, [*files[1:], (1 << 64, None)]) if next_first > done + 1]
    doomed = files[: len(files) - rng.randrange(len(unread))]
    entries = [line for _, path in doomed
               for line in journald.journalctl("--file", path, "-o", "json", "--all").splitlines()]
    lost = [line for line in entries if cursor_number(line) > done]
    vacuum(journald, len(doomed))
    drain(rounds, with_agent)
    new = gaps(agent.pool)[len(known):]
    require([gap["count"] for gap in new] == [len(lost)], f"{len(lost)} entries were lost, and told of as {new}")
    return [int(match[1]) for match in map(NUMBER.search, lost) if match]


def journald_exactly_once():
    """300 rounds (ROUNDS), then 20 (LOSSES) in which unread files go. SEED repeats the random choices."""
    build_release("plasmite")
    rounds_wanted = count_from_environment("ROUNDS", 300)
    losses = count_from_environment("LOSSES", 20)
    seed = count_from_environment("SEED", random.SystemRandom().randrange(1 << 32))
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)
    with workplace("once") as folder, steady_journald(folder) as journald:
        agent = Agent(folder, journald, JOURNALD_SOURCE, size="4G")
        agent.start()
        wait_until(agent.is_running, "the agent runs")
        agent.stop()
        rounds = Rounds(journald, agent, rng)
        writer = Writer(journald, random.Random(seed + 1))
        writer.start()
        while not rounds.is_enough(rounds_wanted):
            rounds.run(writer)
        writer.end()
        drain(rounds, with_agent=True)
        expected = list(range(writer.count))
        require_same_numbers(numbers(agent.pool), expected)
        require(gaps(agent.pool) == [], f"gaps without a loss: {gaps(agent.pool)[:3]}")
        figures = rounds.figures | {"seed": seed, "entries": writer.count}
        require(rounds.figures["while_publishing"] >= LEAST_PUBLISHING * rounds.figures["kills"],
                f"too few kills while publishing: {figures}")
        require(rounds.figures["rotations"] and rounds.figures["files_vacuumed"], f"too quiet: {figures}")
        lost = []
        for loss in range(losses):
            lost += lose_unread_files(rounds, writer, with_agent=loss % 2 == 0)
        expected = sorted(set(range(writer.count)) - set(lost))
        require_same_numbers(numbers(agent.pool), expected)
        return figures | {"losses": losses, "entries_lost_with_them": len(lost)}
