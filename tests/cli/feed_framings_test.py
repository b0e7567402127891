"""feed --in: every framing, and auto, which finds it out and withholds nothing meanwhile."""

import json
import unittest

from cli_harness import SANITIZED, CliTest, read_line

RS = b"\x1e"
PRETTY = b'{\n  "n": 1,\n  "list": [\n    {"m": 2},\n    {}\n  ]\n}\n'


class FeedFramings(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def fed(self, text, *options, code=0):
        """What the text becomes in the pool, and the result of the command."""
        before = len(self.data("p"))
        result = self.pls("feed", "p", *options, stdin=text, code=code)
        return self.data("p")[before:], result

    def test_seq(self):
        text = RS + b'{"n":1}\n' + RS + PRETTY + RS + b'{"n":3}'
        want = [{"n": 1}, {"n": 1, "list": [{"m": 2}, {}]}, {"n": 3}]
        for options in ([], ["--in", "seq"], ["-i", "auto"]):
            with self.subTest(options):
                self.assertEqual(self.fed(text, *options)[0], want)
        self.assertEqual(self.fed(b'{"n":1}\n' + RS + b'{"n":2}\n')[0], [{"n": 1}, {"n": 2}])

    def test_seq_replaces_bytes_that_are_not_utf8(self):
        self.assertEqual(self.fed(RS + b'{"s":"a\xffb"}\n')[0], [{"s": "a\ufffdb"}])

    def test_seq_tells_truncated_records(self):
        text = RS + b'{"n":1}\n' + RS + b'{"n":' + RS + b'{"n":3}\n' + RS + b"12"
        data, result = self.fed(text, "-e", "skip", code=1)
        self.assertEqual(data, [{"n": 1}, {"n": 3}])
        first, second, summary = self.notices(result.stderr)
        self.assertEqual(first["details"], {
            "error_kind": "Parse", "index": 2, "mode": "seq", "offset": 10,
            "pool_path": str(self.path("p")), "snippet": '{"n":',
            "reason": "invalid json: the text ends too early at byte 5"})
        self.assertIn("cut off", second["details"]["reason"])
        self.assertEqual(summary["details"]["total"], 4)

    def test_event_streams(self):
        for line_end in (b"\n", b"\r\n", b"\r"):
            with self.subTest(line_end):
                text = (b': hello\n\nretry: 50\nevent: x\nid: 7\ndata: {"n":\ndata:1}\n\n'
                        b'data\n\nunknown: x\n\ndata: {"n":2}\n\ndata: {"n":3}')
                data, _ = self.fed(text.replace(b"\n", line_end))
                self.assertEqual(data, [{"n": 1}, {"n": 2}, {"n": 3}])

    def test_event_streams_are_found_by_auto_only(self):
        error = self.refused("feed", "p", "--in", "event", stdin=b"data: {}\n\n", code=2, kind="Usage",
                             message="invalid value 'event' for '--in'", hint="auto")
        self.assertNotIn("path", error)
        self.pls("feed", "p", "--in", "jsonl", stdin=b"data: {}\n\n", code=2)

    def test_a_bad_event_does_not_end_skip(self):
        big = b'data: {"big":"' + b"x" * (1 << 20) + b'"}\n\n'
        text = b'data: {"n":1}\n\n' + big + b'data: [DONE]\n\ndata: {"s":"\xff"}\n\ndata: {"n":2}\n\n'
        data, result = self.fed(text, "-e", "skip", code=1)
        self.assertEqual(data, [{"n": 1}, {"n": 2}])
        *skips, summary = self.notices(result.stderr)
        self.assertEqual([(n["details"]["error_kind"], n["details"]["mode"], n["details"]["line"])
                          for n in skips],
                         [("Oversize", "event", 3), ("Parse", "event", 5), ("Parse", "event", 7)])
        self.assertEqual(skips[0]["message"], "Skipped oversized record.")
        self.assertEqual(summary["details"], {
            "failed": 3, "ok": 2, "pool_path": str(self.path("p")), "total": 5})

    def test_records_that_span_lines(self):
        want = [{"n": 1, "list": [{"m": 2}, {}]}, {"n": 2}]
        self.assertEqual(self.fed(PRETTY + b'{"n":2}\n')[0], want)
        self.assertEqual(self.fed(PRETTY.replace(b"\n", b"\r\n") + b'{"n":2}\n')[0], want)
        self.refused("feed", "p", "--in", "jsonl", stdin=PRETTY, code=2, kind="Usage",
                     message="invalid json input")

    def test_a_truncated_record_that_could_go_on_costs_itself_only(self):
        data, result = self.fed(b'{"n":1}\n{"n":\n{"n":2}\n{"n":3}\n', "-e", "skip", code=1)
        self.assertEqual(data, [{"n": 1}, {"n": 2}, {"n": 3}])
        details = self.notices(result.stderr)[0]["details"]
        self.assertEqual((details["index"], details["line"], details["offset"], details["mode"],
                          details["snippet"]), (2, 2, 8, "jsonl", '{"n":'))

    def test_one_value(self):
        self.assertEqual(self.fed(b"\n" + PRETTY + b"\n", "--in", "json")[0],
                         [{"n": 1, "list": [{"m": 2}, {}]}])
        self.refused("feed", "p", "--in", "json", stdin=b'{"n":1}\n{"n":2}\n', code=2, kind="Usage",
                     message="invalid json input", hint="--in jq")
        self.refused("feed", "p", "--in", "json", stdin=b'[{"n":1}]', code=2, kind="Usage",
                     message="data must be object")
        self.refused("feed", "p", "--in", "json", stdin=b'{"s":"\xff"}', code=8, kind="Io",
                     message="not UTF-8")
        data, result = self.fed(b'{"n":', "--in", "json", "-e", "skip", code=1)
        self.assertEqual(data, [])
        details = self.notices(result.stderr)[0]["details"]
        self.assertEqual((details["mode"], details["index"]), ("json", 1))
        self.assertNotIn("line", details)

    def test_concatenated_values(self):
        data, _ = self.fed(b'{"n":1}{"n":2}\n' + PRETTY + b'\t{"n":"}{"}', "--in", "jq")
        self.assertEqual(data, [{"n": 1}, {"n": 2}, {"n": 1, "list": [{"m": 2}, {}]}, {"n": "}{"}])
        for bad in (b'{"n":1}{"n":', b'{"n":1}{"s":"\xff"}', b'{"n":1}nope'):
            result = self.pls("feed", "p", "--in", "jq", stdin=bad, code=2)
            error = self.error(result)
            self.assertEqual((error["kind"], error["message"], error["offset"]),
                             ("Usage", "invalid json input", 7))
            self.assertIn("--in jsonl", error["hint"])
            self.assertEqual(len(result.stdout.splitlines()), 1, "what came before is stored")

    def test_concatenated_values_cannot_be_skipped(self):
        self.refused("feed", "p", "--in", "jq", "-e", "skip", stdin=b"{}", code=2, kind="Usage",
                     message="skip is not supported for jq-style streams")
        self.pls("feed", "p", "{}", "--in", "jq", "-e", "skip")  # nothing is read: it has no meaning

    def test_the_limit_is_the_same_for_concatenated_values(self):
        oversized = b'{"a":"' + b"x" * (1 << 20) + b'"}'
        result = self.pls("feed", "p", "--in", "jq", stdin=b'{"n":1}' + oversized, code=2)
        self.assertEqual(self.error(result)["message"], "record exceeds size limit")
        self.assertEqual(self.data("p"), [{"n": 1}])

    def test_no_input(self):
        for mode, text in (("auto", b"\n \n"), ("json", b" \n"), ("jq", b"\n"), ("seq", RS + b"\n" + RS),
                           ("auto", b": comment\n\ndata\n\n"), ("auto", b"\xef\xbb\xbf")):
            with self.subTest(mode=mode, text=text):
                self.refused("feed", "p", "--in", mode, stdin=text, code=2, kind="Usage",
                             message="missing data input")

    def test_a_byte_order_mark_in_front_of_anything(self):
        for text in (b'{"n":1}\n', RS + b'{"n":1}\n', b'data: {"n":1}\n\n'):
            self.assertEqual(self.fed(b"\xef\xbb\xbf" + text)[0], [{"n": 1}])

    def test_nothing_complete_is_withheld(self):
        framings = {
            "lines": [b'{"n":1}\n', b'{\n"n":\n2\n}\n', b'{"n":3}\n'],
            "sequence": [RS + b'{"n":1}', b"\n" + RS + b'{"n":2}\n', RS + b'{"n":3}'],
            "events": [b"d", b'ata: {"n":1}\n\n', b'data: {"n":2}\r\n\r', b'\ndata: {"n":3}\r\r'],
        }
        for name, chunks in framings.items():
            with self.subTest(name):
                feed = self.start("feed", "p", bufsize=0)
                stored = 0
                for chunk in chunks:
                    feed.stdin.write(chunk)
                    if len(chunk) > 1:
                        read_line(feed.stdout)  # while the input stays open
                        stored += 1
                self.assertEqual(stored, 3)
                feed.stdin.close()
                self.assertEqual(feed.wait(10), 0)

    def test_errors_of_the_pool_keep_their_kind(self):
        self.create("small", size="64K")
        large = b'{"a":"' + b"x" * 30_000 + b'"}'
        for mode, text in (("auto", large), ("seq", RS + large), ("json", large), ("jq", large),
                           ("auto", b"data: " + large), ("auto", large.replace(b":", b":\n"))):
            with self.subTest(mode=mode):
                self.refused("feed", "small", "--in", mode, stdin=text, code=2, kind="Usage",
                             message="exceeds", hint="Create the pool larger", path=self.path("small"))
                if mode == "jq":
                    continue
                result = self.pls("feed", "small", "--in", mode, "-e", "skip", stdin=text, code=1)
                self.assertEqual(self.notices(result.stderr)[0]["message"], "Skipped oversized record.")

    def test_a_pool_that_goes_away_is_told_as_such(self):
        for mode, text in (("seq", RS + b"{}"), ("jq", b"{}"), ("auto", b"data: {}\n\n")):
            with self.subTest(mode):
                self.create("gone")
                feed = self.start("feed", "gone", "--in", mode, "-e", "stop" if mode == "jq" else "skip",
                                  bufsize=0)
                feed.stdin.write(text)
                read_line(feed.stdout)
                self.pls("pool", "delete", "gone")
                feed.stdin.write(text)
                feed.stdin.close()
                self.assertEqual(feed.wait(10), 3)
                self.assertEqual(json.loads(feed.stderr.read())["error"]["kind"], "NotFound")

    def test_64_mib_without_an_end_in_little_memory(self):
        beginnings = {"lines": b'{"a":"', "sequence": RS + b'{"a":"', "events": b"data: ", "comment": b":"}
        block = b"x" * (1 << 20)
        for name, beginning in beginnings.items():
            with self.subTest(name):
                feed = self.start("feed", "p", "-e", "skip", preexec_fn=None if SANITIZED else limit_memory)
                feed.stdin.write(beginning)
                for _ in range(64):
                    feed.stdin.write(block)
                _, stderr = feed.communicate(timeout=60)
                self.assertEqual(feed.returncode, 2 if name == "comment" else 1, stderr)


def limit_memory():
    import resource
    resource.setrlimit(resource.RLIMIT_DATA, (32 << 20, 32 << 20))


if __name__ == "__main__":
    unittest.main()
