"""intake journald: what it says while it runs and at its end, and that it does not hear itself."""

import fcntl
import os
import subprocess
import unittest

from cli_harness import PLS, wait_for
from journald_harness import IntakeTest, JournaldTest

from journal_files import server_entry, write_journal


class Output(IntakeTest):
    def setUp(self):
        super().setUp()
        write_journal(self.dir / "a.journal", (server_entry(n) for n in range(100)))
        self.words = ("intake", "journald", "p", "--create", "--once", "--file", self.dir / "a.journal")

    def test_a_line_at_the_end(self):
        result = self.pls(*self.words)
        self.assertEqual(result.stdout, b"")
        (notice,) = self.notices(result.stderr)
        self.assertEqual(notice["message"], "Stored 100 entries.")
        self.assertLessEqual({"checkpoint", "gaps", "lost", "own_log", "rejected", "stored", "stored_bytes"},
                             set(notice["details"]))

    def test_quiet(self):
        result = self.pls(*self.words, "-q")
        self.assertEqual((result.stdout, result.stderr), (b"", b""))

    def test_on_a_terminal_it_is_a_sentence(self):
        shown = self.on_terminal("--color", "never", *self.words)
        self.assertEqual(shown.splitlines()[-1], "notice: Stored 100 entries. (pool: p)")


class Progress(JournaldTest):
    def test_a_terminal_shows_how_far_it_is(self):
        self.send(20)
        master, slave = os.openpty()
        process = self.journald.popen([PLS, "intake", "journald", "p", "--create", "--start", "oldest"], env=self.env,
                                      stdin=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        shown = b""

        def is_shown():
            nonlocal shown
            shown += os.read(master, 4096)
            return b"entries" in shown and b"caught up" in shown

        wait_for(is_shown, "progress")
        process.terminate()
        self.assertEqual(process.wait(60), 0)
        shown += os.read(master, 4096)
        os.close(master)
        self.assertIn(b"Stored ", shown)


class OwnLog(JournaldTest):
    def test_it_never_feeds_on_what_it_says_itself(self):
        """Its stderr is the journal; a pool that is locked makes it say something."""
        self.create("p")
        process = self.journald.popen(
            ["systemd-cat", "-t", "intake", PLS, "intake", "journald", "p", "--start", "oldest"], env=self.env,
            stdin=subprocess.DEVNULL)
        self.addCleanup(self.end, process)
        wait_for(lambda: self.has_begun("p"), "the intake begins")
        with open(self.path("p"), "rb") as pool:
            fcntl.flock(pool, fcntl.LOCK_EX)
            self.send(1)
            wait_for(self.says_that_it_is_blocked, "it says that the pool is locked")
        self.send(1)
        self.wait_for_numbers("p", 2)
        process.terminate()
        self.assertEqual(process.wait(60), 0)
        self.assertEqual([record for record in self.records("p") if record.get("SYSLOG_IDENTIFIER") == "intake"], [])
        self.assertEqual(self.numbers("p"), [0, 1])

    def says_that_it_is_blocked(self):
        self.journald.sync()
        return b"intake_blocked" in self.journald.journalctl("-t", "intake", "-o", "cat")


if __name__ == "__main__":
    unittest.main()
