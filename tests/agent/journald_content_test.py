"""intake journald: the records are what journalctl -o json shows, by one rule for bytes."""

import json
import random
import unittest

from journald_harness import IntakeTest

from journal_files import entry, journalctl, server_entry, write_journal


def odd_entries():
    everything = bytes(range(256))
    return [
        entry(1, MESSAGE="plain"),
        entry(2, MESSAGE="line 1\nline 2\n"),
        entry(3, MESSAGE=b"\xff\xfe\x00 no text \x1b[31mred\x1b[0m"),
        entry(4, MESSAGE=everything, PRIORITY=3),
        entry(5, MESSAGE="", EMPTY=""),
        entry(6, ("MANY", "one"), ("MANY", "two"), ("MANY", "one"), MESSAGE="fields that repeat"),
        entry(7, ("MANY", "text"), ("MANY", b"\xff"), ("MANY", ""), MESSAGE="of which one is no text"),
        entry(8, COREDUMP=b"\x7fELF" + b"A" * 500_000, MESSAGE="large, compressed"),
        entry(9, BLOB=random.Random(2).randbytes(70_000), MESSAGE="large, not compressed"),
        entry(10, MESSAGE="m" * 5000, PRIORITY=6),
        entry(11, MESSAGE="a=b=c", X="="),
        entry(12, MESSAGE="snö ✓ 𝄞 \ufeff \u2028 \"quoted\" back\\slash"),
        entry(13, MESSAGE=b"\xed\xa0\x80 \xc0\x80 \xf5\x80\x80\x80 \xe2\x82", NOTE="no UTF-8, though it looks like it"),
        entry(14, boot=2, monotonic_us=10, MESSAGE="the next boot"),
        entry(15, boot=2, monotonic_us=20, MESSAGE="a field of a name with _", _NAMESPACE="ns1"),
        entry(16, *((f"F{n:04}", f"value {n}") for n in range(500)), MESSAGE="many fields"),
        entry(17, boot=2, monotonic_us=30, MESSAGE="cr\r\nlf", TAB="a\tb", DEL="\x7f", BELL="\x07"),
    ]


class Content(IntakeTest):
    def test_every_record_is_what_journalctl_shows(self):
        write_journal(self.dir / "journal" / "odd.journal", odd_entries())
        place = ("--directory", self.dir / "journal")
        summary = self.take_in("p", *place)
        shown = journalctl(*place, "-o", "json", "--all")
        self.assert_same_as_journalctl(self.records("p"), shown)
        self.assertEqual(summary["stored"], len(odd_entries()))
        self.assertEqual((summary["gaps"], summary["rejected"], summary["lost"]), (0, 0, 0))
        self.assertEqual(self.gaps("p"), [])

    def test_several_files_are_one_journal_in_the_order_of_journalctl(self):
        write_journal(self.dir / "journal" / "b.journal", (server_entry(n) for n in range(0, 2000, 2)))
        write_journal(self.dir / "journal" / "a.journal", (server_entry(n) for n in range(1, 2000, 2)))
        place = ("--directory", self.dir / "journal")
        self.take_in("p", *place, "--create-size", "64M")
        self.assert_same_as_journalctl(self.records("p"), journalctl(*place, "-o", "json", "--all"))

    def test_files_that_are_named_are_the_only_ones_read(self):
        for name in ("a", "b", "c"):
            write_journal(self.dir / f"{name}.journal", [entry(ord(name), MESSAGE=name)])
        self.take_in("p", "--file", self.dir / "a.journal", "--file", self.dir / "c.journal")
        self.assertEqual(self.texts("p"), ["a", "c"])

    def test_a_record_above_the_limit_keeps_all_but_its_largest_fields(self):
        write_journal(self.dir / "a.journal", [
            entry(1, MESSAGE="before"),
            entry(2, MESSAGE="too large", BLOB=b"x" * 50_000, LARGE="y" * 20_000, NOTE="small"),
            entry(3, MESSAGE="after"),
        ])
        summary = self.take_in("p", "--file", self.dir / "a.journal", "--max-record", "30K")
        self.assertEqual((summary["stored"], summary["rejected"]), (3, 0))
        large = self.records("p")[1]
        self.assertEqual(large["BLOB"], {"truncated_bytes": 50_000})
        self.assertEqual((large["MESSAGE"], large["NOTE"], large["LARGE"]), ("too large", "small", "y" * 20_000))
        self.assertEqual([self.texts("p")[0], self.texts("p")[2]], ["before", "after"])

    def test_tags_are_those_that_were_asked_for(self):
        write_journal(self.dir / "a.journal", [entry(1, MESSAGE="tagged")])
        self.take_in("p", "--file", self.dir / "a.journal", "--tag", "one", "--tag", "two")
        self.assertEqual([message["meta"]["tags"] for message in self.retained("p")], [["one", "two"]])

    def test_truncated_and_foreign_files_harm_no_other(self):
        write_journal(self.dir / "journal" / "good.journal", (server_entry(n) for n in range(50)))
        whole = write_journal(self.dir / "cut.journal", (server_entry(n) for n in range(50, 90)))[0].read_bytes()
        (self.dir / "journal" / "cut.journal").write_bytes(whole[: len(whole) // 3])
        (self.dir / "journal" / "noise.journal").write_bytes(random.Random(3).randbytes(100))
        summary = self.take_in("p", "--directory", self.dir / "journal")
        stored = [json.loads(line)["MESSAGE"] for line in
                  journalctl("--file", self.dir / "journal" / "good.journal", "-o", "json", "--all").splitlines()]
        self.assertEqual([text for text in self.texts("p") if text in set(stored)], stored)
        self.assertGreaterEqual(summary["stored"], 50)


if __name__ == "__main__":
    unittest.main()
