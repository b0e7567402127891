"""duplex: both directions in one process, and which end of which side ends it."""

import json
import os
import pty
import select
import subprocess
import time
import unittest

from cli_harness import TIMEOUT, CliTest, quickest, read_line


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


class Duplex(CliTest):
    def read_terminal(self, master, until):
        shown = b""
        deadline = time.monotonic() + TIMEOUT
        while until not in shown:
            ready, _, _ = select.select([master], [], [], max(0, deadline - time.monotonic()))
            self.assertTrue(ready, shown)
            shown += os.read(master, 65536)
        return shown

    def shown(self, result):
        return [json.loads(line)["data"] for line in result.stdout.splitlines()]

    def test_both_directions(self):
        self.create("chat")
        a = self.start("duplex", "chat", "--me", "a", "--jsonl", bufsize=0)
        b = self.start("duplex", "chat", "--me", "b", "--jsonl", bufsize=0)
        # Until both are there, so that neither misses the other's first message.
        for process, name in ((a, "a"), (b, "b")):
            process.stdin.write(lines({"from": "start", "of": name}))
            while json.loads(read_line(process.stdout))["data"].get("of") != name:
                pass
        a.stdin.write(lines({"from": "a", "n": 1}))
        while (seen := json.loads(read_line(b.stdout))["data"]) != {"from": "a", "n": 1}:
            self.assertEqual(seen["from"], "start")
        b.stdin.write(lines({"from": "b", "n": 2}))
        while (seen := json.loads(read_line(a.stdout))["data"]) != {"from": "b", "n": 2}:
            self.assertEqual(seen["from"], "start", "its own message is hidden")
        for process in (a, b):
            process.stdin.close()
            self.assertEqual(process.wait(TIMEOUT), 0)
            self.assertEqual(process.stderr.read(), b"")

    def test_the_end_of_stdin_prints_what_is_there(self):
        """Everything that is in the pool by then, however much, also what stdin itself brought."""
        self.create("p", size="16M")
        records = [{"n": n} for n in range(20000)]
        self.feed("p", *records)
        result = self.pls("duplex", "p", "--jsonl", "--since", "1h", stdin=lines({"n": "last"}))
        self.assertEqual(self.shown(result), [*records, {"n": "last"}])
        self.assertEqual(self.shown(self.pls("duplex", "p", "--jsonl", stdin=lines({"n": 1}))), [{"n": 1}])
        result = self.pls("duplex", "p", "--jsonl", "-n", "2", "--me", "x",
                          stdin=lines({"from": "x"}, {"from": "y"}))
        self.assertEqual(self.shown(result), [{"n": "last"}, {"n": 1}, {"from": "y"}])

    def test_a_slow_reader_gets_all_of_it(self):
        self.create("p", size="16M")
        self.feed("p", *({"text": "x" * 500, "n": n} for n in range(5000)))
        duplex = self.start("duplex", "p", "--jsonl", "--since", "1h")
        duplex.stdin.write(lines({"n": "last"}))
        duplex.stdin.close()
        while not any(record.get("n") == "last" for record in self.data("p")[-1:]):
            pass  # sent and at its end, while nobody has read its output
        self.assertIsNone(duplex.poll())
        got = duplex.stdout.read().splitlines()
        self.assertEqual(duplex.wait(TIMEOUT), 0)
        self.assertEqual(len(got), 5001)
        self.assertEqual(json.loads(got[-1])["data"], {"n": "last"})

    def test_ends_at_once_in_an_idle_pool(self):
        self.create("p")
        took = quickest(lambda: self.pls("duplex", "p", stdin=b"{}"), enough=0.5, attempts=10)
        self.assertLess(took, 0.9, "it does not sleep out a second")

    def test_own_messages(self):
        self.create("p")
        mine = lines({"from": "me", "big": 1}, {"from": "ME"}, {"from": ["me"]}, {"x": {"from": "me"}})
        mine += b'{"from":"x","\\u0066rom":"me","n":1e400}\n'
        result = self.pls("duplex", "p", "--me", "me", "--jsonl", stdin=mine)
        self.assertEqual([json.loads(line)["seq"] for line in result.stdout.splitlines()], [2, 3, 4])
        result = self.pls("duplex", "p", "--me", "me", "--jsonl", "--echo-self", stdin=mine)
        self.assertEqual(result.stdout.count(b"\n"), 5)
        self.assertEqual(self.pls("duplex", "p", "--jsonl", stdin=mine).stdout.count(b"\n"), 5)

    def test_formats(self):
        self.create("p")
        pretty = self.pls("duplex", "p", stdin=b'{"n":1}').stdout.decode()
        self.assertTrue(pretty.startswith('{\n  "data": {\n    "n": 1\n  },\n'), pretty)
        self.assertEqual(self.pls("duplex", "p", "--format", "jsonl", stdin=b'{"n":1}').stdout.count(b"\n"), 1)
        # stdin in any framing that feed finds out by itself.
        seq = self.pls("duplex", "p", "--jsonl", stdin=b'\x1e{"n":2}\n\x1e{"n":\n3}\n')
        self.assertEqual(self.shown(seq), [{"n": 2}, {"n": 3}])

    def test_timeout(self):
        self.create("p")
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, write_end)
        result = self.pls("duplex", "p", "--timeout", "100ms", code=124, stdin=read_end)
        os.close(read_end)
        self.assertEqual((result.stdout, result.stderr), (b"", b""))

    def test_a_bad_record_ends_it_after_the_rest(self):
        self.create("p")
        result = self.pls("duplex", "p", "--jsonl", code=2, stdin=b'{"n":1}\n{"n":2}\nnope\n{"n":3}\n')
        self.assertEqual(self.shown(result), [{"n": 1}, {"n": 2}])
        error = self.error(result)
        self.assertEqual((error["kind"], error["message"], error["offset"]),
                         ("Usage", "invalid json input", 16))
        self.assertNotIn("--errors skip leaves", error["hint"], "duplex has no --errors")

    def test_the_pool_goes_away(self):
        self.create("p")
        duplex = self.start("duplex", "p", "--jsonl", bufsize=0)
        duplex.stdin.write(lines({"n": 1}))
        read_line(duplex.stdout)
        self.pls("pool", "delete", "p")
        self.assertEqual(duplex.wait(TIMEOUT), 3)
        self.assertIn(b'"NotFound"', duplex.stderr.read())

    def test_stdout_goes_away(self):
        self.create("p")
        duplex = self.start("duplex", "p", "--jsonl", bufsize=0)
        duplex.stdin.write(lines({"n": 1}))
        read_line(duplex.stdout)
        duplex.stdout.close()  # which is noticed although nothing more comes
        self.assertEqual(duplex.wait(TIMEOUT), 0)
        self.assertEqual(len(self.data("p")), 1)

    def test_wrong_use(self):
        usage = dict(code=2, kind="Usage")
        self.refused("duplex", "p", "--jsonl", "--format", "jsonl", message="conflicting output", **usage)
        self.refused("duplex", "p", "--format", "x", message="invalid value", **usage)
        self.refused("duplex", "p", "-n", "1", "--since", "1m", message="cannot be used with", **usage)
        self.refused("duplex", "p", "--timeout", "1", message="invalid duration", **usage)
        self.refused("duplex", "http://h/p", message="not here yet", **usage)
        error = self.refused("duplex", "p", "--me", "a b", "-n", "3", code=3, kind="NotFound",
                             hint="exact command", path=self.path("p"))
        self.assertIn('`plasmite duplex p --me "a b" --create --tail 3`', error["hint"])
        self.create("p")
        self.refused("duplex", "p", message="missing data input", **usage)
        self.pls("duplex", "p", "--since", "9999-01-01T00:00:00Z", stdin=b"{}")
        self.assertEqual(self.data("p"), [], "as for follow: nothing is that young, and it ends")

    def test_on_a_terminal(self):
        self.create("chat")
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        duplex = self.start("duplex", "chat", "--me", "alice", "--jsonl", stdin=slave, stdout=slave,
                            stderr=slave)
        os.close(slave)
        os.write(master, b"  hello \"you\"  \n\n   \n")
        while len(self.retained("chat")) < 1:
            pass
        self.feed("chat", {"from": "bob", "msg": "hi"})
        shown = self.read_terminal(master, b'"msg":"hi"')
        self.assertNotIn(b'"from":"alice"', shown)
        os.write(master, b"bye\x04\x04")  # the rest of a line, then the end
        self.assertEqual(duplex.wait(TIMEOUT), 0)
        self.assertEqual(self.data("chat"), [
            {"from": "alice", "msg": '  hello "you"  '}, {"from": "bob", "msg": "hi"},
            {"from": "alice", "msg": "bye"}])

    def test_a_terminal_needs_a_name(self):
        self.create("chat")
        for arguments in ([], ["--me", ""]):
            master, slave = pty.openpty()
            duplex = self.start("duplex", "chat", *arguments, stdin=slave)
            os.close(slave)
            out, err = duplex.communicate(timeout=TIMEOUT)
            os.close(master)
            self.assertEqual((duplex.returncode, out), (2, b""))
            self.assertIn("TTY input requires --me for duplex", json.loads(err)["error"]["message"])


if __name__ == "__main__":
    unittest.main()
