"""follow of several pools while others feed them: latency, order, losses, what waiting costs."""

import ctypes
import json
import os
import pathlib
import struct
import threading
import time
import unittest

from cli_harness import CliTest, read_line

EPOCH = "1971-01-01T00:00:00Z"
POOLS = ("a", "b", "c")


class FollowSeveralLive(CliTest):
    def setUp(self):
        super().setUp()
        self.create(*POOLS)

    def waiting_follow(self, *options, **more):
        """A follower of all three that has printed a first message of each and surely waits."""
        follow = self.start("follow", *POOLS, "--since", EPOCH, "--jsonl", *options, bufsize=0, **more)
        for pool in POOLS:
            self.feed(pool, {"n": 0})
            self.assertEqual(json.loads(read_line(follow.stdout))["pool"], pool)
        return follow

    def test_each_message_is_printed_at_once_while_the_others_are_silent(self):
        for options in ([], ["--no-notify"]):
            follow = self.waiting_follow(*options)
            for n in range(1, 31):
                pool = POOLS[n % 3]
                self.feed(pool, {"n": n})
                message = json.loads(read_line(follow.stdout))
                self.assertEqual((message["pool"], message["data"]["n"]), (pool, n))
            self.end(follow)
            for pool in POOLS:
                self.pls("pool", "delete", pool)
            self.create(*POOLS)

    def test_a_message_wakes_it_long_before_it_would_look_by_itself(self):
        follow = self.waiting_follow()
        feeds = [self.start("feed", pool, bufsize=0) for pool in POOLS]
        took = []
        for n in range(60):
            time.sleep(0.06)
            began = time.monotonic()
            feeds[n % 3].stdin.write(b'{"n":1}\n')
            read_line(follow.stdout)
            took.append(time.monotonic() - began)
        # It does not poll (below), and nobody sleeps longer than two seconds.
        self.assertLess(sorted(took)[len(took) // 2], 0.5, took)

    def context_switches(self, process):
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])

    def test_waiting_costs_nothing(self):
        follow = self.waiting_follow()
        time.sleep(0.2)
        before = self.context_switches(follow)
        time.sleep(3)
        # Once a second for the reader of the pipe; one that polls wakes 60 times.
        self.assertLess(self.context_switches(follow) - before, 10)

    def test_a_kernel_without_futex_waitv_is_polled(self):
        follow = self.waiting_follow(preexec_fn=forbid_futex_waitv)
        for n in range(1, 20):
            self.feed(POOLS[n % 3], {"n": n})
            message = json.loads(read_line(follow.stdout))
            self.assertEqual((message["pool"], message["data"]["n"]), (POOLS[n % 3], n))

    def test_several_writers_at_once(self):
        # Each writes into all pools in turns and waits for its receipts: its numbers must grow.
        self.pls("pool", "delete", *POOLS)
        self.create(*POOLS, size="16M")
        count = 400
        follow = self.start("follow", *POOLS, "--since", EPOCH, "--jsonl", "--timeout", "5s")
        writers = [threading.Thread(target=self.write_in_turns, args=(writer, count)) for writer in range(4)]
        flood = self.start("feed", "a", "-q")
        flooding = threading.Thread(target=self.flood, args=(flood, 200_000))
        for thread in (*writers, flooding):
            thread.start()
        out, err = follow.communicate(timeout=120)
        for thread in (*writers, flooding):
            thread.join()
        self.assertEqual((follow.returncode, err), (124, b""))
        seqs = {pool: [] for pool in POOLS}
        numbers = {writer: [] for writer in range(4)}
        for line in out.splitlines():
            message = json.loads(line)
            seqs[message["pool"]].append(message["seq"])
            if "w" in message["data"]:
                numbers[message["data"]["w"]].append(message["data"]["n"])
        for pool in POOLS:
            self.assertEqual(seqs[pool], list(range(1, len(seqs[pool]) + 1)), pool)
        for writer in range(4):
            self.assertEqual(numbers[writer], list(range(count)), "who writes here and then there")

    def write_in_turns(self, writer, count):
        feeds = [self.start("feed", pool, bufsize=0) for pool in POOLS]
        for n in range(count):
            feed = feeds[(n + writer) % 3]
            feed.stdin.write(b'{"w":%d,"n":%d}\n' % (writer, n))
            read_line(feed.stdout)
        for feed in feeds:
            feed.stdin.close()
            feed.wait(10)

    @staticmethod
    def flood(feed, count):
        for _ in range(count // 1000):
            feed.stdin.write(b'{"x":1}\n' * 1000)
        feed.stdin.close()
        feed.wait(30)

    def test_drops_name_their_pool(self):
        self.create("small", size="64K")
        follow = self.start("follow", "a", "small", "--since", EPOCH, "--jsonl", "--timeout", "3s", bufsize=0)
        self.feed("small", {"n": 0})
        self.assertEqual(json.loads(read_line(follow.stdout))["seq"], 1)
        # Nobody reads: the pipe fills, the follower blocks, the small ring goes round many times.
        count = 20_000
        line = b'{"pad":"%s"}\n' % (b"x" * 100)
        self.pls("feed", "small", "-q", stdin=line * count)
        self.pls("feed", "a", "-q", stdin=line * 100)
        out, err = follow.communicate(timeout=30)
        self.assertEqual(follow.returncode, 124)
        seqs = [1]
        of_a = 0
        for text in out.splitlines():
            message = json.loads(text)
            if message["pool"] == "small":
                seqs.append(message["seq"])
            else:
                of_a += 1
        self.assertEqual(of_a, 100)
        holes = [{"from": seq + 1, "to": later - 1} for seq, later in zip(seqs, seqs[1:]) if later != seq + 1]
        notices = self.notices(err)
        self.assertEqual({(n["kind"], n["pool"]) for n in notices}, {("drop", "small")})
        self.assertEqual([gap for n in notices for gap in n["details"]["gaps"]], holes)
        self.assertEqual({n["details"]["pool_path"] for n in notices}, {str(self.path("small"))})

    def test_memory_stays_bounded(self):
        self.create("d", size="64M")
        for pool in (*POOLS, "d"):
            self.pls("feed", pool, "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 200) * 150_000)
        follow = self.start("follow", *POOLS, "d", "--since", EPOCH, "--jsonl", "--data-only", bufsize=0)
        for _ in range(3):
            os.read(follow.stdout.fileno(), 1 << 16)
        status = pathlib.Path(f"/proc/{follow.pid}/status").read_text()
        anonymous = int(status.split("\nRssAnon:")[1].split()[0])
        if not os.environ.get("PLASMITE_SANITIZE"):
            self.assertLess(anonymous, 8 << 10, "KiB")

    def test_a_reader_that_goes_away_ends_it(self):
        for pools in (POOLS, ("?",)):
            follow = self.start("follow", *pools, "--since", EPOCH, "--jsonl", bufsize=0)
            self.feed("a", {"n": 1})
            read_line(follow.stdout)
            follow.stdout.close()
            self.assertEqual(follow.wait(10), 0)
            self.assertEqual(follow.stderr.read(), b"")

    def test_a_flood_in_one_pool_ends_where_until_says(self):
        feed = self.start("feed", "a", "-q")
        ended = threading.Event()
        flooding = threading.Thread(target=self.flood_until, args=(feed, ended))
        flooding.start()
        follow = self.start("follow", *POOLS, "--until", "+1s", "--jsonl", "--quiet-drops")
        try:
            out, err = follow.communicate(timeout=60)  # the flood goes on: nothing else ends it
        finally:
            ended.set()
            flooding.join()
        self.assertEqual(err, b"")
        self.assertGreater(len(out), 1000)

    @staticmethod
    def flood_until(feed, ended):
        while not ended.is_set():
            feed.stdin.write(b'{"x":1}\n' * 1000)
        feed.stdin.close()
        feed.wait(30)


class SeveralNamed(CliTest):
    def setUp(self):
        super().setUp()
        self.create("app-a", "app-b")

    def named(self, *pools, code=0, options=("--until", "now")):
        result = self.pls("follow", *pools, "--name", "x", "--jsonl", *options, code=code)
        self.assertEqual(result.stderr, b"")
        return [json.loads(line)["data"]["n"] for line in result.stdout.splitlines()]

    def in_turns(self, *numbers, pools=("app-a", "app-b")):
        for n in numbers:
            self.feed(pools[n % len(pools)], {"n": n})

    def test_each_pool_has_its_position(self):
        self.in_turns(0, 1, 2, 3)
        both = ("app-a", "app-b")
        self.assertEqual(self.named(*both, options=("--since", EPOCH, "--until", "now")), [0, 1, 2, 3])
        self.in_turns(4, 5, 6, 7)
        self.assertEqual(self.named("app-b"), [5, 7], "alone, under the same name")
        self.assertEqual(self.named(*both), [4, 6])
        self.in_turns(8, 9)
        self.assertEqual(self.named("app-*", options=("--one",)), [8])
        self.assertEqual(self.named("app-*", options=("--timeout", "50ms"), code=124), [9])

    def test_what_was_looked_at_ahead_is_not_read(self):
        self.in_turns(0, 1, 2, 3)
        every = ("--since", EPOCH)
        for n in range(4):
            self.assertEqual(self.named("app-*", options=(*every, "--one")), [n])

    def test_a_pool_that_came_while_nobody_followed_begins_at_its_beginning(self):
        self.in_turns(0, 1)
        quiet = dict(options=("--timeout", "50ms"), code=124)
        self.assertEqual(self.named("app-*", **quiet), [])
        self.pls("feed", "app-c", "--create", "-q", stdin=b'{"n":2}\n')
        self.in_turns(3)
        self.assertEqual(self.named("app-*", **quiet), [2, 3])
        self.create("named")
        self.feed("named", {"n": 9})
        self.assertEqual(self.named("app-a", "named", **quiet), [],
                         "one that was named begins now")

    def test_the_name_is_taken_in_each_pool(self):
        follow = self.start("follow", "app-*", "--name", "x", "--since", EPOCH, "--jsonl", bufsize=0)
        self.in_turns(1)
        read_line(follow.stdout)
        self.refused("follow", "app-b", "--name", "x", code=5, kind="Busy")

    def test_killed_again_and_again_it_skips_nothing(self):
        feeds = [self.start("feed", pool, "-q") for pool in ("app-a", "app-b")]
        total = 6000
        stop = threading.Event()

        def write():
            for n in range(total):
                feeds[n % 2].stdin.write(b'{"n":%d}\n' % n)
                if n % 50 == 0:
                    for feed in feeds:
                        feed.stdin.flush()
                    stop.wait(0.005)
            for feed in feeds:
                feed.stdin.close()
                feed.wait(30)

        writer = threading.Thread(target=write)
        writer.start()
        seen = {"app-a": [], "app-b": []}
        runs = 0
        while writer.is_alive() or runs < 5:
            follow = self.start("follow", "app-*", "--name", "x", "--since", EPOCH, "--jsonl", bufsize=0)
            runs += 1
            kill = threading.Timer(0.03 + 0.01 * (runs % 7), follow.kill)
            kill.start()
            self.take(follow.stdout.read(), seen)
            follow.wait()
            kill.join()
        rest = self.pls("follow", "app-*", "--name", "x", "--jsonl", "--until", "now").stdout
        self.take(rest, seen)
        for place, pool in enumerate(("app-a", "app-b")):
            highest = 0
            for seq in seen[pool]:
                self.assertLessEqual(seq, highest + 1, f"{pool}: skipped, after {runs} runs")
                highest = max(highest, seq)
            self.assertEqual(highest, total // 2, pool)

    @staticmethod
    def take(output, seen):
        """What is whole; a line that a kill cut comes again."""
        for line in output.splitlines(keepends=True):
            if line.endswith(b"\n"):
                message = json.loads(line)
                seen[message["pool"]].append(message["seq"])


def forbid_futex_waitv():
    """Makes the call fail with ENOSYS from here on, as kernels before 5.16 do."""
    load, jump, back = 0x20, 0x15, 0x06
    code = b"".join(struct.pack("HBBI", *one) for one in (
        (load, 0, 0, 0),  # the number of the call
        (jump, 0, 1, 449),
        (back, 0, 0, 0x00050000 | 38),  # SECCOMP_RET_ERRNO, ENOSYS
        (back, 0, 0, 0x7FFF0000)))  # SECCOMP_RET_ALLOW
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    unittest.main()
