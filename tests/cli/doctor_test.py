"""doctor: what it finds, what it says, and what --repair keeps."""

import json
import os
import unittest

from cli_harness import CliTest

KEYS = ["intact_records", "issue_count", "issues", "last_good_seq", "path", "pool_ref",
        "remediation_hints", "snapshot_path", "status"]


class Doctor(CliTest):
    def filled(self, name, count=5):
        self.create(name, size="64K")
        for n in range(1, count + 1):
            self.feed(name, {"n": n}, tags=["t"])

    def damage(self, name, n):
        """Flips a bit in the record n, in place."""
        with self.path(name).open("r+b") as file:
            offset = file.read().index(b'{"n":%d}' % n) + 2
            file.seek(offset)
            file.write(b"m")

    def report(self, *arguments, code=0):
        reports = json.loads(self.pls("doctor", *arguments, "--json", code=code).stdout)["reports"]
        return reports

    def test_healthy(self):
        self.filled("p")
        report, = self.report("p")
        self.assertEqual(list(report), KEYS)
        self.assertEqual(report, {
            "intact_records": 5, "issue_count": 0, "issues": [], "last_good_seq": 5,
            "path": str(self.path("p")), "pool_ref": "p", "remediation_hints": [],
            "snapshot_path": None, "status": "ok"})
        self.assertEqual(self.pls("doctor", "p").stdout, b"OK: p\n")
        self.create("empty")
        self.assertIsNone(self.report("empty")[0]["last_good_seq"])

    def test_damaged(self):
        self.filled("p")
        self.damage("p", 3)
        report, = self.report("p", code=7)
        self.assertEqual(report["status"], "corrupt")
        self.assertEqual((report["issue_count"], len(report["issues"])), (1, 1))
        issue = report["issues"][0]
        self.assertEqual(sorted(issue), ["code", "message", "offset", "seq"])
        self.assertEqual(issue["code"], "corrupt")
        self.assertEqual(report["intact_records"], 4)
        self.assertIn("plasmite doctor p --repair", report["remediation_hints"][0])
        line = self.pls("doctor", "p", code=7).stdout.decode()
        self.assertRegex(line, r"^CORRUPT: p last_good_seq=\d+ issue=.+\n$")

    def test_repair(self):
        self.filled("p")
        before = self.retained("p")
        self.damage("p", 3)
        damaged = self.path("p").read_bytes()
        report, = self.report("p", "--repair")
        self.assertEqual(report["status"], "ok")
        repair = report["repair"]
        self.assertEqual((repair["records_kept"], repair["records_lost"]), (4, 1))
        self.assertEqual(report["snapshot_path"], repair["damaged_copy"])
        with open(repair["damaged_copy"], "rb") as copy:
            self.assertEqual(len(copy.read()), len(damaged))
        del before[2]
        result = self.pls("follow", "p", "--since", "1h", "--jsonl", "--timeout", "50ms", code=124)
        after = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(after, before, "sequences, times, tags and texts are kept")
        self.assertEqual(self.pls("doctor", "p").stdout, b"OK: p\n")
        seq = self.feed("p", {"n": 6})[0]["seq"]
        self.assertGreater(seq, 5)

    def test_repair_says_what_it_did(self):
        self.filled("p")
        self.damage("p", 2)
        line = self.pls("doctor", "p", "--repair").stdout.decode()
        self.assertRegex(line, r"^OK: p \(repaired: kept 4 records, lost 1.*the damaged file is .+\)\n$")
        self.assertEqual(self.pls("doctor", "p", "--repair").stdout, b"OK: p\n", "nothing to repair")

    def test_a_pool_whose_sync_failed(self):
        self.filled("p")
        with self.path("p").open("r+b") as file:
            file.seek(0x1000 + 0xE0)  # LivePage::io_error
            file.write(b"\x05")
        error = self.refused("feed", "p", "{}", "--durability", "flush", code=8, kind="Io",
                             message="stored, but not known to be on disk", hint="Do not append them again")
        self.assertEqual(error["causes"][0], "failed to sync pool to disk")
        report, = self.report("p")
        self.assertEqual(report["status"], "ok")
        hint, = report["remediation_hints"]
        self.assertRegex(hint, r"^warning: a sync to disk failed \(os error 5\)")
        report, = self.report("p", "--repair")
        repair = report["repair"]
        # With the refused one: it was visible before its sync failed.
        self.assertEqual((repair["records_kept"], repair["records_lost"], repair["id_changed"]), (6, 0, False))
        self.assertEqual(report["remediation_hints"], [])
        self.pls("feed", "p", "{}", "--durability", "flush")

    def test_destroyed_header(self):
        self.filled("p")
        with self.path("p").open("r+b") as file:
            file.write(bytes(4096))
        report, = self.report("p", code=7)
        self.assertEqual(report["status"], "corrupt")
        self.assertEqual(self.report("p", "--repair")[0]["status"], "ok")
        self.assertEqual(self.data("p"), [{"n": n} for n in range(1, 6)])

    def test_no_pools_at_all(self):
        self.filled("good")
        for name, content in (("foreign", b"x" * 100_000), ("empty", b""), ("short", b"PK\x03\x04")):
            self.path(name).write_bytes(content)
            report, = self.report(name, code=7)
            self.assertEqual((report["status"], report["issues"][0]["code"]), ("corrupt", "corrupt"))
        header = b"PLSM\x03\0\0\0\x01"
        self.path("three").write_bytes(header + bytes(65536 - len(header)))
        report, = self.report("three", code=7)
        self.assertEqual(report["issues"][0]["code"], "format")

    def test_all(self):
        self.refused("doctor", "--all", code=3, kind="NotFound", path=self.pools)
        self.filled("b")
        self.filled("a")
        self.assertEqual([report["pool_ref"] for report in self.report("--all")],
                         [str(self.path("a")), str(self.path("b"))])
        self.assertEqual(self.pls("doctor", "--all").stdout.decode(),
                         f"OK: {self.path('a')}\nOK: {self.path('b')}\n")
        self.damage("b", 2)
        good, bad = self.report("--all", code=7)
        self.assertEqual((good["status"], bad["status"]), ("ok", "corrupt"))
        self.report("--all", "--repair")
        self.assertEqual(self.report("--all")[1]["intact_records"], 4)

    def test_wrong_arguments(self):
        self.refused("doctor", "p", code=3, kind="NotFound", path=self.path("p"))
        self.refused("doctor", "p", "--all", code=2, kind="Usage", message="--all cannot be combined",
                     hint="by itself")
        self.refused("doctor", "--json", code=2, kind="Usage", message="POOL or --all")

    def test_a_pool_in_use_is_not_damaged(self):
        self.create("busy", size="64K")
        feed = self.start("feed", "busy", "-q")
        line = b'{"pad":"%s"}\n' % (b"x" * 100)
        for _ in range(50):
            feed.stdin.write(line * 500)
            feed.stdin.flush()
            self.assertEqual(self.pls("doctor", "busy").stdout, b"OK: busy\n")
        feed.stdin.close()
        self.assertEqual(feed.wait(10), 0)

    def test_for_people(self):
        self.filled("p", 4)
        self.assertEqual(self.on_terminal("doctor", "p"),
                         "p: healthy\n  messages:  4 (seq 1..4)\n"
                         "  checked:   header, index, ring — 0 issues\n")
        self.create("q")
        self.assertEqual(self.on_terminal("doctor", "--all"),
                         "All 2 pools healthy.\n\n  p   4 messages   0 issues\n"
                         "  q   0 messages   0 issues\n")
        self.damage("p", 2)
        text = self.on_terminal("doctor", "p", code=7)
        self.assertTrue(text.startswith("p: corrupt\n"), text)
        self.assertIn("\n  detail:    ", text)
        text = self.on_terminal("doctor", "--all", code=7)
        self.assertTrue(text.startswith("1 of 2 pools unhealthy.\n\n  ✗ p "), text)
        self.assertIn("\n  ✓ q ", text)
        self.assertIn("pls doctor NAME", text)
        os.unlink(self.path("p"))
        os.unlink(self.path("q"))
        self.assertEqual(self.on_terminal("doctor", "--all"), "No pools found.\n")


if __name__ == "__main__":
    unittest.main()
