"""feed --file on a terminal says how far it is, and leaves nothing behind; elsewhere it is silent."""

import fcntl
import os
import pty
import select
import subprocess
import threading
import time
import unittest

from cli_harness import TIMEOUT, CliTest, has_open, wait_for

LINE = b'{"text":"' + b"x" * 190 + b'"}\n'
BEGINS = b"\r"
CLEAR = b"\r\x1b[K"


class FeedProgress(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="16M")
        self.file = self.dir / "data.jsonl"

    def feed_while_locked(self, *arguments, stdout=None, seconds=0.8):
        """Feeds with a terminal as stderr while somebody holds the pool's lock for a while."""
        master, slave = pty.openpty()
        with self.path("p").open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            feed = self.start("feed", "p", "--file", self.file, *arguments,
                              stdout=slave if stdout == "terminal" else subprocess.PIPE, stderr=slave)
            os.close(slave)
            if seconds:
                wait_for(lambda: has_open(feed.pid, self.path("p")), "feed has opened the pool")
            time.sleep(seconds)  # what is measured is time: the first line comes after 0.5 s
        shown = b""
        drain = None
        if feed.stdout is not None:
            drain = threading.Thread(target=feed.stdout.read)
            drain.start()
        while True:
            ready, _, _ = select.select([master], [], [], TIMEOUT)
            self.assertTrue(ready, shown)
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        os.close(master)
        if drain is not None:
            drain.join()
        return feed.wait(TIMEOUT), shown

    def test_on_a_terminal(self):
        self.file.write_bytes(LINE * 10000)
        code, shown = self.feed_while_locked("-q")
        self.assertEqual(code, 0)
        self.assertRegex(shown, rb"\r\d+%  [0-9.]+[KM] of 1\.9M  \d+ messages  \d+s left\x1b\[K")
        self.assertTrue(shown.endswith(CLEAR), "nothing is left of it")
        self.assertNotIn(b"\n", shown)

    def test_receipts_on_a_pipe_do_not_matter(self):
        self.file.write_bytes(LINE * 10000)
        code, shown = self.feed_while_locked()
        self.assertEqual(code, 0)
        self.assertIn(b"% ", shown)

    def test_redraws_are_bounded(self):
        self.file.write_bytes(LINE * 50000)
        began = time.monotonic()
        code, shown = self.feed_while_locked("-q")
        elapsed = time.monotonic() - began
        self.assertEqual(code, 0)
        self.assertLessEqual(shown.count(b" of "), elapsed / 0.2 + 1)

    def test_a_short_work_shows_nothing(self):
        self.file.write_bytes(LINE * 10)
        code, shown = self.feed_while_locked("-q", seconds=0)
        self.assertEqual((code, shown), (0, b""))

    def test_an_error_stands_on_a_line_of_its_own(self):
        self.file.write_bytes(LINE * 10000 + b"{nope\n")
        code, shown = self.feed_while_locked("-q")
        self.assertEqual(code, 2)
        self.assertIn(CLEAR + b"\x1b[31merror:", shown)

    def test_not_where_receipts_scroll_by(self):
        self.file.write_bytes(LINE * 2000)
        code, shown = self.feed_while_locked(stdout="terminal")
        self.assertEqual(code, 0)
        self.assertNotIn(b"\x1b[K", shown)

    def test_never_in_a_pipe(self):
        self.file.write_bytes(LINE * 10000)
        with self.path("p").open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            feed = self.start("feed", "p", "-q", "--file", self.file)
            wait_for(lambda: has_open(feed.pid, self.path("p")), "feed has opened the pool")
            time.sleep(0.8)
        self.assertEqual(feed.communicate(timeout=TIMEOUT), (b"", b""))


if __name__ == "__main__":
    unittest.main()
