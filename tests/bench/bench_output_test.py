#!/usr/bin/env python3
"""pls-bench prints what its readers rely on, and leaves nothing behind, not even when interrupted.

usage: bench_output_test.py PLS_BENCH
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BENCH = os.path.abspath(sys.argv.pop())
KEYS = ["lane", "value", "unit", "floor", "ratio", "goal", "better", "ok", "noisy"]


def bench(*arguments):
    return subprocess.run([BENCH, *arguments], capture_output=True, text=True, timeout=240)


class BenchOutput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_lists_every_lane_of_the_design(self):
        names = [line.split()[0] for line in bench("--list").stdout.splitlines()]
        self.assertEqual(
            sorted(names),
            sorted("""feed_jsonl append append_batch follow_jsonl follow_where wake_latency_p50 wake_latency_p99
                      tap_lines journald_drain density startup since_large open_large feed_cold feed_detect
                      feed_receipts""".split()))

    def test_prints_one_json_object_per_lane(self):
        lanes = ["density", "append", "startup"]
        done = bench(*lanes, "--json", "--pairs", "1", "--dir", self.folder.name)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["lane"] for line in lines], lanes)
        for line in lines:
            self.assertEqual(list(line)[:len(KEYS)], KEYS)
            self.assertGreater(line["value"], 0)
            # One pair: the medians are that pair's own.
            self.assertAlmostEqual(line["ratio"], line["value"] / line["floor"], places=3)
            met = (line["ratio"] >= line["goal"] if line["better"] == "higher"
                   else line["ratio"] <= line["goal"])
            self.assertEqual(line["ok"], met)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_check_fails_when_a_lane_cannot_run(self):
        missing = os.path.join(self.folder.name, "nowhere")
        self.assertNotEqual(bench("density", "--check", "--dir", missing).returncode, 0)

    def test_check_wants_nine_pairs(self):
        self.assertEqual(bench("density", "--check", "--pairs", "8").returncode, 2)

    def test_unknown_lane_is_a_usage_error(self):
        self.assertEqual(bench("no_such_lane").returncode, 2)

    def test_an_interrupt_removes_the_pools(self):
        running = subprocess.Popen([BENCH, "feed_jsonl", "--dir", self.folder.name],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not any(files for _, _, files in os.walk(self.folder.name)):
            self.assertLess(time.monotonic(), deadline, "no pool appeared")
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(timeout=60), 130)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_a_killed_run_is_cleaned_up_by_the_next(self):
        running = subprocess.Popen([BENCH, "feed_jsonl", "--dir", self.folder.name],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not any(files for _, _, files in os.walk(self.folder.name)):
            self.assertLess(time.monotonic(), deadline, "no pool appeared")
            time.sleep(0.01)
        running.kill()
        running.wait(timeout=60)
        self.assertNotEqual(os.listdir(self.folder.name), [])
        # A producer it forked dies with it, but maybe a moment later.
        while os.listdir(self.folder.name):
            self.assertLess(time.monotonic(), deadline, "left behind")
            self.assertEqual(bench("density", "--dir", self.folder.name).returncode, 0)


if __name__ == "__main__":
    unittest.main()
