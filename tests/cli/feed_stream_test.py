"""feed from stdin and files: every line is a record, and is stored while the input goes on."""

import json
import os
import pty
import subprocess
import unittest

from cli_harness import PLS, CliTest, read_line


class FeedStream(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def test_lines(self):
        text = b'\xef\xbb\xbf{"n":1}\r\n\n  \t\n{ "n" : 2 }\n{"n":3}'
        result = self.pls("feed", "p", stdin=text)
        receipts = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([receipt["seq"] for receipt in receipts], [1, 2, 3])
        self.assertEqual(self.data("p"), [{"n": 1}, {"n": 2}, {"n": 3}])

    def test_files(self):
        path = self.dir / "in.jsonl"
        path.write_bytes(b'{"n":1}\n{"n":2}\n')
        self.pls("feed", "p", "-f", path, "--tag", "t", "--in", "auto")
        self.pls("feed", "p", "--file", "-", "--in", "jsonl", stdin=b'{"n":3}\n')
        self.assertEqual(self.data("p"), [{"n": 1}, {"n": 2}, {"n": 3}])
        self.assertEqual([m["meta"]["tags"] for m in self.retained("p")], [["t"], ["t"], []])
        missing = self.dir / "missing"
        self.refused("feed", "p", "-f", missing, code=8, kind="Io", message="failed to read data file",
                     path=missing)
        self.refused("feed", "p", "-f", self.dir, code=8, kind="Io")

    def test_no_input(self):
        for text in (b"", b"\n \n"):
            self.refused("feed", "p", stdin=text, code=2, kind="Usage", message="missing data input",
                         hint="pipe JSON")

    def test_a_terminal_is_no_input(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        self.refused("feed", "p", stdin=slave, code=2, kind="Usage", message="missing data input",
                     hint="--file")

    def test_each_line_is_stored_and_acknowledged_at_once(self):
        feed = self.start("feed", "p", bufsize=0)
        for n in range(1, 4):
            feed.stdin.write(b'{"n":%d}\n' % n)
            receipt = json.loads(read_line(feed.stdout))
            self.assertEqual(receipt["seq"], n)
            self.assertEqual(len(self.retained("p")), n, "what has a receipt is stored")
        feed.stdin.write(b'{"n":')  # an unfinished line waits
        feed.stdin.write(b"4}")
        feed.stdin.close()
        self.assertEqual(json.loads(read_line(feed.stdout))["seq"], 4)
        self.assertEqual(feed.wait(10), 0)

    def test_nothing_stored_is_lost_with_the_process(self):
        feed = self.start("feed", "p", bufsize=0)
        feed.stdin.write(b'{"n":1}\n{"n":2}\n')
        read_line(feed.stdout)
        read_line(feed.stdout)
        feed.kill()
        feed.wait()
        self.assertEqual(self.data("p"), [{"n": 1}, {"n": 2}])

    def test_two_writers_keep_their_order(self):
        self.create("shared", size="16M")
        count = 20_000
        feeds = []
        for writer in "ab":
            path = self.dir / writer
            path.write_text("".join(f'{{"w":"{writer}","n":{n}}}\n' for n in range(count)))
            with path.open("rb") as lines:
                feeds.append(self.start("feed", "shared", "-q", stdin=lines))
        for feed in feeds:
            self.assertEqual(feed.wait(60), 0)
        messages = self.retained("shared")
        self.assertEqual([m["seq"] for m in messages], list(range(1, 2 * count + 1)))
        for writer in "ab":
            mine = [m["data"]["n"] for m in messages if m["data"]["w"] == writer]
            self.assertEqual(mine, list(range(count)))

    def test_closed_standard_streams_do_no_harm(self):
        # A pool opened as descriptor 1 or 2 would be written over.
        script = 'exec "$0" feed p \'{"n":1}\' >&- 2>&-'
        subprocess.run(["sh", "-c", script, PLS], env=self.env, check=True)
        self.assertEqual(self.data("p"), [{"n": 1}])
        self.assertEqual(self.pls("doctor", "p").stdout, b"OK: p\n")


if __name__ == "__main__":
    unittest.main()
