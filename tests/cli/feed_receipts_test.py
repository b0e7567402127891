"""Receipts: one per record, in order, never before the record, cheap, and no reason to fail."""

import json
import os
import subprocess
import unittest

from cli_harness import PLS, CliTest

MILLION = 1_000_000


class FeedReceipts(CliTest):
    def write_million(self):
        path = self.dir / "in.jsonl"
        with path.open("w") as file:
            for first in range(0, MILLION, 1000):
                file.write("".join(f'{{"n":{n}}}\n' for n in range(first, first + 1000)))
        return path

    def test_a_million(self):
        self.create("p", size="128M")
        self.write_million()
        with (self.dir / "in.jsonl").open("rb") as lines, (self.dir / "out").open("wb") as out:
            feed = subprocess.Popen([PLS, "feed", "p", "--tag", "t"], stdin=lines, stdout=out,
                                    env=self.env)
            # The counters of a zombie can still be read.
            self.addCleanup(self.end, feed)
            writes = self.writes_until_end(feed)
            self.assertEqual(feed.wait(), 0)
        self.assertLess(writes, 10_000, "receipts are written in blocks")
        expected = 1
        with (self.dir / "out").open() as receipts:
            for line in receipts:
                if expected % 10_000 == 0:
                    self.assertEqual(json.loads(line)["meta"], {"tags": ["t"]})
                self.assertIn(f'"seq":{expected},', line)
                expected += 1
        self.assertEqual(expected, MILLION + 1)
        info = self.info("p")
        self.assertEqual(info["bounds"], {"newest": MILLION, "oldest": 1})

    @staticmethod
    def writes_until_end(process):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with open(f"/proc/{process.pid}/io") as io:
            return next(int(line.split()[1]) for line in io if line.startswith("syscw"))

    def test_closed_stdout_ends_quietly(self):
        self.create("p", size="128M")
        self.write_million()
        script = f'"$0" feed p < {self.dir}/in.jsonl | head -1; echo "${{PIPESTATUS[0]}}"'
        result = subprocess.run(["bash", "-c", script, PLS], env=self.env, capture_output=True)
        self.assertEqual(result.stderr, b"")
        receipt, code = result.stdout.splitlines()
        self.assertEqual(code, b"0")
        self.assertEqual(json.loads(receipt)["seq"], 1)
        # It stopped reading; what it stored is a whole prefix of the input.
        data = self.data("p")
        self.assertLess(len(data), MILLION)
        self.assertEqual(data, [{"n": n} for n in range(len(data))])
        self.assertGreaterEqual(len(data), 1)

    def test_a_full_disk_under_stdout_is_an_error(self):
        self.create("p")
        with open("/dev/full", "wb") as full:
            result = self.pls("feed", "p", '{"n":1}', stdout=full, code=8)
        error = self.error(result)
        self.assertEqual((error["kind"], error["message"]), ("Io", "failed to write output"))
        self.assertEqual(self.data("p"), [{"n": 1}], "the record itself is stored")


if __name__ == "__main__":
    unittest.main()
