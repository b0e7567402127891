"""follow --where: what a jq program cannot do to us, and the process that runs it."""

import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from cli_harness import SANITIZED, CliTest, children_of, read_line

LONG = 240  # seconds for what takes seconds of processor time, on a machine that is busy


class FollowWhereLimits(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def numbers(self, *numbers):
        self.feed("p", *({"n": n} for n in numbers))

    def usage(self, program, message):
        return self.refused("follow", "p", "--since", "1h", "--jsonl", "--where", program, code=2,
                            kind="Usage", message=message, timeout=LONG)

    def test_endless_programs(self):
        self.numbers(1, 2)
        program = "if .data.n == 2 then (def f: f; f) else true end"
        result = self.pls("follow", "p", "--since", "1h", "--jsonl", "--where", program, code=2,
                          timeout=LONG)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        error = self.error(result)
        self.assertEqual((error["message"], error["seq"]), ("filter expression took too long", 2))

    @unittest.skipIf(SANITIZED, "a sanitizer's own memory is not limited")
    def test_programs_that_eat_memory(self):
        self.numbers(1)
        error = self.usage("null | .[200000000] = 1 | false",
                           message="filter expression needs too much memory")
        self.assertEqual(error["seq"], 1)

    def test_programs_that_crash_libjq(self):
        self.numbers(1)
        error = self.usage("reduce range(1000000) as $i (null; [.]) | false",
                           message="filter expression made jq crash")
        self.assertEqual(error["seq"], 1)

    @unittest.skipIf(SANITIZED, "a sanitizer's own memory is not limited")
    def test_the_worst_message_that_is_stored_by_default_fits(self):
        self.create("big", size="8M")
        body = b'{"a":[' + b"{}," * ((1 << 20) // 3 - 10) + b"{}]}"
        self.pls("feed", "big", "-q", stdin=body + b"\n")
        result = self.pls("follow", "big", "--tail", "1", "--one", "--jsonl", "--where",
                          "(.data.a | length) > 1000", timeout=LONG)
        self.assertIn(body, result.stdout)

    def test_an_endless_program_can_be_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            self.numbers(1)
            follow = self.start("follow", "p", "--tail", "1", "--where", "def f: f; f")
            deadline = time.monotonic() + 60
            while not (worker := children_of(follow.pid)):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            follow.send_signal(number)
            self.assertEqual(follow.wait(30), -number)
            while os.path.exists(f"/proc/{worker[0]}"):
                self.assertLess(time.monotonic(), deadline, "the jq process lives on")
                time.sleep(0.01)

    def test_a_jq_process_that_is_killed_is_replaced(self):
        follow = self.start("follow", "p", "--jsonl", "--tail", "100000", "--where", ".data.n >= 0",
                            bufsize=0)
        for n in range(4):
            self.numbers(n)
            self.assertEqual(json.loads(read_line(follow.stdout))["data"]["n"], n)
            os.kill(children_of(follow.pid)[0], signal.SIGKILL)

    def test_without_where_there_is_no_jq_process(self):
        self.numbers(1)
        follow = self.start("follow", "p", "--jsonl", "--tail", "1", bufsize=0)
        read_line(follow.stdout)
        self.assertEqual(children_of(follow.pid), [])
        maps = pathlib.Path(f"/proc/{follow.pid}/maps").read_text()
        self.assertNotIn("libjq", maps)

    def test_a_missing_jq_process_says_what_to_do(self):
        alone = self.install("bin", "plasmite-commands")
        result = subprocess.run([alone, "follow", "p", "--where", "true"], env=self.env,
                                capture_output=True, timeout=60)
        self.assertEqual(result.returncode, 8)
        error = self.error(result)
        self.assertIn("plasmite-filter", error["message"])
        self.assertIn("install both", error["hint"])


if __name__ == "__main__":
    unittest.main()
