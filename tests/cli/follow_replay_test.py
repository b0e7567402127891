"""follow --replay: what is retained, at the pace at which it was stored."""

import json
import resource
import signal
import time
import unittest

from cli_harness import SANITIZED, CliTest, read_line


class FollowReplay(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def spaced(self, count, pause, **options):
        """Feeds messages with pauses between; returns the time from the first to the last as stored."""
        for n in range(count):
            if n:
                time.sleep(pause)
            self.feed("p", {"n": n}, **options)
        times = [message["time"] for message in self.retained("p")]
        return seconds(times[-1]) - seconds(times[0])

    def replay(self, speed, *options, code=0):
        """What is printed; how long the last message came after the start, and after the first one."""
        started = time.monotonic()
        follow = self.start("follow", "p", "--jsonl", f"--replay={speed}", *options, bufsize=0)
        numbers, first, last = [], None, None
        while True:
            try:
                line = read_line(follow.stdout)
            except AssertionError:
                break
            last = time.monotonic()
            first = first or last
            numbers.append(json.loads(line)["data"]["n"])
        self.assertEqual((follow.wait(30), follow.stderr.read()), (code, b""))
        return numbers, (last or started) - started, (last or 0) - (first or 0)

    def test_the_recorded_pace(self):
        recorded = self.spaced(4, 0.3)
        numbers, took, _ = self.replay(1, "--tail", "9")
        self.assertEqual(numbers, [0, 1, 2, 3])
        self.assertGreater(took, recorded)
        numbers, took, _ = self.replay(0.5, "--since", "1h", "--until-seq", "3")
        self.assertEqual(numbers, [0, 1, 2])
        self.assertGreater(took, 2 * 2 * 0.3)

    def test_faster_and_without_pauses(self):
        recorded = self.spaced(3, 1)
        for speed in ("1e6", "0", "1e308", "-0.0"):
            numbers, _, took = self.replay(speed, "--since-seq", "1")
            self.assertEqual(numbers, [0, 1, 2])
            self.assertLess(took, recorded, speed)

    def test_which_messages(self):
        self.feed("p", *({"n": n} for n in range(3)), tags=["t"])
        self.feed("p", {"n": 3})
        self.assertEqual(self.replay(0, "--tail", "2")[0], [2, 3])
        self.assertEqual(self.replay(0, "--tail", "2", "--tag", "t")[0], [1, 2])
        self.assertEqual(self.replay(0, "--since", "1h", "--one")[0], [0])
        self.assertEqual(self.replay(0, "--tail", "2", "--where", ".data.n < 3")[0], [1, 2])
        times = [message["time"] for message in self.retained("p")]
        self.assertEqual(self.replay(0, "--since", times[3], "--where", ".data.n > 0")[0], [3])
        self.assertEqual(self.replay(0, "--since", "1h", "--until", times[2])[0], [0, 1, 2])
        self.assertEqual(self.replay(0, "--tail", "2", "--until", times[2])[0], [1, 2])
        self.assertEqual(self.replay(0, "--tail", "3", "--one")[0], [1], "the first of the three")
        self.assertEqual(self.replay(0, "--since", "1h", "--tag", "none")[0], [], "exits 0 all the same")
        self.assertEqual(self.replay(1, "--since", "1h", "--timeout", "1ms")[0], [0, 1, 2, 3])
        self.create("empty")
        self.assertEqual(self.pls("follow", "empty", "--tail", "1", "--replay", "1").stdout, b"")

    def page_faults(self, *options):
        """Of a follow that prints one message."""
        follow = self.start("follow", *options, "--one")
        follow.communicate(timeout=60)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
        self.pls("follow", *options, "--one")
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before

    @unittest.skipIf(SANITIZED, "a sanitizer's own memory takes more page faults than the pool")
    def test_the_beginning_is_found_by_the_time_index(self):
        self.create("big", size="64M")
        self.pls("feed", "big", "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 100) * 300_000)
        (receipt,) = self.feed("big", {"n": 1}, tags=["last"])
        indexed = self.page_faults("big", "--replay", "1", "--since", receipt["time"])
        all_read = self.page_faults("big", "--replay", "1", "--since", "1h", "--tag", "last")
        self.assertLess(indexed, all_read / 2)

    def test_what_comes_meanwhile_is_not_part_of_it(self):
        self.spaced(2, 0.5)
        follow = self.start("follow", "p", "--jsonl", "--data-only", "--tail", "9", "--replay", "1", bufsize=0)
        read_line(follow.stdout)
        self.feed("p", {"n": "late"})
        out, _ = follow.communicate(timeout=30)
        self.assertEqual((follow.returncode, out), (0, b'{"n":1}\n'))

    def test_an_absurd_pause_can_be_left(self):
        self.spaced(2, 0.01)
        for leave in (lambda follow: follow.stdout.close(), lambda follow: follow.terminate()):
            follow = self.start("follow", "p", "--jsonl", "--tail", "9", "--replay", "1e-300", bufsize=0)
            read_line(follow.stdout)
            leave(follow)
            self.assertIn(follow.wait(10), (0, -15))

    def test_what_is_retired_before_its_turn_is_told(self):
        self.create("small", size="64K")
        self.feed("small", {"n": 0})
        time.sleep(1)
        self.feed("small", *({"n": n} for n in range(1, 50)))
        follow = self.start("follow", "small", "--jsonl", "--tail", "50", "--replay", "1", bufsize=0)
        read_line(follow.stdout)
        follow.send_signal(signal.SIGSTOP)  # a busy machine may need longer than the second of the pause
        self.pls("feed", "small", "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 300) * 1000)
        follow.send_signal(signal.SIGCONT)
        out, err = follow.communicate(timeout=30)
        self.assertEqual(follow.returncode, 0)
        self.assertEqual(json.loads(out.splitlines()[0])["seq"], 2, "it was taken already")
        (notice,) = self.notices(err)
        self.assertEqual(notice["details"]["gaps"][0]["from"], 3)

    def test_a_run(self):
        self.pls("tap", "p", "-q", "--", "sh", "-c", "echo one; sleep 0.3; echo two")
        began = time.monotonic()
        result = self.pls("follow", "p", "--run", "last", "--text", "--replay", "1")
        self.assertEqual(result.stdout, b"one\ntwo\n")
        self.assertGreater(time.monotonic() - began, 0.25)

    def test_wrong_use(self):
        usage = dict(code=2, kind="Usage")
        self.refused("follow", "p", "--replay", "1", message="--replay requires --tail or --since", **usage)
        self.refused("follow", "p", "--tail", "1", "--replay=-1",
                     message="--replay speed must be non-negative", **usage)
        for speed in ("nan", "inf", "-inf", "x", "", "1x", "1e999", "1,5"):
            self.refused("follow", "p", "--tail", "1", f"--replay={speed}", message="'--replay'", **usage)
        self.refused("follow", "p", "--tail", "1", "--replay", "1", "--name", "x", message="--name", **usage)
        self.refused("follow", "gone", "--tail", "1", "--replay", "2", code=3, kind="NotFound",
                     hint="plasmite follow gone --create --tail 1 --replay 2")


def seconds(stamp):
    """Since midnight: enough for differences of seconds."""
    clock = stamp[11:-1].split(":")
    return int(clock[0]) * 3600 + int(clock[1]) * 60 + float(clock[2])


if __name__ == "__main__":
    unittest.main()
