"""Rows B2 of spec/cli-behaviour.md: how input is cut into records, and what a bad record does."""

import json
import unittest

from cli_harness import CliTest

USAGE = dict(code=2, kind="Usage")
RS = b"\x1e"
LIMIT = 1 << 20
PRETTY = b'{\n  "n": 1,\n  "list": [\n    2\n  ]\n}\n'
PRETTY_VALUE = {"n": 1, "list": [2]}


def of_size(size):
    return b'{"a":"' + b"x" * (size - 8) + b'"}'


class Framing(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="16M")
        self.seen = 0

    def fed(self, text, *options, code=0):
        """What a text becomes in the pool."""
        self.result = self.pls("feed", "p", *options, stdin=text, code=code)
        fresh, self.seen = self.data("p")[self.seen:], self.info("p")["bounds"].get("newest", 0)
        return fresh

    def skipped(self, text, *options):
        """What is stored of a text with --errors skip, and the details of each skip notice."""
        stored = self.fed(text, "--errors", "skip", *options, code=1)
        *skips, self.summary = self.notices(self.result.stderr)
        return stored, [notice["details"] for notice in skips]

    # Which framing.

    def test_b2_1_auto_seq__is_what_begins_with_rs(self):
        self.assertEqual(self.fed(RS + b'{"n":1}\n' + RS + b'{"n":\n2}\n'), [{"n": 1}, {"n": 2}])
        self.assertEqual(self.fed(b'{"n":1}\n' + RS + b'{"n":2}\n'), [{"n": 1}, {"n": 2}])

    def test_b2_1_auto_event__is_what_begins_like_an_event_stream(self):
        for beginning in (b"data: {}\n\n", b"event: x\n", b"id: 1\n", b": comment\n", b"\n  \n", b"data:{}\n\n"):
            data = self.fed(beginning + b'data: {"n":1}\n\n')
            self.assertEqual(data[-1], {"n": 1}, beginning)

    def test_b2_1_auto_jsonl__is_everything_else(self):
        self.assertEqual(self.fed(b'{"n":1}\n\n{"n":2}\n' + PRETTY), [{"n": 1}, {"n": 2}, PRETTY_VALUE])

    def test_b2_1_default__is_auto(self):
        for options in ([], ["--in", "auto"], ["-i", "auto"]):
            self.assertEqual(self.fed(RS + b'{"n":1}\n', *options), [{"n": 1}])

    def test_b2_1_event_flag__does_not_exist(self):
        self.refused("feed", "p", "--in", "event", stdin=b"data: {}\n\n", **USAGE)

    # Lines.

    def test_b2_2_jsonl_lines__end_in_lf_or_crlf_or_the_input(self):
        self.assertEqual(self.fed(b'{"n":1}\r\n \t\r\n\n{"n":2}\n{"n":3}', "--in", "jsonl"),
                         [{"n": 1}, {"n": 2}, {"n": 3}])

    def test_b2_2_jsonl_line__is_one_value(self):
        self.refused("feed", "p", "--in", "jsonl", stdin=PRETTY, message="invalid json input", **USAGE)

    def test_b2_2_jsonl_limit__is_a_mebibyte(self):
        self.assertEqual(len(self.fed(of_size(LIMIT) + b"\n", "--in", "jsonl")), 1)
        stored, skips = self.skipped(of_size(LIMIT + 1) + b'\n{"n":1}\n', "--in", "jsonl")
        self.assertEqual(stored, [{"n": 1}])
        self.assertEqual([details["error_kind"] for details in skips], ["Oversize"])

    def test_b2_2_utf8__is_needed_on_lines(self):
        for mode in ("jsonl", "auto", "json"):
            self.refused("feed", "p", "--in", mode, stdin=b'{"s":"\xff"}\n', code=8, kind="Io")
        self.refused("feed", "p", stdin=b'data: {"s":"\xff"}\n\n', code=8, kind="Io")

    def test_b2_2_joined_lines__make_one_record(self):
        self.assertEqual(self.fed(PRETTY + b'{"n":2}\n' + PRETTY), [PRETTY_VALUE, {"n": 2}, PRETTY_VALUE])
        self.assertEqual(self.fed(PRETTY.replace(b"\n", b"\r\n")), [PRETTY_VALUE])

    def test_b2_2_joined_limit__is_for_the_whole_record(self):
        text = b'{"a":\n' + b'"' + b"x" * LIMIT + b'"}\n{"n":1}\n'
        stored, skips = self.skipped(text)
        self.assertEqual((stored, skips[0]["error_kind"]), ([{"n": 1}], "Oversize"))

    def test_b2_2_joined_end__is_a_failure_when_it_is_incomplete(self):
        self.refused("feed", "p", stdin=b'{"n":\n1\n', message="invalid json input", **USAGE)

    def test_b2_2_joined_resync__begins_anew_at_a_bracket_under_skip(self):
        stored, skips = self.skipped(b'{"n":\n{"n":2}\n{"n":3}\n')
        self.assertEqual(stored, [{"n": 2}, {"n": 3}])
        self.assertEqual([(details["error_kind"], details["mode"]) for details in skips], [("Parse", "jsonl")])

    def test_b2_2_joined_stop__appends_a_line_with_a_bracket(self):
        self.assertEqual(self.fed(b'{"n":\n{"m":2}\n}\n'), [{"n": {"m": 2}}])

    # One value, sequences, events, concatenated values.

    def test_b2_2_json__is_the_whole_input(self):
        self.assertEqual(self.fed(b"\n" + PRETTY, "--in", "json"), [PRETTY_VALUE])
        self.refused("feed", "p", "--in", "json", stdin=b'{"n":1}\n{"n":2}\n', message="invalid json input", **USAGE)
        self.refused("feed", "p", "--in", "json", stdin=b" \n", message="missing data input", **USAGE)
        self.refused("feed", "p", "--in", "json", stdin=of_size(LIMIT + 1), message="record exceeds size limit",
                     **USAGE)

    def test_b2_2_seq__has_rs_between_records(self):
        for text in (RS + b'{"n":1}\n' + RS + PRETTY, b'{"n":1}' + RS + PRETTY, RS + RS + b'\n' + RS + b'{"n":1}'
                     + RS + b" \n" + RS + PRETTY):
            self.assertEqual(self.fed(text, "--in", "seq"), [{"n": 1}, PRETTY_VALUE])

    def test_b2_2_seq_limit__costs_one_record(self):
        stored, skips = self.skipped(RS + of_size(LIMIT + 1) + RS + b'{"n":1}', "--in", "seq")
        self.assertEqual((stored, skips[0]["error_kind"]), ([{"n": 1}], "Oversize"))

    def test_b2_2_seq_utf8__becomes_replacement_characters(self):
        self.assertEqual(self.fed(RS + b'{"s":"a\xffb"}\n', "--in", "seq"), [{"s": "a\ufffdb"}])

    def test_b2_2_event__joins_data_lines_and_ignores_the_rest(self):
        text = (b': hello\nevent: x\nid: 7\nretry: 9\nother: y\ndata: {"n":\ndata:1}\n\n\n\n'
                b'data:  {"n":2}\n\ndata: {"n":3}')
        self.assertEqual(self.fed(text), [{"n": 1}, {"n": 2}, {"n": 3}])

    def test_b2_2_event_limit__costs_one_event(self):
        stored, skips = self.skipped(b"data: " + of_size(LIMIT + 1) + b'\n\ndata: {"n":1}\n\n')
        self.assertEqual((stored, skips[0]["error_kind"]), ([{"n": 1}], "Oversize"))

    def test_b2_2_jq__has_values_one_after_the_other(self):
        self.assertEqual(self.fed(b'{"n":1}{"n":2}  {"n":3}\n' + PRETTY, "--in", "jq"),
                         [{"n": 1}, {"n": 2}, {"n": 3}, PRETTY_VALUE])
        self.refused("feed", "p", "--in", "jq", stdin=b" \n", message="missing data input", **USAGE)

    def test_b2_2_jq_truncated__is_a_failure_after_what_came_before(self):
        result = self.pls("feed", "p", "--in", "jq", stdin=b'{"n":1}{"n":', code=2)
        error = self.error(result)
        self.assertEqual((error["message"], len(result.stdout.splitlines())), ("invalid json input", 1))
        self.assertIn("--in jsonl", error["hint"])
        self.pls("feed", "p", "--in", "jq", stdin=b'{"s":"\xff"}', code=2)

    def test_b2_2_jq_skip__is_refused_at_once(self):
        self.refused("feed", "p", "--in", "jq", "-e", "skip", stdin=b"{}",
                     message="skip is not supported for jq-style streams", **USAGE)
        self.assertEqual(self.data("p"), [])

    def test_b2_2_objects__are_all_that_is_stored(self):
        for mode, text in (("auto", b"[1]\n"), ("jsonl", b"1\n"), ("json", b"[{}]"), ("seq", RS + b'"s"'),
                           ("jq", b"null"), ("auto", b"data: [1]\n\n")):
            self.refused("feed", "p", "--in", mode, stdin=text, message="data must be object", **USAGE)

    # Bad records.

    def test_b2_3_stop_parse__ends_with_what_came_before_stored(self):
        result = self.pls("feed", "p", stdin=b'{"n":1}\nnope\n{"n":2}\n', code=2)
        error = self.error(result)
        self.assertEqual((error["kind"], error["message"]), ("Usage", "invalid json input"))
        self.assertIn("skip", error["hint"])
        self.assertEqual((len(result.stdout.splitlines()), self.data("p")), (1, [{"n": 1}]))

    def test_b2_3_stop_oversize__ends_likewise(self):
        result = self.pls("feed", "p", stdin=b'{"n":1}\n' + of_size(LIMIT + 1) + b'\n{"n":2}\n', code=2)
        self.assertEqual(self.error(result)["message"], "record exceeds size limit")
        self.assertEqual(self.data("p"), [{"n": 1}])

    def test_b2_3_stop_refused__says_why_and_exits_2(self):
        self.create("small", size="64K")
        self.refused("feed", "small", stdin=of_size(60_000), message="exceeds", **USAGE)

    def test_b2_3_read_error__is_an_io_error_under_both_policies(self):
        for policy in ("stop", "skip"):
            self.refused("feed", "p", "-f", self.dir, "-e", policy, code=8, kind="Io")

    def test_b2_3_skip_parse__is_a_notice_with_these_details(self):
        stored, skips = self.skipped(b'{"n":1}\n\nnope\n{"n":2}\n')
        self.assertEqual(stored, [{"n": 1}, {"n": 2}])
        details, = skips
        want = {"error_kind": "Parse", "index": 2, "line": 3, "mode": "jsonl", "pool_path": str(self.path("p")),
                "snippet": "nope"}
        self.assertEqual({key: details[key] for key in want}, want)
        notice = self.notices(self.result.stderr)[0]
        self.assertEqual((notice["cmd"], notice["kind"], notice["message"]),
                         ("feed", "ingest_skip", "Skipped invalid JSON."))

    def test_b2_3_skip_oversize__is_a_notice_of_its_own(self):
        self.skipped(of_size(LIMIT + 1) + b"\n")
        notice = self.notices(self.result.stderr)[0]
        self.assertEqual((notice["kind"], notice["message"], notice["details"]["error_kind"]),
                         ("ingest_skip", "Skipped oversized record.", "Oversize"))

    def test_b2_3_skip_modes__are_named_in_the_notice(self):
        for mode, text, name, has_line in (("jsonl", b"x\n", "jsonl", True), ("auto", b"x\n", "jsonl", True),
                                           ("json", b"x", "json", False), ("seq", RS + b"x\n", "seq", False),
                                           ("auto", b"data: x\n\n", "event", True)):
            _, (details,) = self.skipped(text, "--in", mode)
            self.assertEqual((details["mode"], "line" in details), (name, has_line))

    def test_b2_3_snippet__has_200_bytes_at_most(self):
        for length, snippet in ((200, "x" * 200), (201, "x" * 197 + "...")):
            _, (details,) = self.skipped(b"x" * length + b"\n")
            self.assertEqual(details["snippet"], snippet)

    def test_b2_3_summary__counts_and_exits_1(self):
        self.skipped(b'{"n":1}\nx\ny\n{"n":2}\n{"n":3}\n')
        self.assertEqual((self.summary["kind"], self.summary["message"], self.summary["details"]),
                         ("ingest_summary", "Finished with 2 skipped records.",
                          {"failed": 2, "ok": 3, "pool_path": str(self.path("p")), "total": 5}))
        self.skipped(b"x\n")
        self.assertEqual(self.summary["message"], "Finished with 1 skipped record.")

    def test_b2_3_receipts__are_in_the_order_of_the_input(self):
        text = b'{"n":1}\nx\n{"n":2}\n{"n":3}\n'
        result = self.pls("feed", "p", "-e", "skip", stdin=text, code=1)
        self.assertEqual([json.loads(line)["seq"] for line in result.stdout.splitlines()], [1, 2, 3])
        self.assertEqual(self.data("p"), [{"n": 1}, {"n": 2}, {"n": 3}])


if __name__ == "__main__":
    unittest.main()
