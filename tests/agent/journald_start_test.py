"""intake journald: where it begins, and which entries it takes."""

import datetime
import unittest

from journald_harness import IntakeTest

from journal_export import FIRST_TIME_US
from journal_files import boot_id, entry, write_journal


def time_of(number):
    """When an entry was written, as --since takes it."""
    time = datetime.datetime.fromtimestamp((FIRST_TIME_US + number * 1000) / 1e6, datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Start(IntakeTest):
    def setUp(self):
        super().setUp()
        write_journal(self.dir / "a.journal", (entry(n, MESSAGE=n) for n in range(1, 11)))
        self.place = ("--file", self.dir / "a.journal")

    def test_all_there_is_with_once(self):
        self.take_in("p", *self.place)
        self.assertEqual(self.texts("p"), [str(n) for n in range(1, 11)])

    def test_oldest(self):
        self.take_in("p", *self.place, "--start", "oldest")
        self.assertEqual(self.texts("p"), [str(n) for n in range(1, 11)])

    def test_now_takes_nothing_that_is_there(self):
        self.assertEqual(self.take_in("p", *self.place, "--start", "now")["stored"], 0)
        self.assertEqual(self.texts("p"), [])

    def test_since_a_time(self):
        self.take_in("p", *self.place, "--since", time_of(7))
        self.assertEqual(self.texts("p"), ["7", "8", "9", "10"])

    def test_since_a_time_after_the_newest(self):
        self.take_in("p", *self.place, "--since", "1h")
        self.assertEqual(self.texts("p"), [])

    def test_the_stored_position_counts_for_more_than_the_start(self):
        self.take_in("p", *self.place, "--since", time_of(9))
        self.take_in("p", *self.place, "--start", "oldest")
        self.assertEqual(self.texts("p"), ["9", "10"])

    def test_each_name_has_a_position_of_its_own(self):
        self.take_in("p", *self.place, "--since", time_of(9), "--name", "late")
        self.take_in("p", *self.place, "--since", time_of(10), "--name", "later")
        self.take_in("p", *self.place, "--start", "oldest", "--name", "late")
        self.assertEqual(self.texts("p"), ["9", "10", "10"])


class Matches(IntakeTest):
    def setUp(self):
        super().setUp()
        entries = [
            entry(1, MESSAGE="web", _SYSTEMD_UNIT="nginx.service", SYSLOG_IDENTIFIER="nginx", PRIORITY=6, _UID=33),
            entry(2, MESSAGE="mail", _SYSTEMD_UNIT="postfix.service", SYSLOG_IDENTIFIER="smtpd", PRIORITY=3, _UID=0),
            entry(3, MESSAGE="about web", UNIT="nginx.service", SYSLOG_IDENTIFIER="systemd", PRIORITY=4, _PID=1, _UID=0),
            entry(4, MESSAGE="timer", _SYSTEMD_UNIT="nginx.timer", SYSLOG_IDENTIFIER="t", PRIORITY=7, _UID=0),
            entry(5, boot=2, MESSAGE="later boot", _SYSTEMD_UNIT="nginx.service", SYSLOG_IDENTIFIER="nginx",
                  PRIORITY=3, _UID=33),
        ]
        write_journal(self.dir / "a.journal", entries)
        self.count = 0

    def chosen(self, *options):
        self.count += 1
        pool = f"p{self.count}"
        self.take_in(pool, "--file", self.dir / "a.journal", *options)
        return self.texts(pool)

    def test_a_unit_with_what_is_said_about_it(self):
        self.assertEqual(self.chosen("--unit", "nginx"), ["web", "about web", "later boot"])
        self.assertEqual(self.chosen("-u", "nginx.timer"), ["timer"])
        self.assertEqual(self.chosen("-u", "nginx.timer", "-u", "postfix"), ["mail", "timer"])

    def test_identifiers(self):
        self.assertEqual(self.chosen("-t", "smtpd", "--identifier", "systemd"), ["mail", "about web"])

    def test_priorities_by_name_and_number(self):
        for level in ("err", "error", "3"):
            self.assertEqual(self.chosen("-p", level), ["mail", "later boot"])
        self.assertEqual(self.chosen("--priority", "warning"), ["mail", "about web", "later boot"])
        self.assertEqual(self.chosen("--priority", "7"), ["web", "mail", "about web", "timer", "later boot"])

    def test_a_boot(self):
        self.assertEqual(self.chosen(f"--boot={boot_id(2)}"), ["later boot"])
        self.assertEqual(self.chosen(f"--boot={boot_id(1).upper()}"), ["web", "mail", "about web", "timer"])
        self.assertEqual(self.chosen("--boot"), [], "the boot of this machine is none of these")

    def test_fields(self):
        self.assertEqual(self.chosen("--match", "_UID=33"), ["web", "later boot"])
        self.assertEqual(self.chosen("--match", "MESSAGE=mail", "--match", "MESSAGE=timer"), ["mail", "timer"])
        self.assertEqual(self.chosen("--match", "_UID=0", "--match", "PRIORITY=3"), ["mail"])

    def test_kinds_of_matches_have_to_fit_all(self):
        self.assertEqual(self.chosen("-u", "nginx", "-p", "err", "--match", "_UID=33"), ["later boot"])

    def test_what_did_not_match_is_passed_over_for_good(self):
        place = ("--file", self.dir / "a.journal", "--name", "once")
        self.take_in("p", *place, "-t", "nobody")
        self.take_in("p", *place, "-t", "nobody")
        self.assertEqual(self.take_in("p", *place)["stored"], 0)


if __name__ == "__main__":
    unittest.main()
