"""tap: runs are told apart, and one that has no end is noticed by the next."""

import json
import os
import signal
import time
import unittest

from tap_harness import TIMEOUT, TapTest


class Runs(TapTest):
    def start_waiting(self, *, options=(), pool="p"):
        """A tapped command that runs until its stdin is closed; its start record is stored."""
        process = self.start_tap("sh", "-c", "echo ready; read line; echo done", options=options,
                                 stdin=-1)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def finish(self, process):
        process.stdin.close()
        process.stdin = None
        self.assertEqual(process.wait(TIMEOUT), 0)

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait(TIMEOUT)

    def notices(self, stderr):
        notices = [json.loads(line)["notice"] for line in stderr.splitlines()]
        self.assertEqual({n["kind"] for n in notices} | {"run_without_exit"}, {"run_without_exit"})
        return [n["details"]["run"] for n in notices]

    def test_every_run_has_an_id_of_its_own(self):
        for _ in range(3):
            self.tap("true")
        starts = [r["run"] for r in self.records("start")]
        self.assertEqual(len(set(starts)), 3)
        self.assertEqual([r["run"] for r in self.records("exit")], starts)

    def test_run_tag_keeps_concurrent_runs_apart(self):
        processes = [
            self.start_tap("sh", "-c", f"for i in 1 2 3 4 5; do echo {n}; echo {n} >&2; done",
                           options=["--run-tag", "--tag", "ci"])
            for n in range(4)]
        for process in processes:
            self.assertEqual(process.wait(TIMEOUT), 0)
        messages = self.messages()
        for start in [m["data"] for m in messages if m["data"]["kind"] == "start"]:
            tag = f"run:{start['run']}"
            mine = [m for m in messages if tag in m["meta"]["tags"]]
            self.assertEqual([m["data"]["kind"] for m in mine], ["start"] + ["line"] * 10 + ["exit"])
            self.assertEqual(len({m["data"]["line"] for m in mine[1:-1]}), 1)
            self.assertEqual(mine[0]["meta"]["tags"], ["lifecycle", tag])
            self.assertEqual(mine[1]["meta"]["tags"], ["ci", tag])
            self.assertEqual(mine[-1]["meta"]["tags"], ["lifecycle", tag])

    def test_the_next_run_tells_of_one_that_was_killed(self):
        self.kill(self.start_waiting())
        lost = self.records("start")[0]["run"]
        result = self.tap("echo", "next")
        self.assertEqual((result.returncode, result.stdout), (0, b"next\n"))
        self.assertEqual(self.notices(result.stderr), [lost])
        self.assertEqual(self.records("gap"), [{
            "count": None, "from": None, "kind": "gap", "reason": "no exit record", "run": lost,
            "source": "tap", "to": None}])
        kinds = [m["data"]["kind"] for m in self.messages()]
        self.assertEqual(kinds, ["start", "line", "gap", "start", "line", "exit"])
        self.assertEqual(self.notices(self.tap("true").stderr), [], "it is told once")
        self.assertEqual(len(self.records("gap")), 1)

    def test_runs_under_way_are_not_taken_for_lost(self):
        first = self.start_waiting()
        second = self.start_waiting()
        self.assertEqual(self.notices(self.tap("true").stderr), [])
        for process in (first, second):
            self.finish(process)
        self.assertEqual(self.notices(self.tap("true").stderr), [])
        self.assertEqual(self.records("gap"), [])

    def test_several_lost_runs_are_all_told_of(self):
        processes = [self.start_waiting() for _ in range(5)]
        survivor = processes.pop(2)
        for process in processes:
            self.kill(process)
        alive = self.records("start")[2]["run"]
        lost = {r["run"] for r in self.records("start")} - {alive}
        self.assertEqual(set(self.notices(self.tap("true").stderr)), lost)
        self.assertEqual({r["run"] for r in self.records("gap")}, lost)
        self.finish(survivor)
        self.assertEqual(self.notices(self.tap("true").stderr), [])

    def test_more_runs_than_can_be_watched(self):
        processes = [self.start_waiting() for _ in range(12)]
        for process in processes:
            self.finish(process)
        self.assertEqual(self.notices(self.tap("true").stderr), [])
        self.assertEqual(len(self.records("exit")), 13)

    def test_the_smallest_pool(self):
        process = self.start_waiting(options=["--create-size", "64K"])
        self.kill(process)
        self.assertEqual(len(self.notices(self.tap("true").stderr)), 1)
        self.assertEqual(self.notices(self.tap("true").stderr), [])

    def test_a_start_record_that_was_overwritten_long_ago(self):
        process = self.start_tap("sh", "-c", "seq 1 20000; read line", stdin=-1,
                                 options=["--create-size", "64K"])
        while process.stdout.readline() != b"20000\n":
            pass
        self.kill(process)
        self.assertNotIn("start", [m["data"]["kind"] for m in self.messages()])
        self.assertEqual(len(self.notices(self.tap("true").stderr)), 1)

    def test_a_command_that_cannot_be_started_tells_nobody(self):
        self.kill(self.start_waiting())
        self.assertEqual(self.tap("no-such-command-here").returncode, 2)
        self.assertEqual(len(self.notices(self.tap("true").stderr)), 1)

    def test_killed_at_any_instant_what_was_read_is_there(self):
        for n in range(20):
            process = self.start_tap("seq", "1", "10000000",
                                     options=["--create-size", "4M", "--run-tag"])
            for _ in range(n * 2000):
                process.stdout.readline()
            self.kill(process)
            process.stdout.read()
        self.assertEqual(self.pls("doctor", "p").returncode, 0)
        self.assertEqual(len(self.notices(self.tap("true").stderr)), 1)
        last = [r for r in self.records("line")][-1]
        self.assertGreaterEqual(int(last["line"]), 38000)


class Redaction(TapTest):
    COMMAND = ["env", "A=hunter2", "printf", "%s\\n", "--api-key", "hunter3", "--token=hunter4"]

    def test_the_record_hides_and_the_command_does_not(self):
        result = self.tap(*self.COMMAND, options=["--redact-args"])
        self.assertEqual(result.stdout, b"--api-key\nhunter3\n--token=hunter4\n")
        start = self.records("start")[0]
        self.assertEqual(start["cmd"], ["env", "A=***", "printf", "%s\\n", "--api-key", "***",
                                        "--token=***"])
        self.assertNotIn("hunter", json.dumps(start))
        self.assertNotIn("hunter2", (self.dir / "pools/p.plasmite").read_bytes().decode("latin-1"))

    def test_without_the_option_nothing_is_hidden(self):
        self.tap(*self.COMMAND)
        self.assertEqual(self.records("start")[0]["cmd"], self.COMMAND)

    def test_words_that_are_not_utf8(self):
        self.tap("printf", b"\xff%s", b"k\xff=hunter2", options=["--redact-args"])
        start = self.records("start")[0]
        self.assertEqual(start["cmd_base64"], ["cHJpbnRm", "/yVz", "a/89Kioq"])

    def test_error_messages(self):
        result = self.tap("TOKEN=hunter2", "make", options=["--redact-args"])
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"wrapped command not found: TOKEN=***", result.stderr)
        script = self.dir / "a=hunter2"
        script.write_text("no program\n")
        result = self.tap(str(script), options=["--redact-args"])
        self.assertEqual(result.returncode, 8)
        self.assertIn(b"a=*** is not executable", result.stderr)
        result = self.pls("tap", "p", "--redact-args", "--token=hunter2", "--", "true")
        self.assertEqual(result.returncode, 2)
        self.assertNotIn(b"hunter", result.stderr)

    def test_the_line_on_a_terminal(self):
        terminal, inside = os.openpty()
        process = self.start_tap("true", "--password", "hunter2", "x=hunter3",
                                 options=["--redact-args"], stderr=inside)
        os.close(inside)
        self.assertEqual(process.wait(TIMEOUT), 0)
        shown = os.read(terminal, 4096)
        os.close(terminal)
        self.assertIn(b"tapping p <- true --password *** x=***", shown)


class Linger(TapTest):
    def test_zero_does_not_wait(self):
        # Two minutes would be the sleep's, which holds the pipe.
        for zero in ("0", "0s", "0ms"):
            result = self.tap("sh", "-c", "echo out; sleep 120 & exit 4", options=["--linger", zero])
            self.assertEqual((result.returncode, result.stdout), (4, b"out\n"))
        self.assertEqual([r.get("pipes") for r in self.records("exit")], ["open"] * 3)

    def test_zero_still_reads_and_passes_on_what_was_written(self):
        # More than a read takes, less than the pipe holds: all there when the command is gone.
        script = "import os; os.write(1, b'x' * 999_999 + b'\\n'); os.write(2, b'y' * 500_000)"
        for _ in range(10):
            result = self.tap("python3", "-c", script, options=["--linger", "0"])
            self.assertEqual(len(result.stdout), 1_000_000)
            self.assertEqual(len(result.stderr), 500_000)
        self.assertFalse([r for r in self.records("exit") if "pipes" in r])
        self.assertEqual(len(self.stored()), 10_000_000)

    def test_zero_passes_all_on_to_a_reader_that_comes_late(self):
        script = "import os; os.write(1, b'x' * 999_999 + b'\\n')"
        process = self.start_tap("python3", "-c", script, options=["--linger", "0"])
        while not self.pool_exists():
            pass
        while not self.messages():
            pass
        pid = self.records("start")[0]["pid"]
        while self.is_alive(pid):
            pass  # what it wrote is in pipes now
        got = 0
        while piece := os.read(process.stdout.fileno(), 10_000):
            got += len(piece)
            time.sleep(0.001)  # slower than tap
        self.assertEqual(got, 1_000_000)
        self.assertEqual(process.wait(TIMEOUT), 0)

    @staticmethod
    def is_alive(pid):
        with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"

    def pool_exists(self):
        return self.pls("pool", "info", "p").returncode == 0

    def test_longer_than_the_default(self):
        script = "(sleep 2.6; echo late) & echo early"
        result = self.tap("sh", "-c", script, options=["--linger", "1m"])
        self.assertEqual(result.stdout, b"early\nlate\n")
        self.assertNotIn("pipes", self.exit_record())

    def test_values_that_cannot_be(self):
        for value in ("x", "1", "-1s", ""):
            result = self.tap("true", options=[f"--linger={value}"])
            self.assertEqual(result.returncode, 2, value)
            self.assertEqual(self.error_of(result)["kind"], "Usage")
        self.assertFalse(os.path.exists(self.env["PLASMITE_DIR"]), "nothing was made")
        self.assertEqual(self.tap("true", options=["--linger", "900000h"]).returncode, 2)
        self.assertEqual(self.tap("true", options=["--linger", "800000h"]).returncode, 0)


if __name__ == "__main__":
    unittest.main()
