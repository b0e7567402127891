"""Rows B1.6-duplex of spec/cli-behaviour.md."""

import json
import os
import unittest

from cli_harness import TIMEOUT, CliTest, read_line

USAGE = dict(code=2, kind="Usage")


class Duplex(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="1M")

    def on_pty(self, *arguments):
        """A duplex with a terminal on stdin, and that terminal."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        process = self.start("duplex", "p", *arguments, stdin=slave)
        os.close(slave)
        return process, master

    def printed(self, result):
        return [json.loads(line)["data"] for line in result.stdout.splitlines()]

    def test_b1_6_duplex_me__is_needed_at_a_terminal(self):
        process, _ = self.on_pty()
        _, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 2)
        self.assertEqual(json.loads(err)["error"]["message"], "TTY input requires --me for duplex")

    def test_b1_6_duplex_terminal__stores_lines_that_are_not_blank(self):
        process, master = self.on_pty("--me", "ann")
        os.write(master, b"  two words \n\n   \nx\n\x04")
        self.assertEqual(process.wait(TIMEOUT), 0)
        stored = self.retained("p")
        self.assertEqual([message["data"] for message in stored],
                         [{"from": "ann", "msg": "  two words "}, {"from": "ann", "msg": "x"}])
        self.assertEqual([message["meta"]["tags"] for message in stored], [[], []])

    def test_b1_6_duplex_pipe__feeds_as_auto_and_stop_without_receipts(self):
        result = self.pls("duplex", "p", "--me", "ann", stdin=b'\x1e{"from":"ann","n":\n1}\n')
        self.assertEqual((result.stdout, self.data("p")), (b"", [{"from": "ann", "n": 1}]))
        result = self.pls("duplex", "p", "--me", "ann", stdin=b'{"from":"ann","n":2}\nnope\n{"n":3}\n', code=2)
        self.assertEqual(self.error(result)["message"], "invalid json input")
        self.assertEqual(len(self.data("p")), 2)

    def test_b1_6_duplex_no_records__is_missing_input(self):
        self.refused("duplex", "p", stdin=b"\n", message="missing data input", **USAGE)

    def test_b1_6_duplex_own__messages_are_hidden_without_echo_self(self):
        text = b'{"from":"ann"}\n{"from":"bob"}\n{"from":["ann"]}\n{"n":1}\n'
        shown = [{"from": "bob"}, {"from": ["ann"]}, {"n": 1}]
        self.assertEqual(self.printed(self.pls("duplex", "p", "--me", "ann", "--jsonl", stdin=text)), shown)
        self.assertEqual(self.printed(self.pls("duplex", "p", "--me", "ann", "--jsonl", "--echo-self", stdin=text)),
                         [{"from": "ann"}, *shown])

    def test_b1_6_duplex_end__of_stdin_is_success_and_of_time_124(self):
        self.pls("duplex", "p", "--timeout", "60s", stdin=b"{}\n")
        reading, writing = os.pipe()
        self.pls("duplex", "p", "--timeout", "20ms", stdin=reading, code=124)
        os.close(reading)
        os.close(writing)

    def test_b1_6_duplex_follow__prints_as_follow_does(self):
        self.feed("p", {"n": 1}, {"n": 2})
        self.assertEqual(self.printed(self.pls("duplex", "p", "-n", "1", "--jsonl", "--me", "a",
                                               stdin=b'{"from":"a"}')), [{"n": 2}])
        self.assertEqual(self.printed(self.pls("duplex", "p", "--since", "1h", "--format", "jsonl", "--me", "a",
                                               stdin=b'{"from":"a"}')), [{"n": 1}, {"n": 2}])
        out = self.pls("duplex", "p", "-n", "9", "--me", "a", stdin=b'{"from":"a"}').stdout
        self.assertTrue(out.startswith(b'{\n  "data": {\n    "n": 1\n'), out)

    def test_b1_6_duplex_live__both_directions_at_once(self):
        process = self.start("duplex", "p", "--me", "ann", "--jsonl", bufsize=0)
        process.stdin.write(b'{"from":"ann","n":1}\n')
        while not self.data("p"):
            pass
        self.feed("p", {"from": "bob"})
        self.assertEqual(json.loads(read_line(process.stdout))["data"], {"from": "bob"})
        process.stdin.close()
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_b1_6_duplex_since__and_tail_exclude_each_other(self):
        self.refused("duplex", "p", "--since", "1h", "-n", "1", stdin=b"{}", **USAGE)
        self.refused("duplex", "p", "--jsonl", "--format", "pretty", stdin=b"{}", **USAGE)

    def test_b1_6_duplex_future__ends_at_once(self):
        result = self.pls("duplex", "p", "--since", "2999-01-01T00:00:00Z", stdin=b"{}")
        self.assertEqual(result.stdout, b"")

    def test_b1_6_duplex_create__makes_a_missing_pool(self):
        self.pls("duplex", "new", "--create", "--me", "a", stdin=b'{"from":"a"}')
        self.assertEqual(self.data("new"), [{"from": "a"}])


if __name__ == "__main__":
    unittest.main()
