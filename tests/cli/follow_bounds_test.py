"""follow: where it begins and ends by sequence and by time."""

import fcntl
import json
import os
import struct
import termios
import time
import unittest

from cli_harness import CliTest, read_line


class FollowBounds(CliTest):
    def setUp(self):
        super().setUp()
        self.env["TZ"] = "UTC0"
        self.create("p")

    def follow(self, *options, code=0, pool="p"):
        result = self.pls("follow", pool, "--jsonl", "--timeout", "20s" if code == 0 else "50ms", *options,
                          code=code)
        self.assertEqual(result.stderr, b"")
        return [json.loads(line)["seq"] for line in result.stdout.splitlines()]

    def one_by_one(self, count):
        """Feeds one after the other; returns their times."""
        return [self.feed("p", {"n": n})[0]["time"] for n in range(1, count + 1)]

    def test_since_seq(self):
        self.one_by_one(4)
        self.assertEqual(self.follow("--since-seq", "3", code=124), [3, 4])
        self.assertEqual(self.follow("--since-seq", "0", code=124), [1, 2, 3, 4])
        self.assertEqual(self.follow("--since-seq", "5", code=124), [])

    def test_since_a_seq_to_come(self):
        follow = self.start("follow", "p", "--since-seq", "3", "--one", "--jsonl", "--timeout", "20s")
        self.one_by_one(3)
        self.assertEqual(json.loads(follow.communicate(timeout=30)[0])["seq"], 3)

    def test_what_was_retired_since_the_seq_is_told(self):
        self.create("small", size="64K")
        self.feed("small", *({"pad": "x" * 300} for _ in range(1000)))
        oldest = self.info("small")["bounds"]["oldest"]
        result = self.pls("follow", "small", "--since-seq", "7", "--until-seq", oldest, "--jsonl")
        self.assertEqual([json.loads(line)["seq"] for line in result.stdout.splitlines()], [oldest])
        (notice,) = self.notices(result.stderr)
        self.assertEqual(notice["details"]["gaps"], [{"from": 7, "to": oldest - 1}])
        result = self.pls("follow", "small", "--since-seq", "7", "--until-seq", "9", "--jsonl")
        self.assertEqual(result.stdout, b"")
        self.assertEqual(len(self.notices(result.stderr)), 1, "also where the end was retired as well")

    def test_until_seq(self):
        self.one_by_one(5)
        self.assertEqual(self.follow("--until-seq", "3"), [1, 2, 3], "passed: from the oldest")
        self.assertEqual(self.follow("--since-seq", "2", "--until-seq", "4"), [2, 3, 4])
        self.assertEqual(self.follow("--since-seq", "2", "--until-seq", "2"), [2])
        self.assertEqual(self.follow("--tail", "2", "--until-seq", "4"), [3, 4])
        self.assertEqual(self.follow("--since", "1h", "--until-seq", "5"), [1, 2, 3, 4, 5])
        self.assertEqual(self.follow("--until-seq", "0"), [])
        self.assertEqual(self.follow("--since", "now", "--until-seq", "3"), [], "nothing is to come")

    def test_until_a_seq_to_come(self):
        self.one_by_one(2)
        follow = self.start("follow", "p", "--since-seq", "2", "--until-seq", "4", "--jsonl", bufsize=0)
        read_line(follow.stdout)
        self.one_by_one(3)
        out, _ = follow.communicate(timeout=30)
        self.assertEqual([json.loads(line)["seq"] for line in out.splitlines()], [3, 4])
        self.assertEqual(follow.returncode, 0)

    def test_until_a_time(self):
        times = self.one_by_one(5)
        self.assertEqual(self.follow("--until", times[2]), [1, 2, 3], "that time is the last one wanted")
        self.assertEqual(self.follow("--since", times[1], "--until", times[3]), [2, 3, 4])
        self.assertEqual(self.follow("--tail", "2", "--until", times[3]), [3, 4])
        self.assertEqual(self.follow("--one", "--tail", "2", "--until", times[3]), [4])
        self.assertEqual(self.follow("--tail", "9", "--tag", "none", "--until", times[3]), [])
        self.assertEqual(self.follow("--since", "1h", "--until", "now"), [1, 2, 3, 4, 5])
        self.assertEqual(self.follow("--until", "30m"), [], "all are younger")
        self.assertEqual(self.follow("--tail", "3", "--until", "yesterday"), [])
        for until in ("0001-01-01", "1969-12-31T23:59:59.9Z", "999999d"):
            self.assertEqual(self.follow("--until", until), [], until)
        self.assertEqual(self.follow("--since-seq", "4", "--until", "9999-12-31", code=124), [4, 5])
        self.assertEqual(self.follow("--since-seq", "2", "--until", times[3], "--until-seq", "3"), [2, 3])

    def test_until_a_time_to_come(self):
        self.one_by_one(2)
        began = time.monotonic()
        self.assertEqual(self.follow("--tail", "1", "--until", "+1s"), [2])
        self.assertGreaterEqual(time.monotonic() - began, 1)
        # What comes before the end is printed.
        follow = self.start("follow", "p", "--since-seq", "3", "--until", "+1h", "--one", "--jsonl")
        self.one_by_one(1)
        self.assertEqual(json.loads(follow.communicate(timeout=30)[0])["seq"], 3)

    def test_what_came_before_the_end_is_printed_however_late(self):
        self.feed("p", {"pad": "x" * 8000})
        readable, writable = os.pipe()
        fcntl.fcntl(writable, fcntl.F_SETPIPE_SZ, 4096)
        ends = time.time() + 3
        follow = self.start("follow", "p", "--since-seq", "1", "--until", "+3s", "--jsonl", stdout=writable)
        os.close(writable)
        # It blocks where it waits for messages; meanwhile another one comes, and the end passes.
        while struct.unpack("i", fcntl.ioctl(readable, termios.FIONREAD, b"0000"))[0] < 4096:
            time.sleep(0.01)
        self.feed("p", {"n": 2})
        in_time = time.time() < ends
        time.sleep(max(0, ends + 0.5 - time.time()))
        with open(readable, "rb") as output:
            seqs = [json.loads(line)["seq"] for line in output]
        self.assertEqual(follow.wait(30), 0)
        if in_time:
            self.assertEqual(seqs, [1, 2])

    def test_ages_clock_times_and_days(self):
        self.one_by_one(2)
        for since in ("1h30m", "1d 2h", "yesterday", "yesterday 10:15", "2026-01-01", "2026-01-01 10:15"):
            self.assertEqual(self.follow("--since", since, code=124), [1, 2], since)
        self.assertEqual(self.follow("--since", "tomorrow"), [], "in the future: nothing, at once")

    def test_clock_times_are_local(self):
        self.one_by_one(1)
        now = time.time()
        for zone, hours in (("UTC0", 0), ("XXX-5", 5), ("YYY7", -7)):
            self.env["TZ"] = zone
            shown = time.gmtime(now + hours * 3600 - 60)
            self.assertEqual(self.follow("--since", time.strftime("%H:%M", shown), code=124), [1], zone)
            self.assertEqual(self.follow("--until", time.strftime("%Y-%m-%d %H:%M", shown)), [], zone)

    def test_wrong_bounds(self):
        usage = dict(code=2, kind="Usage")
        for value in ("5", "-5m", "24:00", "2026-02-30", "someday", "30m1h", "99999-01-01"):
            self.refused("follow", "p", f"--since={value}", message="invalid --since value", **usage)
            self.refused("follow", "p", f"--until={value}", message="invalid --until value", **usage)
        self.refused("follow", "p", "--until", "+99999999h", message="invalid --until value", **usage)
        for option in ("--since-seq", "--until-seq"):
            for value in ("x", "1.5", "18446744073709551616", ""):
                self.refused("follow", "p", f"{option}={value}", message=option, **usage)
        for bounds in (("--since", "1h", "--until", "2h"), ("--since-seq", "5", "--until-seq", "4")):
            self.refused("follow", "p", *bounds, message="the end lies before the beginning", **usage)
        for other in (("--tail", "1"), ("--since", "1h")):
            self.refused("follow", "p", "--since-seq", "1", *other, message="cannot be used with", **usage)
        self.refused("follow", "p", "--since-seq", "1", "--run", "last",
                     message="conflicting start options", **usage)
        self.refused("follow", "gone", "--since-seq", "1", "--until", "+1h", "--until-seq", "3", code=3,
                     kind="NotFound",
                     hint='plasmite follow gone --create --since-seq 1 --until "+1h" --until-seq 3')


if __name__ == "__main__":
    unittest.main()
