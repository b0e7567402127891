"""The agent: how fast, how soon, how little memory."""

import json
import pathlib
import statistics
import subprocess
import sys
import threading
import time

from agent_setup import (JOURNALD_SOURCE, NUMBER, PATIENCE, Agent, PoolWords, count_from_environment, steady_journald,
                         wait_until, workplace)
from support import BIN, ROOT, build_release, require, run_json

sys.path.append(str(ROOT / "tests" / "support"))
import journal_files  # noqa: E402

# journald-drain


def seconds_of(command):
    began = time.monotonic()
    subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], check=True, stdin=subprocess.DEVNULL)
    return round(time.monotonic() - began, 3)


def newest(pool):
    """The sequence of the newest message."""
    info = subprocess.run([BIN / "pls", "pool", "info", pool, "--json"], check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE).stdout
    return json.loads(info)["bounds"]["newest"] or 0


def journald_drain():
    """200,000 entries (ENTRIES) of 18 fields, in three pairs (PAIRS)."""
    build_release("plasmite", "pls-bench")
    entries, pairs = count_from_environment("ENTRIES", 200_000), count_from_environment("PAIRS", 3)
    least = 8
    with workplace("drain") as folder:
        journal_files.write_journal(folder / "journal" / "some.journal",
                                    (journal_files.server_entry(number) for number in range(entries)))
        # Smaller than what goes in: after the first pass no page of it is new.
        pool = folder / "drain.plasmite"
        subprocess.run([BIN / "pls", "pool", "create", pool, "--size", "64M"], check=True, stdout=subprocess.DEVNULL)
        native = f"{BIN}/pls intake journald {pool} --directory {folder}/journal --start oldest --once -q --name "
        pipe = f"journalctl -q --all -o json-seq --directory {folder}/journal | {BIN}/pls feed {pool} -q"
        seconds = {"native": [], "pipe": []}
        seconds_of(native + "first")
        for pair in range(pairs):
            for name, command in (("native", native + f"pair{pair}"), ("pipe", pipe)):
                before = newest(pool)
                seconds[name].append(seconds_of(command))
                require(newest(pool) - before == entries, f"{name}: {newest(pool) - before} messages")
        times_faster = statistics.median(p / n for n, p in zip(seconds["native"], seconds["pipe"]))
        figures = {"seconds": seconds, "times_faster": round(times_faster, 1),
                   "entries_per_s": round(entries / statistics.median(seconds["native"]))}
        require(times_faster >= least, f"only {times_faster:.1f} times as fast as journalctl and feed: {figures}")
    attempts = []
    for _ in range(3):
        code, lanes = run_json([BIN / "pls-bench", "--check", "--json", "journald_drain"], timeout=1200)
        lane = next((lane for lane in lanes if lane.get("lane") == "journald_drain"), None)
        require(lane is not None, f"no such lane: exit code {code}")
        attempts.append(lane)
        if code == 0:
            break
    require(code == 0, f"journald_drain misses its goal: {attempts}")
    return figures | {"lane": attempts[-1], "attempts": len(attempts)}


# journald-latency


class Arrivals(threading.Thread):
    """When each number became visible to who follows the pool."""

    def __init__(self, pool):
        super().__init__(daemon=True)
        self.follower = subprocess.Popen([BIN / "pls", "follow", pool, "--jsonl"], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE)
        self.seen = {}
        self.more = threading.Condition()

    def run(self):
        for line in self.follower.stdout:
            now = time.monotonic()
            if match := NUMBER.search(line):
                with self.more:
                    self.seen.setdefault(int(match[1]), now)
                    self.more.notify_all()

    def wait_for(self, number):
        with self.more:
            require(self.more.wait_for(lambda: number in self.seen, PATIENCE), f"entry {number} never arrives")
        return self.seen[number]

    def end(self):
        self.follower.kill()
        self.follower.wait()
        self.join()
        self.follower.stdout.close()


def send_evenly(journald, count, pause):
    """Sends numbered entries, one every `pause` seconds; returns when each was written."""
    written = {}
    next_at = time.monotonic()
    for number in range(count):
        time.sleep(max(0, next_at - time.monotonic()))
        next_at += pause
        written[number] = time.monotonic()
        journald.send(MESSAGE=f"entry {number}", NUMBER=number)
    return written


def journald_latency():
    """1,000 entries (ENTRIES) 20 ms apart; five times (SILENCES) one after 10 s of silence."""
    build_release("plasmite")
    entries, silences = count_from_environment("ENTRIES", 1000), count_from_environment("SILENCES", 5)
    with workplace("latency") as folder, steady_journald(folder) as journald:
        agent = Agent(folder, journald, JOURNALD_SOURCE)
        agent.start()
        wait_until(agent.is_caught_up, "the agent has caught up")
        arrivals = Arrivals(agent.pool)
        arrivals.start()
        journald.send(MESSAGE="the first", NUMBER=1_000_000)
        arrivals.wait_for(1_000_000)
        written = send_evenly(journald, entries, 0.02)
        delays = sorted((arrivals.wait_for(number) - at) * 1000 for number, at in written.items())
        after_silence = []
        for number in range(entries, entries + silences):
            time.sleep(10)
            began = time.monotonic()
            journald.send(MESSAGE=f"entry {number}", NUMBER=number)
            after_silence.append(round((arrivals.wait_for(number) - began) * 1000, 1))
        arrivals.end()
        require(agent.stop() == 0, "the agent did not end well: " + agent.log_tail())
    figures = {"median_ms": round(statistics.median(delays), 2), "p99_ms": round(delays[len(delays) * 99 // 100], 2),
               "max_ms": round(delays[-1], 2), "after_silence_ms": after_silence}
    require(figures["median_ms"] <= 15 and figures["p99_ms"] <= 60, f"too slow: {figures}")
    require(max(after_silence) <= 450, f"too slow after a silence: {figures}")
    return figures


# agent-flood


FLOOD_SOURCE = """
[sources.flood]
type = "tap"
pool = "main"
overflow = "drop"
restart = "never"
command = ["{python}", "-c", "{program}", "{seconds}"]
"""
# Lines of 200 bytes, as many at once as a pipe takes.
FLOOD_PROGRAM = "; ".join((
    "import os, sys, time",
    "end = time.monotonic() + int(sys.argv[1])",
    "block = (b'x' * 199 + bytes([10])) * 320",
    "any(os.write(1, block) == 0 for _ in iter(lambda: time.monotonic() < end, False))",
))


def anonymous_kib(pid):
    """RssAnon: what a process has in memory that no file holds."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0])


def sleeps(pid):
    """How often the threads of a process went to sleep so far: each was woken as often."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "status").read_text().split("voluntary_ctxt_switches:")[1].split()[0])
    return total


class SlowFollower(threading.Thread):
    """Follows, and takes 100 kB a second."""

    def __init__(self, pool):
        super().__init__(daemon=True)
        self.follower = subprocess.Popen([BIN / "pls", "follow", pool, "--jsonl"], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self.taken = 0

    def run(self):
        while chunk := self.follower.stdout.read(10_000):
            self.taken += len(chunk)
            time.sleep(0.1)

    def end(self):
        self.follower.kill()
        self.follower.wait()
        self.join()
        self.follower.stdout.close()


def check_accounts(document):
    for source in document["sources"]:
        told = source["stored"] + sum(source["dropped"].values()) + sum(source["rejected"].values())
        require(source["received"] == told, f"received is not stored + dropped + rejected: {source}")


def sample_flood(agent, seconds):
    """Memory of the agent, once a second; the accounts of every source, likewise."""
    memory, document = [], None
    for second in range(seconds):
        next_at = time.monotonic() + 1
        code, document = agent.status()
        require(document is not None, f"second {second}: no status, exit code {code}")
        check_accounts(document)
        memory.append(anonymous_kib(agent.process.pid))
        time.sleep(max(0, next_at - time.monotonic()))
    return memory, document


def measure_rest(agent, seconds):
    """Wake-ups of the agent when nothing happens."""
    time.sleep(5)  # what was active a moment ago looks more often
    before = sleeps(agent.process.pid)
    time.sleep(seconds)
    return {"wake_ups_at_rest": sleeps(agent.process.pid) - before, "seconds_at_rest": seconds,
            "rss_anon_at_rest_kib": anonymous_kib(agent.process.pid)}


def agent_flood():
    """Three minutes (FLOOD, in seconds) of flood, then one (REST) of silence."""
    build_release("plasmite")
    seconds, rest = count_from_environment("FLOOD", 180), count_from_environment("REST", 60)
    minute = min(60, seconds // 3)
    mib = 1024
    with workplace("flood") as folder, steady_journald(folder) as journald:
        flood = FLOOD_SOURCE.format(seconds=seconds + 5, python=sys.executable, program=FLOOD_PROGRAM)
        agent = Agent(folder, journald, JOURNALD_SOURCE.replace("pool = \"main\"", "pool = \"quiet\"") + flood
                      + '\n[pools.quiet]\nsize = "4M"\n')
        agent.start()
        wait_until(lambda: agent.is_running("flood"), "the flood runs")
        follower = SlowFollower(agent.pool)
        follower.start()
        memory, document = sample_flood(agent, seconds)
        words = PoolWords(agent.pool)
        wait_until(lambda: agent.source("flood")["state"] == "finished", "the flood is over")
        follower.end()
        size = next(pool["size"] for pool in document["pools"] if pool["name"] == "main")
        source = agent.source("flood")
        check_accounts(agent.status()[1])
        figures = {"laps": round(words.head() / size, 1), "received": source["received"], "dropped": source["dropped"],
                   "follower_took": follower.taken, "rss_anon_max_kib": max(memory),
                   "max_of_second_minute_kib": max(memory[minute : 2 * minute]),
                   "max_of_last_minute_kib": max(memory[-minute:])}
        words.close()
        figures |= measure_rest(agent, rest)
        require(agent.stop() == 0, "the agent did not end well: " + agent.log_tail())
    require(figures["rss_anon_max_kib"] <= 32 * mib, f"too much memory: {figures}")
    require(figures["max_of_last_minute_kib"] <= figures["max_of_second_minute_kib"] + mib, f"it grows: {figures}")
    require(figures["laps"] >= 50 * seconds / 180, f"no flood: {figures}")
    require(figures["wake_ups_at_rest"] <= rest / 2, f"no rest: {figures}")
    require(figures["rss_anon_at_rest_kib"] <= 15 * mib, f"too much memory at rest: {figures}")
    return figures
