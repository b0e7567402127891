"""intake journald: the files of users, which one journald writes next to its own."""

import unittest

from journald_harness import JournaldTest

USERS = (None, 1001, 1002)


class Users(JournaldTest):
    def burst(self, size):
        """Nobody waits, so that the reader looks at one file while another is written."""
        for _ in range(size):
            user = USERS[self.sent % len(USERS)]
            self.journald.send(MESSAGE=f"entry {self.sent}", NUMBER=self.sent, TEST="yes", user=user)
            self.journald.send(MESSAGE="another", TEST="no", user=user)
            self.sent += 1

    def check(self, *options):
        process = self.start_intake("p", "--start", "oldest", *options)
        for _ in range(20):
            self.burst(50)
            self.journald.sync()
        for user in USERS[1:]:
            self.assertEqual(len(list(self.journald.files().glob(f"user-{user}*.journal"))), 1)
        self.journald.send(MESSAGE="last", NUMBER=self.sent, TEST="yes")
        self.sent += 1
        self.wait_for_numbers("p", self.sent)
        self.stop(process)
        self.assertEqual(sorted(self.numbers("p")), list(range(self.sent)))
        for user in range(len(USERS)):
            numbers = [number for number in self.numbers("p") if number % len(USERS) == user]
            self.assertEqual(numbers, sorted(numbers))
        self.assertEqual(self.gaps("p"), [])

    def test_a_running_reader_misses_none(self):
        self.check()
        self.assertEqual(self.numbers("p"), list(range(self.sent)))

    def test_a_running_reader_with_matches_misses_none(self):
        self.check("--match", "TEST=yes")


if __name__ == "__main__":
    unittest.main()
