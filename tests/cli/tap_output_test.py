"""tap: what the command prints is passed on and stored, byte for byte."""

import hashlib
import random
import unittest

from tap_harness import TapTest, python


class Output(TapTest):
    def check(self, stdout, stderr=b""):
        """Prints the bytes through tap: passed on and stored exactly."""
        (self.dir / "out").write_bytes(stdout)
        (self.dir / "err").write_bytes(stderr)
        result = self.tap("sh", "-c", f"cat {self.dir}/out; cat {self.dir}/err >&2")
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.stdout == stdout, "stdout is passed on")
        self.assertTrue(result.stderr == stderr, "stderr is passed on")
        self.assertTrue(self.stored("stdout") == stdout, "stdout is stored")
        self.assertTrue(self.stored("stderr") == stderr, "stderr is stored")

    def test_a_hundred_thousand_lines(self):
        expected = "".join(f"{n}\n" for n in range(1, 100_001)).encode()
        result = self.tap("seq", "1", "100000")
        self.assertEqual(result.returncode, 0)
        digest = hashlib.sha256(expected).hexdigest()
        self.assertEqual(hashlib.sha256(result.stdout).hexdigest(), digest)
        self.assertEqual(hashlib.sha256(self.stored()).hexdigest(), digest)
        self.assertEqual(len(self.records("line")), 100_000)

    def test_both_streams_at_once(self):
        script = """
import os
for n in range(20000):
    os.write(1, b"out %d\\n" % n)
    os.write(2, b"err %d\\n" % n)
"""
        result = self.tap(*python(script))
        self.assertEqual(result.returncode, 0)
        for stream, passed in (("stdout", result.stdout), ("stderr", result.stderr)):
            word = stream[3:].encode()
            expected = b"".join(b"%s %d\n" % (word, n) for n in range(20000))
            self.assertTrue(passed == expected, f"{stream} is passed on")
            self.assertTrue(self.stored(stream) == expected, f"{stream} is stored")

    def test_the_last_line_needs_no_newline(self):
        self.check(b"one\ntwo", b"three")
        self.assertEqual(
            sorted((r["line"], r.get("eol", "\n")) for r in self.records("line")),
            [("one", "\n"), ("three", ""), ("two", "")],
        )

    def test_line_ends_of_every_kind(self):
        self.check(b"\n\r\n\n10%\r20%\r100%\r\nlast\r")
        self.assertEqual(self.records("line")[0]["line"], "")
        self.assertEqual(self.records("line")[-1], {
            "eol": "\r", "kind": "line", "line": "last", "stream": "stdout"})

    def test_nul_and_random_bytes(self):
        self.check(b"a\0b\n" + random.Random(1).randbytes(1_000_000), random.Random(2).randbytes(70_000))

    def test_text_that_is_not_utf8_is_readable(self):
        self.check("café\n".encode("latin-1"))
        self.assertEqual(self.records("line")[0]["line"], "caf\ufffd")
        self.assertEqual(self.records("line")[0]["line_base64"], "Y2Fm6Q==")

    def test_a_line_of_64_kib_is_one_record(self):
        self.check(b"x" * 65536 + b"\n")
        self.assertEqual([len(r["line"]) for r in self.records("line")], [65536])

    def test_a_line_of_8_mib_becomes_parts(self):
        self.check("ä".encode() * (4 << 20) + b"\nnext\n")
        parts = [r["part"] for r in self.records("line") if "part" in r]
        self.assertEqual([p["n"] for p in parts], list(range(9)))
        self.assertEqual([p["last"] for p in parts], [False] * (len(parts) - 1) + [True])
        self.assertEqual(len({p["id"] for p in parts}), 1)
        self.assertFalse([r for r in self.records("line") if "line_base64" in r])

    def test_no_output_at_all(self):
        self.check(b"")
        self.assertEqual([m["data"]["kind"] for m in self.messages()], ["start", "exit"])

    def test_quiet_stores_and_prints_nothing(self):
        result = self.tap("sh", "-c", "echo out; echo err >&2", options=["-q"])
        self.assertEqual((result.stdout, result.stderr), (b"", b""))
        self.assertEqual(self.stored("stdout"), b"out\n")
        self.assertEqual(self.stored("stderr"), b"err\n")

    def test_tags_are_on_the_lines_only(self):
        self.tap("echo", "text", options=["--tag", "ci", "--tag", "linux"])
        self.assertEqual(
            [(m["data"]["kind"], m["meta"]["tags"]) for m in self.messages()],
            [("start", ["lifecycle"]), ("line", ["ci", "linux"]), ("exit", ["lifecycle"])],
        )

    def test_a_small_pool_takes_long_lines_in_parts(self):
        line = b"y" * 15_000 + b"\n"
        (self.dir / "out").write_bytes(line)
        result = self.tap("cat", str(self.dir / "out"), options=["--create-size", "64K"])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.stored(), line)

    def test_flush_stores_the_same(self):
        self.tap("seq", "1", "100", options=["--durability", "flush"])
        self.assertEqual(self.stored(), b"".join(b"%d\n" % n for n in range(1, 101)))


if __name__ == "__main__":
    unittest.main()
