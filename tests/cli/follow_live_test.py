"""follow while others feed: order, idle timeouts, slow readers, pools that go away."""

import json
import os
import threading
import time
import unittest

from cli_harness import CliTest, quickest, read_line


class FollowLive(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def started_follow(self, *options):
        """A follower of `p` that has printed a first message, so that it is surely waiting."""
        follow = self.start("follow", "p", "--jsonl", *options, bufsize=0)
        for _ in range(200):
            self.feed("p", {"n": 0})
            try:
                first = json.loads(read_line(follow.stdout, 0.05))
                break
            except AssertionError:
                continue
        self.assertEqual(first["data"], {"n": 0})
        # The other attempts may have been seen as well: skip them.
        self.feed("p", {"n": "go"})
        while first["data"] != {"n": "go"}:
            first = json.loads(read_line(follow.stdout))
        return follow

    def test_each_message_is_printed_at_once(self):
        for options in ([], ["--no-notify"]):
            follow = self.started_follow(*options)
            for n in range(1, 20):
                self.feed("p", {"n": n})
                self.assertEqual(json.loads(read_line(follow.stdout, 5))["data"], {"n": n})

    def is_announced(self):
        """Whether somebody sleeps on the pool, so that its next writer has to wake him."""
        with open(self.path("p"), "rb") as pool:
            pool.seek(0x2000)
            return pool.read(1)[0] & 1 == 1

    def test_writers_pay_only_for_followers_who_sleep(self):
        follow = self.started_follow("--no-notify")
        self.feed("p", {"n": 1})
        read_line(follow.stdout)
        time.sleep(0.2)  # it polls by now
        self.assertFalse(self.is_announced())
        follow.kill()
        follow = self.started_follow()
        deadline = time.monotonic() + 10
        while not self.is_announced() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertTrue(self.is_announced())

    def test_two_processes_lose_nothing(self):
        count = 300_000
        self.create("wide", size="64M")
        follow = self.start("follow", "wide", "--since", "1h", "--jsonl", "--data-only",
                            "--timeout", "5s")
        feed = self.start("feed", "wide", "-q")
        writer = threading.Thread(target=self.write_lines, args=(feed, count))
        writer.start()
        out, err = follow.communicate(timeout=60)
        writer.join()
        self.assertEqual(feed.wait(10), 0)
        self.assertEqual((follow.returncode, err), (124, b""))
        self.assertEqual(out, b"".join(b'{"n":%d}\n' % n for n in range(count)))

    @staticmethod
    def write_lines(feed, count):
        for first in range(0, count, 1000):
            feed.stdin.write(b"".join(b'{"n":%d}\n' % n for n in range(first, first + 1000)))
        feed.stdin.close()

    def test_timeout_starts_again_with_each_printed_message(self):
        # Twice the pauses, and half as much again for a machine that is busy.
        follow = self.start("follow", "p", "--jsonl", "--timeout", "5s", "--tag", "wanted")
        began = time.monotonic()
        for n in range(4):
            time.sleep(1.5)
            self.feed("p", {"n": n}, tags=["wanted"])
            last = time.monotonic()
        out, err = follow.communicate(timeout=30)
        ended = time.monotonic()
        self.assertEqual((follow.returncode, err), (124, b""))
        self.assertEqual(len(out.splitlines()), 4)
        self.assertGreater(ended - began, 5 + 4 * 1.5 - 0.1)
        self.assertGreater(ended - last, 4)

    def test_other_messages_do_not_push_the_timeout_back(self):
        follow = self.start("follow", "p", "--timeout", "500ms", "--tag", "wanted")
        feed = self.start("feed", "p", "-q")
        began = time.monotonic()
        line = b'{"pad":"%s"}\n' % (b"x" * 100)
        while follow.poll() is None and time.monotonic() < began + 30:
            feed.stdin.write(line * 100)
            feed.stdin.flush()
        self.assertEqual(follow.wait(1), 124)
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(follow.stdout.read(), b"")

    def test_the_clock_is_looked_at_while_passing_over_messages(self):
        self.create("big", size="256M")
        self.pls("feed", "big", "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 50) * 1_000_000)
        self.feed("big", {"n": 1}, tags=["last"])
        options = ["follow", "big", "--since", "1h", "--tag"]
        self.pls(*options, "last", "--one")  # the pool's pages are in memory now
        all_took = quickest(lambda: self.pls(*options, "last", "--one"), enough=0, attempts=3)
        took = quickest(lambda: self.pls(*options, "none", "--timeout", "1ms", code=124),
                        enough=all_took / 3, attempts=10)
        self.assertLess(took, all_took / 2)

    def test_a_reader_that_goes_away_is_noticed_without_a_message(self):
        follow = self.started_follow()
        follow.stdout.close()
        self.assertEqual(follow.wait(10), 0)
        self.assertEqual(follow.stderr.read(), b"")

    def test_a_slow_reader_learns_exactly_what_it_lost(self):
        self.create("small", size="64K")
        follow = self.start("follow", "small", "--since", "1h", "--jsonl", "--timeout", "5s", bufsize=0)
        self.feed("small", {"n": 0})
        first = json.loads(read_line(follow.stdout))
        # Nobody reads: the pipe fills, the follower blocks, the ring goes round many times.
        count = 20_000
        self.pls("feed", "small", "-q", stdin=b"".join(b'{"n":%d,"pad":"%s"}\n' % (n, b"x" * 100)
                                                      for n in range(1, count + 1)))
        out, err = follow.communicate(timeout=30)
        self.assertEqual(follow.returncode, 124)
        seqs = [first["seq"]] + [json.loads(line)["seq"] for line in out.splitlines()]
        self.assertEqual(seqs[-1], count + 1)
        notices = self.notices(err)
        self.assertGreater(len(notices), 0)
        self.check_told_exactly(notices, seqs)
        for notice in notices:
            self.assertEqual((notice["cmd"], notice["kind"], notice["pool"]), ("follow", "drop", "small"))
            details = notice["details"]
            self.assertEqual(sorted(details), ["cause", "dropped_count", "gaps", "last_seen_seq",
                                               "next_seen_seq", "pool_path"])
            self.assertEqual(details["cause"], "retention")
            self.assertEqual(details["pool_path"], str(self.path("small")))
            self.assertEqual(notice["message"], f"dropped {details['dropped_count']} message" + ("s" if details["dropped_count"] != 1 else ""))

    def check_told_exactly(self, notices, seqs):
        """The notices list the holes in the printed sequences, each once, and nothing else."""
        holes = [{"from": seq + 1, "to": later - 1}
                 for seq, later in zip(seqs, seqs[1:]) if later != seq + 1]
        told = []
        for notice in notices:
            details = notice["details"]
            gaps = details["gaps"]
            self.assertEqual(details["last_seen_seq"], gaps[0]["from"] - 1)
            self.assertEqual(details["next_seen_seq"], gaps[-1]["to"] + 1)
            self.assertEqual(details["dropped_count"], sum(g["to"] - g["from"] + 1 for g in gaps))
            told += gaps
        self.assertEqual(told, holes)

    def test_notices_are_merged_and_can_be_silenced(self):
        self.create("small", size="64K")
        followers = [self.start("follow", "small", "--since", "1h", "--jsonl", *options)
                     for options in ([], ["--quiet-drops"])]
        self.feed("small", {"n": 0})
        outputs = [[read_line(follow.stdout)] for follow in followers]
        feeding = threading.Event()
        feeding.set()

        def read_slowly(follow, output):
            while chunk := follow.stdout.read1(20_000):
                output.append(chunk)
                if feeding.is_set():
                    time.sleep(0.02)

        readers = [threading.Thread(target=read_slowly, args=pair) for pair in zip(followers, outputs)]
        for reader in readers:
            reader.start()
        feed = self.start("feed", "small", "-q")
        began = time.monotonic()
        while time.monotonic() < began + 2.5:
            feed.stdin.write(b'{"pad":"%s"}\n' % (b"x" * 100) * 1000)
        feed.stdin.close()
        feed.wait(10)
        feeding.clear()
        # They end within the second after a gap: what is pending must be told all the same.
        self.pls("pool", "delete", "small")
        for reader in readers:
            reader.join()
        took = time.monotonic() - began
        self.assertEqual([follow.wait(10) for follow in followers], [3, 3])
        seqs = [json.loads(line)["seq"] for line in b"".join(outputs[0]).splitlines()]
        *told, gone = followers[0].stderr.read().splitlines()
        self.assertEqual(json.loads(gone)["error"]["kind"], "NotFound")
        notices = self.notices(b"\n".join(told))
        # A full list of gaps goes out at once; a sanitizer's follower is slow enough for that.
        timed = [notice for notice in notices if len(notice["details"]["gaps"]) < 256]
        self.assertLessEqual(len(timed), took + 3, "at most one per second, and one at the end")
        self.assertGreater(max(len(notice["details"]["gaps"]) for notice in notices), 1)
        self.check_told_exactly(notices, seqs)
        self.assertEqual(len(followers[1].stderr.read().splitlines()), 1, "only the error")

    def test_deleted_pool(self):
        def seconds_until_gone():
            follow = self.started_follow()
            self.pls("pool", "delete", "p")
            began = time.monotonic()
            self.check_gone(follow)
            took.append(time.monotonic() - began)
            self.create("p")

        # By themselves followers look after 2 s; a busy machine has several attempts to be quick.
        took = []
        while len(took) < 5 and min(took, default=2) >= 1:
            seconds_until_gone()
        self.assertLess(min(took), 1, "deleting wakes followers")

    def test_pool_removed_by_other_means(self):
        follow = self.started_follow()
        os.unlink(self.path("p"))
        self.check_gone(follow)

    def check_gone(self, follow):
        _, err = follow.communicate(timeout=10)
        self.assertEqual(follow.returncode, 3)
        error = json.loads(err)["error"]
        self.assertEqual(error["kind"], "NotFound")
        self.assertIn("plasmite follow p --create", error["hint"])

    def test_truncated_pool(self):
        follow = self.started_follow()
        os.truncate(self.path("p"), 100_000)
        _, err = follow.communicate(timeout=10)
        self.assertEqual(json.loads(err)["error"]["kind"], "Io")
        self.assertEqual(follow.returncode, 8)

    def test_pool_deleted_or_truncated_under_a_writer(self):
        for name, harm, kind, code in (
            ("d", lambda path: self.pls("pool", "delete", "d"), "NotFound", 3),
            ("t", lambda path: os.truncate(path, 4096), "Io", 8),
        ):
            self.create(name)
            feed = self.start("feed", name, bufsize=0)
            feed.stdin.write(b'{"n":1}\n')
            read_line(feed.stdout)
            harm(self.path(name))
            feed.stdin.write(b'{"n":2}\n')
            out, err = feed.communicate(timeout=10)
            error = json.loads(err)["error"]
            self.assertEqual((error["kind"], feed.returncode, out), (kind, code, b""))
            self.assertTrue(error["hint"])


if __name__ == "__main__":
    unittest.main()
