"""Another writer holds the lock: waits are bounded, readers do not care, nothing is lost."""

import fcntl
import json
import signal
import time
import unittest

from cli_harness import TIMEOUT, CliTest, has_open, read_line, wait_for


class Lock(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")
        self.feed("p", {"n": 1})

    def hold(self):
        file = self.path("p").open("r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        self.addCleanup(file.close)
        return file

    def test_busy_after_the_timeout(self):
        self.hold()
        began = time.monotonic()
        self.refused("feed", "p", "{}", "--lock-timeout", "300ms", code=5, kind="Busy",
                     path=self.path("p"))
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        self.assertLess(time.monotonic() - began, 4.9, "the default is 5 s")
        self.refused("feed", "p", "{}", "--lock-timeout", "0ms", code=5, kind="Busy")
        self.assertEqual(self.data("p"), [{"n": 1}], "readers take no lock")

    def test_retries_are_told(self):
        self.hold()
        began = time.monotonic()
        error = self.refused("feed", "p", "{}", "--lock-timeout", "100ms", "--retry", "2",
                             "--retry-delay", "50ms", code=5, kind="Busy")
        self.assertGreaterEqual(time.monotonic() - began, 0.4)
        self.assertIn("Retry attempts: 2 (waited 400ms).", error["hint"])

    def test_retrying_helps(self):
        holder = self.hold()
        feed = self.start("feed", "p", '{"n":2}', "--lock-timeout", "1ms", "--retry", "1000")
        wait_for(lambda: has_open(feed.pid, self.path("p")), "feed has opened the pool")
        time.sleep(0.1)  # and has tried a few times
        holder.close()
        out, err = feed.communicate(timeout=TIMEOUT)
        self.assertEqual((feed.returncode, err), (0, b""))
        self.assertEqual(json.loads(out)["seq"], 2)

    def test_a_lock_dies_with_its_holder(self):
        feed = self.start("feed", "p", bufsize=0)
        feed.stdin.write(b'{"n":2}\n')
        read_line(feed.stdout)
        feed.send_signal(signal.SIGSTOP)
        self.feed("p", {"n": 3})  # it does not hold the lock while it waits for input
        feed.kill()
        feed.wait()
        self.feed("p", {"n": 4})
        self.assertEqual([record["n"] for record in self.data("p")], [1, 2, 3, 4])


if __name__ == "__main__":
    unittest.main()
