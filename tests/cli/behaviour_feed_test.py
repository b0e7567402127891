"""Rows B1.6-feed of spec/cli-behaviour.md: the options of feed and what it prints."""

import fcntl
import json
import os
import time
import unittest

from cli_harness import CliTest, read_line

USAGE = dict(code=2, kind="Usage")


class Feed(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="1M")

    def write(self, text):
        path = self.dir / "input"
        path.write_bytes(text)
        return path

    # Input.

    def test_b1_6_feed_data__is_one_value_on_the_command_line(self):
        self.pls("feed", "p", '{"a":1}')
        self.assertEqual(self.data("p"), [{"a": 1}])

    def test_b1_6_feed_file__is_read_and_a_dash_is_stdin(self):
        path = self.write(b'{"a":1}\n{"a":2}\n')
        self.pls("feed", "p", "--file", path)
        self.pls("feed", "p", "-f", "-", stdin=b'{"a":3}\n')
        self.assertEqual(self.data("p"), [{"a": 1}, {"a": 2}, {"a": 3}])

    def test_b1_6_feed_file_and_data__exclude_each_other(self):
        self.refused("feed", "p", "{}", "--file", "x", message="cannot be used with", **USAGE)

    def test_b1_6_feed_stdin__is_read_when_it_is_no_terminal(self):
        self.pls("feed", "p", stdin=b'{"a":1}\n')
        self.assertEqual(self.data("p"), [{"a": 1}])

    def test_b1_6_feed_no_input__names_the_three_ways(self):
        master, slave = os.openpty()
        error = self.refused("feed", "p", "--tag", "x", stdin=slave, message="missing data input", **USAGE)
        os.close(master)
        os.close(slave)
        for word in ("DATA", "--file", "pipe JSON"):
            self.assertIn(word, error["hint"])

    def test_b1_6_feed_no_records__is_missing_input(self):
        for text in (b"", b"\n \n"):
            self.refused("feed", "p", stdin=text, message="missing data input", **USAGE)
            self.refused("feed", "p", "-f", self.write(text), message="missing data input", **USAGE)

    def test_b1_6_feed_pool_first__it_is_opened_before_input_is_read(self):
        feed = self.start("feed", "gone")  # whose stdin stays open
        self.assertEqual(feed.wait(30), 3)
        self.pls("feed", "made", "--create", stdin=b"nope", code=2)
        self.assertTrue(self.path("made").is_file())

    def test_b1_6_feed_data_wrong__is_a_usage_error(self):
        self.assertTrue(self.refused("feed", "p", '{"a":', message="invalid json", **USAGE)["causes"])
        for text in ("[]", "1", '"s"', "null"):
            self.refused("feed", "p", text, message="data must be object", **USAGE)
        self.assertEqual(self.data("p"), [])

    def test_b1_6_feed_file_missing__is_an_io_error_with_path(self):
        path = self.dir / "none"
        self.refused("feed", "p", "-f", path, code=8, kind="Io", message="failed to read data file", path=path)

    # Options.

    def test_b1_6_feed_tags__keep_order_and_repeats(self):
        tags = ["b", "a", "b", "x y", "ü"]
        words = [word for tag in tags for word in ("--tag", tag)]
        self.pls("feed", "p", "{}", *words)
        self.pls("feed", "p", *words, stdin=b"{}\n{}\n")
        self.assertEqual([message["meta"]["tags"] for message in self.retained("p")], [tags] * 3)

    def test_b1_6_feed_empty_values__are_values(self):
        self.pls("feed", "p", "{}", "--tag=", "--tag", "", "--tag=a=b")
        self.assertEqual(self.retained("p")[0]["meta"]["tags"], ["", "", "a=b"])

    def test_b1_6_feed_create__makes_a_missing_pool_and_opens_another(self):
        self.pls("feed", "new", '{"a":1}', "--create", "--create-size", "128K")
        self.pls("feed", "new", '{"a":2}', "--create")
        self.assertEqual((self.data("new"), self.info("new")["file_size"]), ([{"a": 1}, {"a": 2}], 131072))
        self.refused("feed", "q", "{}", "--create-size", "1M", message="--create-size requires --create",
                     **USAGE)

    def test_b1_6_feed_retry__waits_for_the_lock(self):
        holder = self.path("p").open("r+b")
        fcntl.flock(holder, fcntl.LOCK_EX)
        feed = self.start("feed", "p", '{"a":1}', "--retry", "500", "--retry-delay", "20ms",
                          "--lock-timeout", "1ms")
        time.sleep(0.1)
        self.assertIsNone(feed.poll())
        holder.close()
        self.assertEqual(feed.wait(30), 0)

    def test_b1_6_feed_retry_fails__and_says_how_often_it_tried(self):
        with self.path("p").open("r+b") as holder:
            fcntl.flock(holder, fcntl.LOCK_EX)
            error = self.refused("feed", "p", "{}", "--retry", "2", "--retry-delay", "5ms", "--lock-timeout",
                                 "5ms", code=5, kind="Busy")
        self.assertRegex(error["hint"], r"Retry attempts: 2 \(waited \d+ms\)\.")

    def test_b1_6_feed_retry_delay__needs_retry(self):
        for words in ([], ["--retry", "0"]):
            self.refused("feed", "p", "{}", "--retry-delay", "1s", *words,
                         message="--retry-delay requires --retry", hint="Add --retry", **USAGE)

    def test_b1_6_feed_remote_options__need_a_remote_pool(self):
        for flag in (["--token", "t"], ["--token-file", "f"], ["--tls-ca", "f"], ["--tls-skip-verify"],
                     ["--token", "t", "--token-file", "f"]):
            self.refused("feed", "p", "{}", *flag,
                         message="feed remote auth/TLS flags require a remote http(s) pool ref", **USAGE)

    def test_b1_6_feed_check_order__is_the_documented_one(self):
        words = ["feed", "x://h/p", "nope", "--create-size", "1M", "--retry-delay", "x", "--durability", "x",
                 "--token", "t"]
        self.refused(*words, message="remote pool ref", **USAGE)
        words[1] = "gone"
        self.refused(*words, message="--create-size requires --create", **USAGE)
        words.append("--create")
        self.refused(*words, message="--retry-delay requires --retry", **USAGE)
        words += ["--retry", "1"]
        self.refused(*words, message="invalid durability", **USAGE)
        words[words.index("--durability") + 1] = "fast"
        self.refused(*words, message="invalid duration", **USAGE)
        words[words.index("--retry-delay") + 1] = "1s"
        self.refused(*words, message="remote auth/TLS flags", **USAGE)
        del words[words.index("--token"):words.index("--token") + 2]
        words.remove("--create")
        del words[words.index("--create-size"):words.index("--create-size") + 2]
        self.refused(*words, code=3, kind="NotFound")
        self.refused("feed", "p", *words[2:], message="invalid json", **USAGE)

    def test_b1_6_feed_in_without_meaning__for_data(self):
        for mode in ("auto", "jsonl", "json", "seq", "jq"):
            self.pls("feed", "p", "{}", "--in", mode)
        self.refused("feed", "p", "{}", "--in", "xml", message="invalid value 'xml'", **USAGE)

    # Output.

    def test_b1_6_feed_receipts__are_lines_in_order_as_records_are_stored(self):
        result = self.pls("feed", "p", "--tag", "t", stdin=b'{"a":1}\n{"a":2}\n{"a":3}\n')
        receipts = [json.loads(line) for line in result.stdout.splitlines()]
        stored = self.retained("p")
        self.assertEqual(receipts, [{key: message[key] for key in ("meta", "seq", "time")} for message in stored])
        self.assertEqual([receipt["seq"] for receipt in receipts], [1, 2, 3])
        self.assertEqual(result.stderr, b"")

    def test_b1_6_feed_receipt_at_once__follows_each_record_while_input_goes_on(self):
        feed = self.start("feed", "p", bufsize=0)
        for n in (1, 2):
            feed.stdin.write(b'{"n":%d}\n' % n)
            self.assertEqual(json.loads(read_line(feed.stdout))["seq"], n)

    def test_b1_6_feed_receipt_terminal__is_a_line_for_people(self):
        shown = self.on_terminal("feed", "p", "{}", "--tag", "a", "--tag", "b")
        self.assertRegex(shown, r"^fed seq=1 at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  tags: a,b\n$")


if __name__ == "__main__":
    unittest.main()
