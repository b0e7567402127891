"""Kills a named follower over and over while a writer appends, and checks what its runs printed.

What one run prints may be cut anywhere. The next one must go on without a hole, and repeat at most
the block whose writing, or whose position's saving, the kill hit.
"""

import json
import random
import subprocess
import threading

BLOCK_BYTES = 64 << 10  # of follow's output


class Broken(Exception):
    """A run skipped or repeated what it must not; the message says which."""


class Writer(threading.Thread):
    """Feeds numbers, sometimes one by one and sometimes many at once, until told to stop."""

    def __init__(self, pls, pool, env, seed):
        super().__init__(daemon=True)
        self.feed = subprocess.Popen([pls, "feed", pool, "-q"], stdin=subprocess.PIPE, env=env)
        self.rng = random.Random(seed)
        self.enough = threading.Event()
        self.count = 0
        self.code = None

    def run(self):
        while not self.enough.is_set():
            burst = self.rng.choice((1, 1, 1, 10, 1000))
            numbers = range(self.count + 1, self.count + burst + 1)
            self.feed.stdin.write(b"".join(b'{"n":%d}\n' % n for n in numbers))
            self.feed.stdin.flush()
            self.count += burst
            self.enough.wait(self.rng.random() * 0.01)
        self.feed.stdin.close()
        self.code = self.feed.wait()

    def stop(self):
        self.enough.set()
        self.join()
        if self.code != 0:
            raise Broken(f"feed ended with {self.code}")


class Runs:
    """What the runs printed so far, one after the other."""

    def __init__(self):
        self.printed = []  # (seq, bytes) of the run before
        self.last_seq = 0
        self.most_repeated = 0
        self.repeats = 0

    def add(self, number, output):
        """One more run; returns how many whole messages it printed."""
        whole, _, _torn = output.rpartition(b"\n")
        lines = [(json.loads(line)["seq"], len(line) + 1) for line in whole.splitlines()]
        seqs = [seq for seq, _ in lines]
        if not seqs:
            return 0
        if seqs != list(range(seqs[0], seqs[0] + len(seqs))):
            raise Broken(f"run {number}: a hole between {seqs[0]} and {seqs[-1]}")
        if seqs[0] > self.last_seq + 1:
            raise Broken(f"run {number}: skipped from {self.last_seq} to {seqs[0]}")
        repeated = sum(size for seq, size in self.printed if seq >= seqs[0])
        if repeated > BLOCK_BYTES:
            raise Broken(f"run {number}: {repeated} bytes from {seqs[0]} on were printed before")
        if seqs[0] < min((seq for seq, _ in self.printed), default=1):
            raise Broken(f"run {number}: {seqs[0]} was printed long before")
        self.repeats += repeated > 0
        self.most_repeated = max(self.most_repeated, repeated)
        self.printed = lines
        self.last_seq = max(self.last_seq, seqs[-1])
        return len(seqs)


def kill_again_and_again(pls, pool, kills, seed=1, env=None, longest=0.04):
    """`pool` exists and is large enough to retain all. Returns figures."""
    rng = random.Random(seed)
    follow = [pls, "follow", pool, "--name", "killed", "--since-seq", "1", "--jsonl"]
    writer = Writer(pls, pool, env, seed)
    writer.start()
    runs = Runs()
    empty = 0
    for number in range(kills):
        process = subprocess.Popen(follow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        killer = threading.Timer(rng.random() * longest, process.kill)
        killer.start()
        output, said = process.communicate()
        killer.join()
        if said:
            raise Broken(f"run {number} said {said!r}")
        empty += runs.add(number, output) == 0
    writer.stop()
    done = subprocess.run([*follow, "--until-seq", str(writer.count)], stdout=subprocess.PIPE, env=env,
                          check=True, timeout=60)
    runs.add(kills, done.stdout)
    if runs.last_seq != writer.count:
        raise Broken(f"{writer.count} written, {runs.last_seq} printed")
    return {"kills": kills, "before_anything_was_printed": empty, "messages": writer.count,
            "runs_that_repeated": runs.repeats, "most_bytes_repeated": runs.most_repeated}
