"""Capturing at its limits: millions of lines, endless lines, noise, many runs, sudden deaths."""

import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time

from support import BIN, build_release, digest, require, run, run_json

PLS = BIN / "pls"
MIB = 1 << 20


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="acceptance-tap-") as folder:
        yield pathlib.Path(folder)


class PeakMemory(threading.Thread):
    """Watches the anonymous memory of a process until it ends."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.status = pathlib.Path(f"/proc/{pid}/status")
        self.peak = 0
        self.samples = 0

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                for line in self.status.read_text().splitlines():
                    if line.startswith("RssAnon:"):
                        self.peak = max(self.peak, int(line.split()[1]) * 1024)
                        self.samples += 1
                time.sleep(0.01)


def tap(pool, command, *options, size="2G"):
    """Captures a command; returns seconds and the peak of tap's anonymous memory."""
    begin = time.monotonic()
    process = subprocess.Popen(
        [PLS, "tap", pool, "--create", "--create-size", size, "-q", *options, "--", *command],
        stdin=subprocess.DEVNULL,
    )
    memory = PeakMemory(process.pid)
    memory.start()
    code = process.wait()
    memory.join()
    require(code == 0, f"tap ended with {code}")
    require(memory.samples > 0, "memory was not looked at")
    return round(time.monotonic() - begin, 2), memory.peak


def read_back(pool, folder):
    """What the last run printed, as files: stdout, stderr."""
    out, err = folder / "out", folder / "err"
    with out.open("wb") as out_file, err.open("wb") as err_file:
        command = [PLS, "follow", pool, "--text", "--run", "last"]
        code = run(command, stdout=out_file, stderr=err_file)
    require(code == 0, f"follow --text ended with {code}")
    return out, err


def tap_5m():
    """5,000,000 lines, half on each stream: the same bytes come back; little memory; the lane holds."""
    build_release("plasmite", "pls-bench")
    with scratch() as folder:
        half = folder / "half"
        with half.open("wb") as file:
            require(run(["seq", "1", "2500000"], stdout=file) == 0, "seq")
        pool = folder / "tap.plasmite"
        both = "seq 1 2500000 & seq 1 2500000 >&2; wait"
        seconds, peak = tap(pool, ["sh", "-c", both])
        out, err = read_back(pool, folder)
        require(digest(out) == digest(half), "stdout differs")
        require(digest(err) == digest(half), "stderr differs")
        require(peak <= 16 * MIB, f"RssAnon reached {peak} bytes")
    code, lanes = run_json([BIN / "pls-bench", "--check", "--json", "tap_lines"], timeout=600)
    require(code == 0 and lanes, f"lane tap_lines: {lanes}")
    return {"seconds_of_tap": seconds, "peak_rss_anon": peak, "tap_lines": lanes[-1]["ratio"]}


def same_bytes_back(folder, name, make):
    content, pool = folder / name, folder / f"{name}.plasmite"
    with content.open("wb") as file:
        require(run(["sh", "-c", make], stdout=file) == 0, make)
    seconds, peak = tap(pool, ["cat", content])
    out, _ = read_back(pool, folder)
    require(digest(out) == digest(content), f"{name} differs")
    require(peak <= 16 * MIB, f"{name}: RssAnon reached {peak} bytes")
    pool.unlink()
    return {"seconds_of_tap": seconds, "peak_rss_anon": peak}


def tap_odd():
    build_release("plasmite")
    with scratch() as folder:
        return {
            "one_line_of_200_mb": same_bytes_back(folder, "line", "head -c 200000000 /dev/zero | tr '\\0' x"),
            "random_50_mb": same_bytes_back(folder, "random", "head -c 50000000 /dev/urandom"),
        }


RUNS = int(os.environ.get("RUNS", "100000"))  # fewer for a first look
BLOCKS = 10
CHILD = "echo one; echo two; echo three"


def timed_loop(count, command):
    """Seconds for `count` runs of a command by one shell."""
    loop = f'i=0; while [ $i -lt {count} ]; do "$@" || exit 1; i=$((i + 1)); done'
    begin = time.monotonic()
    require(run(["sh", "-c", loop, "sh", *command], stdout=subprocess.DEVNULL) == 0, "a run failed")
    return time.monotonic() - begin


def tap_runs():
    """100,000 short runs: every line and every end is there, at no more than 2.5 times the price."""
    build_release("plasmite")
    with scratch() as folder:
        pool = folder / "runs.plasmite"
        require(run([PLS, "pool", "create", pool, "--size", "1G"], stdout=subprocess.DEVNULL) == 0, "create")
        child = ["sh", "-c", CHILD]
        bare = tapped = 0.0
        for _ in range(BLOCKS):
            bare += timed_loop(RUNS // BLOCKS, child)
            tapped += timed_loop(RUNS // BLOCKS, [PLS, "tap", pool, "-q", "--", *child])
        follow = [PLS, "follow", pool, "--jsonl", "--data-only", "--tail", "1000000000", "--timeout", "1s"]
        counts, run_lines = {"start": 0, "line": 0, "exit": 0}, []
        with subprocess.Popen(follow, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as follower:
            for text in follower.stdout:
                data = json.loads(text)
                counts[data["kind"]] += 1
                if data["kind"] == "start":
                    run_lines = []
                elif data["kind"] == "line":
                    run_lines.append(data["line"])
                else:
                    require(run_lines == ["one", "two", "three"], f"a run printed {run_lines}")
        require(counts == {"start": RUNS, "line": 3 * RUNS, "exit": RUNS}, f"kept {counts}")
        ratio = tapped / bare
        require(ratio <= 2.5, f"{ratio:.2f} times the time of running it bare")
        return {"runs": RUNS, "ratio": round(ratio, 3), "seconds_bare": round(bare, 1), "seconds_tapped": round(tapped, 1)}


# Writes numbered lines, sys.argv[2] of them per write(2), and after each write says in a shared file how
# far it came.
COUNTING = """
import mmap, os, sys
with open(sys.argv[1], "r+b") as file:
    progress = mmap.mmap(file.fileno(), 8)
step = int(sys.argv[2])
n = 0
while True:
    os.write(1, b"".join(b"%d\\n" % i for i in range(n + 1, n + step + 1)))
    n += step
    progress[0:8] = n.to_bytes(8, "little")
"""


class Counting:
    """A tapped command that counts until it is killed."""

    def __init__(self, folder, pool, lines_per_write):
        self.progress = folder / "progress"
        self.progress.write_bytes(bytes(8))
        pid_file = folder / "pid"
        pid_file.unlink(missing_ok=True)
        command = ["sh", "-c", 'echo $$ >"$1.new" && mv "$1.new" "$1" && exec python3 -I -S -c "$2" "$3" "$4"', "sh",
                   pid_file, COUNTING, self.progress, str(lines_per_write)]
        self.tap = subprocess.Popen([PLS, "tap", pool, "-q", "--", *command], stdin=subprocess.DEVNULL)
        self.wait_for(pid_file.exists)
        self.pid = int(pid_file.read_text())

    @staticmethod
    def wait_for(condition):
        deadline = time.monotonic() + 30
        while not condition():
            require(time.monotonic() < deadline, "the child did not start")

    def wait_for_output(self):
        self.wait_for(self.written)

    def written(self):
        """How many lines were written at least."""
        return int.from_bytes(self.progress.read_bytes(), "little")


def records(pool):
    follow = [PLS, "follow", pool, "--jsonl", "--data-only", "--tail", "1000000000", "--timeout", "50ms"]
    done = subprocess.run(follow, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def new_pool(folder, name):
    pool = folder / f"{name}.plasmite"
    pool.unlink(missing_ok=True)
    require(run([PLS, "pool", "create", pool, "--size", "64M"], stdout=subprocess.DEVNULL) == 0, "create")
    return pool


def tap_deaths():
    """A child killed 2,000 times at random instants: whatever it had written is in the pool."""
    build_release("plasmite")
    rng = random.Random(1)
    most = silent = 0
    with scratch() as folder:
        for n in range(2000):
            pool = new_pool(folder, "deaths")
            child = Counting(folder, pool, lines_per_write=1)
            if n % 4:
                child.wait_for_output()
                time.sleep(rng.random() * 0.01)
            else:
                time.sleep(rng.random() * 0.03)  # often before it wrote anything, or became Python
            os.kill(child.pid, signal.SIGKILL)
            code = child.tap.wait()
            written = child.written()
            require(code == 128 + signal.SIGKILL, f"round {n}: tap ended with {code}")
            kept = records(pool)
            lines = [int(data["line"]) for data in kept if data["kind"] == "line"]
            require(lines == list(range(1, len(lines) + 1)), f"round {n}: lines are missing or out of order")
            require(written <= len(lines) <= written + 1, f"round {n}: {written} written, {len(lines)} kept")
            require(kept[-1]["kind"] == "exit" and kept[-1].get("signal") == "SIGKILL", f"round {n}: {kept[-1]}")
            require(kept[-1]["stdout"]["lines"] == len(lines), f"round {n}: {kept[-1]}")
            most = max(most, len(lines))
            silent += not lines
    require(most > 100 and silent > 0, f"not random enough: {most} lines at most, {silent} times none")
    return {"rounds": 2000, "most_lines": most, "without_a_line": silent}


PIPE_BYTES = 1 << 20  # no pipe of tap's is larger


def rest_of(pipe):
    """What is in a pipe that nobody writes to any more."""
    pieces = []
    while piece := os.read(pipe, PIPE_BYTES):
        pieces.append(piece)
    return b"".join(pieces)


def tap_killed():
    """SIGKILL of tap: at most a pipe's content is missing, the pool is intact, the next tap says so."""
    build_release("plasmite")
    rng = random.Random(2)
    most_read = most_in_pipe = most_kept = 0
    with scratch() as folder:
        for n in range(200):
            pool = new_pool(folder, "killed")
            child = Counting(folder, pool, lines_per_write=500)
            child.wait_for_output()
            # A second reader of the child's pipe, who reads only when tap is dead: what was in it then.
            pipe = os.open(f"/proc/{child.pid}/fd/1", os.O_RDONLY)
            time.sleep(rng.random() * 0.03)
            child.tap.kill()
            code = child.tap.wait()
            os.kill(child.pid, signal.SIGKILL)
            in_pipe = rest_of(pipe)
            os.close(pipe)
            require(code == -signal.SIGKILL, f"round {n}: tap ended with {code}")
            kept = records(pool)
            lines = [int(data["line"]) for data in kept if data["kind"] == "line"]
            require(lines == list(range(1, len(lines) + 1)), f"round {n}: lines are missing or out of order")
            # What tap had taken out of the pipe and not stored: no more than was in it.
            written = child.written()
            bytes_written = sum(len(str(i)) + 1 for i in range(1, written + 1))
            bytes_kept = sum(len(str(i)) + 1 for i in lines)
            missing = bytes_written - bytes_kept - len(in_pipe)
            require(missing <= PIPE_BYTES, f"round {n}: {missing} bytes are neither in the pool nor in the pipe")
            most_read, most_in_pipe = max(most_read, missing), max(most_in_pipe, len(in_pipe))
            most_kept = max(most_kept, len(lines))
            require(run([PLS, "doctor", pool], stdout=subprocess.DEVNULL) == 0, f"round {n}: doctor")
            after = subprocess.run([PLS, "tap", pool, "--", "true"], stdin=subprocess.DEVNULL, text=True,
                                   stderr=subprocess.PIPE, check=False)
            require(after.returncode == 0, f"round {n}: {after}")
            notice = json.loads(after.stderr)["notice"]
            lost = kept[0]["run"]
            require((notice["kind"], notice["details"]) == ("run_without_exit", {"run": lost}), f"round {n}: {notice}")
            told = [data["run"] for data in records(pool) if data["kind"] == "gap"]
            require(told == [lost], f"round {n}: gap records of {told}")
    require(most_in_pipe > 0, "the pipe was always empty: nothing was at stake")
    require(most_kept > 0, "nothing was ever kept")
    return {"rounds": 200, "most_bytes_read_and_not_stored": most_read, "most_bytes_in_pipe": most_in_pipe}
