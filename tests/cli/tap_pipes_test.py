"""tap: children that close their output early, and others that hold it open."""

import json
import os
import resource
import signal
import time
import unittest

from tap_harness import TIMEOUT, TapTest


class Pipes(TapTest):
    def test_a_silent_grandchild_is_not_waited_for_long(self):
        begun = time.monotonic()
        result = self.tap("sh", "-c", "echo out; sleep 60 & exit 4")
        took = time.monotonic() - begun
        self.assertEqual(result.returncode, 4)
        self.assertGreaterEqual(took, 1.9)
        self.assertLess(took, 20)
        self.assertEqual(self.exit_record()["pipes"], "open")
        self.assertLess(self.exit_record()["elapsed_ms"], 1000 * took - 1900, "without the wait")
        self.assertEqual(self.stored(), b"out\n")

    def test_a_grandchild_that_writes_is_read_to_its_end(self):
        result = self.tap(
            "sh", "-c", "(for n in 1 2 3 4 5 6; do sleep 0.5; echo late $n; done) & echo early")
        expected = b"early\n" + b"".join(b"late %d\n" % n for n in range(1, 7))
        self.assertEqual(result.stdout, expected)
        self.assertEqual(self.stored(), expected)
        self.assertNotIn("pipes", self.exit_record())
        self.assertEqual(self.messages()[-1]["data"]["kind"], "exit")

    def test_an_unterminated_line_before_the_wait_ends_is_kept(self):
        self.tap("sh", "-c", "printf unfinished; sleep 60 & exit 0")
        self.assertEqual(self.stored(), b"unfinished")

    def test_a_stop_signal_ends_the_wait(self):
        # The grandchild left the group and never stops writing.
        script = "setsid sh -c 'while :; do echo tick; sleep 0.05; done' & exit 6"
        process = self.start_tap("sh", "-c", script)
        self.assertEqual(process.stdout.readline(), b"tick\n")
        pid = json.loads(self.pls("fetch", "p", "1").stdout)["data"]["pid"]
        while self.is_running(pid):
            time.sleep(0.01)
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 6)
        self.assertEqual(self.exit_record()["pipes"], "open")

    def test_a_stop_signal_before_the_end_bounds_the_wait(self):
        script = "setsid sh -c 'while :; do echo tick; sleep 0.05; done' & echo ready; exec sleep 60"
        process = self.start_tap("sh", "-c", script)
        shown = set()  # once it ticks, the grandchild has left the group
        while shown != {b"ready\n", b"tick\n"}:
            shown.add(process.stdout.readline())
        begun = time.monotonic()
        process.terminate()
        process.stdout.close()
        self.assertEqual(process.wait(TIMEOUT), 143)
        self.assertLess(time.monotonic() - begun, 20)

    def test_stdout_closed_early(self):
        result = self.tap("sh", "-c", "echo out; exec >&-; sleep 0.5; echo err >&2; exit 3")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (3, b"out\n", b"err\n"))
        self.assertEqual(self.stored("stdout"), b"out\n")
        self.assertEqual(self.stored("stderr"), b"err\n")

    def test_waiting_for_a_command_without_output_streams_takes_no_cpu(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = self.tap("sh", "-c", "exec >&- 2>&-; sleep 2")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(result.returncode, 0)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.assertLess(used, 0.5)

    def test_a_command_killed_in_the_middle(self):
        for n in range(20):
            process = self.start_tap("sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; done",
                                     options=["-q", "--create-size", "16M"])
            while not self.dir.joinpath("pools", "p.plasmite").exists():
                time.sleep(0.001)
            pids = []
            while not pids:
                pids = self.children_of(process.pid)
            time.sleep(0.002 * n)
            os.kill(pids[0], signal.SIGKILL)
            self.assertEqual(process.wait(TIMEOUT), 137)
        last = self.messages()[-1]["data"]
        self.assertEqual((last["kind"], last["signal"]), ("exit", "SIGKILL"))

    @staticmethod
    def is_running(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"

    @staticmethod
    def children_of(pid):
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                return [int(word) for word in children.read().split()]
        except FileNotFoundError:
            return []


if __name__ == "__main__":
    unittest.main()
