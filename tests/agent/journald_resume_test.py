"""intake journald: it goes on exactly where it stopped, whatever became of the journal meanwhile."""

import random
import signal
import unittest

from journald_harness import JournaldTest


class Resume(JournaldTest):
    settings = {"SystemMaxFileSize": "512K"}

    def assert_each_once(self, pool="p"):
        self.assertEqual(self.numbers(pool), list(range(self.sent)))
        self.assertEqual(self.gaps(pool), [])

    def test_at_every_position(self):
        for count in (1, 1, 2, 1, 3, 100, 1):
            self.send(count)
            self.take_in("p")
            self.assertEqual(self.take_in("p")["stored"], 0)
            self.assert_each_once()

    def test_after_a_kill(self):
        self.send(2000, PAD="x" * 300)
        rng = random.Random(5)
        for _ in range(10):
            process = self.start_intake("p", "--start", "oldest", "--create-size", "64M")
            self.send(rng.randrange(300))
            process.kill()
            process.wait()
        self.take_in("p")
        self.assert_each_once()

    def test_after_rotation_and_with_files_gone_that_were_read(self):
        self.send(100)
        for _ in range(3):
            self.take_in("p")
            self.journald.rotate()
            self.take_in("p")  # what journald itself has to say of it
            self.journald.journalctl("--vacuum-files=1")
            self.send(100)
        self.take_in("p")
        self.assert_each_once()

    def test_after_journald_was_killed_and_started_again(self):
        self.send(100)
        self.take_in("p")
        self.send(100)
        self.journald.restart()
        self.send(100)
        self.take_in("p")
        self.assert_each_once()

    def test_start_now_takes_what_comes_while_it_is_away(self):
        self.send(5)
        self.take_in("p", "--start", "now")
        self.send(5)
        self.take_in("p")
        self.assertEqual(self.numbers("p"), [5, 6, 7, 8, 9])


class Running(JournaldTest):
    """What happens to the journal while somebody reads it."""

    settings = {"SystemMaxFileSize": "512K"}

    def test_rotation_under_the_reader(self):
        process = self.start_intake("p", "--start", "oldest")
        for _ in range(5):
            self.send(50)
            self.journald.rotate()
        self.send(50)
        self.wait_for_numbers("p", self.sent)
        summary = self.stop(process)
        self.assertEqual((summary["gaps"], summary["lost"], summary["rejected"]), (0, 0, 0))
        self.assertEqual(self.numbers("p"), list(range(self.sent)))

    def test_vacuuming_of_files_that_were_read_is_no_gap(self):
        process = self.start_intake("p", "--start", "oldest")
        for _ in range(3):
            self.send(50)
            self.wait_for_numbers("p", self.sent)
            self.journald.rotate()
            self.journald.journalctl("--vacuum-files=1")
        self.assertEqual(self.journald.archived(), [])
        self.send(50)
        self.wait_for_numbers("p", self.sent)
        self.assertEqual(self.stop(process)["gaps"], 0)
        self.assertEqual(self.numbers("p"), list(range(self.sent)))

    def test_journald_killed_and_started_again(self):
        process = self.start_intake("p", "--start", "oldest")
        for _ in range(3):
            self.send(50)
            self.journald.restart()
        self.send(50)
        self.wait_for_numbers("p", self.sent)
        self.assertEqual(self.stop(process)["gaps"], 0)
        self.assertEqual(self.numbers("p"), list(range(self.sent)))

    def test_an_interrupt_ends_it_with_success(self):
        process = self.start_intake("p", "--start", "oldest")
        self.send(3)
        self.wait_for_numbers("p", self.sent)
        summary = self.stop(process, signal.SIGINT)
        self.assertEqual(summary["stored"], len(self.records("p")))


class Flush(JournaldTest):
    """From /run to /var/log/journal: journald copies what it has, in files with other numbers."""

    flushed = False

    def test_nothing_is_lost_or_repeated_under_the_reader(self):
        self.send(50)
        process = self.start_intake("p", "--start", "oldest")
        self.wait_for_numbers("p", self.sent)
        self.journald.flush()
        self.send(50)
        self.wait_for_numbers("p", self.sent)
        self.assertEqual(self.stop(process)["gaps"], 0)
        self.assertEqual(self.numbers("p"), list(range(self.sent)))

    def test_nothing_is_lost_or_repeated_while_nobody_reads(self):
        self.send(50)
        self.take_in("p")
        self.send(50)
        self.journald.flush()
        self.send(50)
        self.take_in("p")
        self.assertEqual(self.numbers("p"), list(range(self.sent)))
        self.assertEqual(self.gaps("p"), [])


class Losses(JournaldTest):
    def unread(self, position):
        """How many entries the archived files have behind a position."""
        count = 0
        for path in self.journald.archived():
            shown = self.journald.journalctl("--file", path, "-o", "json", "--output-fields=MESSAGE").splitlines()
            count += sum(1 for line in shown if number_of(line) > position)
        return count

    def test_unread_files_that_were_vacuumed_are_one_gap_with_their_number(self):
        self.send(20)
        before = self.take_in("p")
        self.send(30)
        self.journald.rotate()
        self.send(40)
        self.journald.rotate()
        lost = self.unread(number_of(before["checkpoint"].encode()))
        self.assertGreaterEqual(lost, 70)
        self.journald.journalctl("--vacuum-files=1")
        self.assertEqual(self.journald.archived(), [])
        self.send(10)
        summary = self.take_in("p")
        (gap,) = self.gaps("p")
        self.assertEqual((gap["count"], gap["reason"], gap["source"]), (lost, "retention", "journald"))
        self.assertEqual(gap["from"] + ";p=", before["checkpoint"])
        self.assertEqual((summary["gaps"], summary["lost"]), (1, lost))
        self.assertEqual(self.numbers("p"), [*range(20), *range(90, 100)])
        # It stands where the entries would have been.
        kinds = ["gap" if "lifecycle" in message["meta"]["tags"] else "entry" for message in self.retained("p")]
        self.assertEqual(kinds.index("gap"), before["stored"])
        self.assertEqual(self.take_in("p")["gaps"], 0)
        self.assertEqual(len(self.gaps("p")), 1)


def number_of(text):
    """The sequence number in a cursor."""
    at = text.index(b";i=") + 3
    return int(text[at : text.index(b";", at)], 16)


if __name__ == "__main__":
    unittest.main()
