"""feed --errors: a bad record never harms its neighbours, and is told with its position."""

import json
import unittest

from cli_harness import CliTest

GOOD_BEFORE = b'{"n":1}\n{"n":2}\n'
OVERSIZED = b'{"big":"' + b"x" * (1 << 20) + b'"}'
BAD = {
    "not json": (b"{oops", "invalid json input"),
    "not an object": (b"[1,2]", "data must be object"),
    "oversized": (OVERSIZED, "record exceeds size limit"),
    "nesting bomb": (b'{"a":' + b"[" * 200_000, "invalid json input"),
    "trailing text": (b'{"a":1} {"b":2}', "invalid json input"),
}


class FeedErrors(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="16M")

    def test_stop_keeps_everything_before(self):
        seq = 0
        for name, (bad, message) in BAD.items():
            with self.subTest(name):
                result = self.pls("feed", "p", stdin=GOOD_BEFORE + b"\n" + bad + b'\n{"n":3}\n', code=2)
                error = self.error(result)
                self.assertEqual((error["kind"], error["message"]), ("Usage", message))
                self.assertEqual(error["offset"], len(GOOD_BEFORE) + 1)
                self.assertIn("line 4", error["causes"][0])
                self.assertIn("skip", error["hint"])
                receipts = [json.loads(line)["seq"] for line in result.stdout.splitlines()]
                self.assertEqual(receipts, [seq + 1, seq + 2])
                seq += 2
                self.assertEqual(self.data("p")[-2:], [{"n": 1}, {"n": 2}])
                self.assertEqual(len(self.data("p")), seq)

    def test_stop_on_bytes_that_are_not_utf8(self):
        result = self.pls("feed", "p", stdin=GOOD_BEFORE + b'{"s":"\xff"}\n', code=8)
        error = self.error(result)
        self.assertEqual(error["kind"], "Io")
        self.assertEqual(error["offset"], len(GOOD_BEFORE))
        self.assertEqual(self.data("p"), [{"n": 1}, {"n": 2}])

    def test_skip_goes_on(self):
        bad_lines = [bad for bad, _ in BAD.values()] + [b'{"s":"\xff"}']
        lines = b"".join(bad + b'\n{"n":%d}\n' % n for n, bad in enumerate(bad_lines))
        result = self.pls("feed", "p", "-e", "skip", stdin=lines, code=1)
        good = [{"n": n} for n in range(len(bad_lines))]
        self.assertEqual(self.data("p"), good)
        self.assertEqual(len(result.stdout.splitlines()), len(good))
        *skips, summary = self.notices(result.stderr)
        self.assertEqual(len(skips), len(bad_lines))
        offset = 0
        for number, (notice, bad) in enumerate(zip(skips, bad_lines)):
            oversized = bad == OVERSIZED
            self.assertEqual((notice["cmd"], notice["kind"], notice["pool"]), ("feed", "ingest_skip", "p"))
            self.assertEqual(notice["message"],
                             "Skipped oversized record." if oversized else "Skipped invalid JSON.")
            details = notice["details"]
            self.assertEqual(details["error_kind"], "Oversize" if oversized else "Parse")
            self.assertEqual((details["index"], details["line"], details["mode"]),
                             (2 * number + 1, 2 * number + 1, "jsonl"))
            self.assertEqual(details["pool_path"], str(self.path("p")))
            self.assertEqual(details["offset"], offset)
            self.assertTrue(details["reason"])
            self.assertLessEqual(len(details["snippet"].encode()), 202)
            self.assertTrue(details["snippet"].startswith(bad[:5].decode()))
            offset += len(bad) + len(b'\n{"n":0}\n')
        self.assertEqual((summary["kind"], summary["message"]),
                         ("ingest_summary", "Finished with 6 skipped records."))
        self.assertEqual(summary["details"], {
            "failed": 6, "ok": 6, "pool_path": str(self.path("p")), "total": 12})

    def test_skip_without_bad_records_says_nothing(self):
        result = self.pls("feed", "p", "--errors", "skip", stdin=GOOD_BEFORE)
        self.assertEqual(result.stderr, b"")

    def test_one_bad_record_is_singular(self):
        result = self.pls("feed", "p", "--errors", "skip", stdin=b"x\n", code=1)
        self.assertEqual(self.notices(result.stderr)[-1]["message"], "Finished with 1 skipped record.")

    def test_snippets_are_cut_between_characters(self):
        for padding in range(4):
            line = b"x" * padding + "日".encode() * 100
            result = self.pls("feed", "p", "-e", "skip", stdin=line + b"\n", code=1)
            snippet = self.notices(result.stderr)[0]["details"]["snippet"]
            self.assertTrue(snippet.endswith("..."))
            self.assertTrue(line.decode().startswith(snippet[:-3]))
            self.assertGreater(len(snippet.encode()), 190)

    def test_too_large_for_the_pool(self):
        self.create("small", size="64K")
        large = b'{"a":"' + b"x" * 30_000 + b'"}'
        lines = b'{"n":1}\n' + large + b'\n{"n":2}\n'
        result = self.pls("feed", "small", stdin=lines, code=2)
        error = self.error(result)
        self.assertEqual(error["kind"], "Usage")
        self.assertIn("exceeds", error["message"])
        self.assertEqual(self.data("small"), [{"n": 1}])
        result = self.pls("feed", "small", "-e", "skip", stdin=lines, code=1)
        self.assertEqual(self.notices(result.stderr)[0]["message"], "Skipped oversized record.")
        self.assertEqual(self.data("small"), [{"n": 1}, {"n": 1}, {"n": 2}])

    def test_for_people(self):
        path = self.dir / "in"
        path.write_bytes(b"\x1b[31moops\n")
        shown = self.on_terminal("feed", "p", "-e", "skip", "-f", path, code=1)
        self.assertEqual(shown, "\x1b[33mnotice:\x1b[0m Skipped invalid JSON.\n"
                                "\x1b[33mnotice:\x1b[0m Finished with 1 skipped record.\n")


if __name__ == "__main__":
    unittest.main()
