"""follow --text and fetch --text: what a command printed, as it was."""

import os
import pty
import random
import subprocess
import sys
import unittest

from cli_harness import TIMEOUT, CliTest

ALL = ["--since", "1971-01-01T00:00:00Z"]


def line(text, stream="stdout", **more):
    return {"kind": "line", "line": text, "stream": stream, **more}


def part(identifier, n, last, text, stream="stdout"):
    return line(text, stream, part={"id": identifier, "n": n, "last": last})


class TextTest(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="64M")

    def tap(self, script, *arguments):
        self.pls("tap", "p", "-q", "--", sys.executable, "-c", script, *arguments)

    def follow(self, *options, code=124):
        return self.pls("follow", "p", "--text", "--timeout", "20ms", *options, code=code)

    def text(self, *options, stderr=b"", code=124):
        result = self.follow(*(options or ALL), code=code)
        self.assertEqual(result.stderr, stderr)
        return result.stdout

    def on_two_terminals(self, *arguments, code=124):
        """What appears on stdout's terminal and on stderr's."""
        out, out_slave = pty.openpty()
        process = self.start(*arguments, stdin=subprocess.DEVNULL, stdout=out_slave)
        os.close(out_slave)
        shown = b""
        while True:
            try:
                shown += os.read(out, 65536)
            except OSError:
                break
        os.close(out)
        errors = process.stderr.read()
        self.assertEqual(process.wait(TIMEOUT), code, errors)
        return shown.replace(b"\r\n", b"\n"), errors


class Text(TextTest):
    def test_exact_bytes_of_both_streams(self):
        script = "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read());" \
                 "sys.stderr.buffer.write(open(sys.argv[2], 'rb').read())"
        out = b"plain\n\x1b[31mred\n\"\\\t\r\n\r\r\n" + random.Random(1).randbytes(300_000) + b"\0\ntail"
        err = b"".join(b"error %d\n" % n for n in range(1000)) + b"\xc3"
        (self.dir / "out").write_bytes(out)
        (self.dir / "err").write_bytes(err)
        self.tap(script, str(self.dir / "out"), str(self.dir / "err"))
        result = self.follow(*ALL)
        self.assertTrue(result.stdout == out)
        self.assertTrue(result.stderr == err)

    def test_a_line_of_many_records(self):
        # Longer than what is held back of one line, and in a pool of small records.
        self.tap("print('x' * 20_000_000, end='y')")
        self.assertGreater(self.info("p")["bounds"]["newest"], 10)
        self.assertTrue(self.text() == b"x" * 20_000_000 + b"y")

    def test_parts_in_turns_are_joined(self):
        self.feed("p", part("a", 0, False, "one "), part("b", 0, False, "three "), line("between"),
                  part("a", 1, True, "two"), line("error", "stderr"), part("b", 1, True, "four"))
        self.assertEqual(self.text(stderr=b"error\n"), b"between\none two\nthree four\n")

    def test_more_than_eight_mebibytes_are_not_held_back(self):
        piece = "x" * 1_000_000
        parts = [part("a", n, False, piece) for n in range(9)]
        self.feed("p", *parts[:8], line("held"), parts[8], line("between"), part("a", 9, True, "end"))
        self.assertTrue(self.text() == b"held\n" + b"x" * 9_000_000 + b"between\nend\n")

    def test_missing_parts_are_told(self):
        self.feed("p", part("a", 1, True, "rest"), part("b", 0, False, "unfinished"))
        result = self.follow(*ALL)
        self.assertEqual(result.stdout, b"rest\nunfinished")
        notices = self.notices(result.stderr)
        self.assertEqual([n["kind"] for n in notices], ["line_incomplete"] * 2)
        self.assertEqual([n["details"] for n in notices],
                         [{"id": "a", "stream": "stdout"}, {"id": "b", "stream": "stdout"}])

    def test_other_messages_are_passed_over_with_one_notice(self):
        self.feed("p", line("a"), {"n": 1}, {"kind": "line"}, line("x", "third"), line("b"))
        self.feed("p", {"kind": "start", "cmd": ["x"]}, {"kind": "reject"}, tags=["lifecycle"])
        result = self.follow(*ALL)
        self.assertEqual(result.stdout, b"a\nb\n")
        [notice] = self.notices(result.stderr)
        self.assertEqual((notice["kind"], notice["cmd"], notice["details"]),
                         ("text_skip", "follow", {"first_seq": 2}))

    def test_lines_of_a_terminal_end_in_cr_lf(self):
        self.feed("p", line("before"))
        self.feed("p", {"kind": "start", "pty": True, "run": "aa"}, tags=["lifecycle"])
        self.feed("p", line("a"), line("b", eol="\n"), line("c"))
        self.assertEqual(self.text(), b"before\na\r\nb\nc\r\n")
        self.assertEqual(self.text("-n", "1"), b"c\r\n", "also when it begins within the run")
        self.assertEqual(self.pls("fetch", "p", "5", "--text").stdout, b"c\r\n")
        self.assertEqual(self.pls("fetch", "p", "1", "--text").stdout, b"before\n")
        self.assertEqual(self.on_terminal("fetch", "p", "5", "--text"), "c\n")

    def test_streams_in_one_file_keep_their_order(self):
        records = [line(str(n), random.Random(n).choice(["stdout", "stderr"])) for n in range(500)]
        self.feed("p", *records)
        result = self.pls("follow", "p", "--text", "--timeout", "20ms", *ALL, code=124,
                          stderr=subprocess.STDOUT)
        self.assertEqual(result.stdout, b"".join(b"%d\n" % n for n in range(500)))

    def test_lines_count_for_tail_and_one(self):
        self.feed("p", *(line(str(n)) for n in range(5)), {"n": 1})
        self.feed("p", {"kind": "exit", "code": 0}, tags=["lifecycle"])
        self.feed("p", {"n": 2})
        self.assertEqual(self.follow("-n", "2").stdout, b"3\n4\n")
        self.assertEqual(self.follow("-n", "99").stdout, b"0\n1\n2\n3\n4\n")
        self.assertEqual(self.text("-n", "3", "--one", code=0), b"4\n")
        self.assertEqual(self.text(*ALL, "--one", code=0), b"0\n")
        self.feed("p", part("a", 0, False, "a"), part("a", 1, True, "b"), line("c"))
        self.assertEqual(self.text("--since", "1h", "--one", code=0), b"0\n")
        self.assertEqual(self.text("-n", "1"), b"c\n")

    def test_a_live_line_is_printed_at_once(self):
        follow = self.start("follow", "p", "--text", "--one", *ALL, bufsize=0)
        self.feed("p", line("now", "stderr", eol=""))
        self.assertEqual(follow.wait(TIMEOUT), 0)
        self.assertEqual((follow.stdout.read(), follow.stderr.read()), (b"", b"now"))

    def test_readers_that_go_away(self):
        self.feed("p", *(line("x" * 1000, "stderr") for _ in range(300)), line("end"))
        read, write = os.pipe()
        os.close(read)
        result = self.pls("follow", "p", "--text", *ALL, "--one", stderr=write)
        self.assertEqual(result.stdout, b"")
        result = self.pls("follow", "p", "--text", *ALL, "--timeout", "20ms", stderr=write, code=124)
        self.assertEqual(result.stdout, b"end\n", "who does not read stderr only misses it")
        self.pls("follow", "p", "--text", "-n", "1", stdout=write)
        os.close(write)

    def test_drops_are_told(self):
        self.create("small", size="64K")
        follow = self.start("follow", "small", "--text", *ALL, "--timeout", "2s")
        # Nobody reads: the pipe fills, then the ring laps the follower.
        for _ in range(30):
            self.feed("small", *(line("x" * 1000) for _ in range(200)))
        out, err = follow.communicate(timeout=TIMEOUT)
        self.assertEqual(follow.returncode, 124)
        self.assertEqual(out.replace(b"x" * 1000 + b"\n", b""), b"")
        self.assertEqual({notice["kind"] for notice in self.notices(err)}, {"drop"})

    def test_conflicting_options(self):
        for other in (["--jsonl"], ["--data-only"], ["--format", "pretty"]):
            error = self.refused("follow", "p", "--text", *other, code=2, kind="Usage",
                                 message="conflicting output options", hint=other[0])
            self.assertIn("--text", error["hint"])
        self.refused("follow", "p", "--raw", code=2, kind="Usage", message="--raw requires --text")
        self.refused("fetch", "p", "1", "--raw", code=2, kind="Usage", message="--raw requires --text")
        self.refused("follow", "gone", "--text", "--raw", code=3, kind="NotFound",
                     hint="plasmite follow gone --create --text --raw")


class OnTerminal(TextTest):
    HOSTILE = "a\tb\x1b[1;31mred\x1b[2J\x1b]0;t\x07\x08\u202e\u009b1m"
    SHOWN = b"a\tb\x1b[1;31mred\\x1b[2J\\x1b]0;t\\x07\\x08\\u{202e}\\u{9b}1m\x1b[0m\n"

    def test_only_colours_pass(self):
        self.feed("p", line(self.HOSTILE), line("\ufffd", line_base64="/w==", eol="\r\n"))
        shown, errors = self.on_two_terminals("follow", "p", "--text", *ALL, "--timeout", "20ms")
        self.assertEqual(shown, self.SHOWN + b"\\xff\n")
        self.assertEqual(errors, b"")
        shown, _ = self.on_two_terminals("follow", "p", "--text", "--raw", *ALL, "--timeout", "20ms")
        self.assertEqual(shown, self.HOSTILE.encode() + b"\n\xff\r\n")
        self.assertEqual(self.text(), self.HOSTILE.encode() + b"\n\xff\r\n")

    def test_a_colour_left_open_ends_with_its_line(self):
        self.feed("p", line("\x1b[31mred"), line("plain"))
        shown, _ = self.on_two_terminals("follow", "p", "--text", *ALL, "--timeout", "20ms")
        self.assertEqual(shown, b"\x1b[31mred\x1b[0m\nplain\n")
        self.assertEqual(self.text(), b"\x1b[31mred\nplain\n", "a pipe gets the bytes")

    def test_the_colour_of_an_unterminated_line_ends_with_it(self):
        self.feed("p", line("plain"), line("\x1b[31mred", eol=""))
        shown, _ = self.on_two_terminals("follow", "p", "--text", *ALL, "--timeout", "20ms")
        self.assertTrue(shown.startswith(b"plain\n\x1b[31mred\x1b[0m"), shown)
        self.assertEqual(self.text(), b"plain\n\x1b[31mred", "a pipe gets the bytes")

    def test_stderr_is_judged_by_itself(self):
        self.feed("p", line("\x07", "stderr"), line("\x07"))
        shown, errors = self.on_two_terminals("follow", "p", "--text", *ALL, "--timeout", "20ms")
        self.assertEqual((shown, errors), (b"\\x07\n", b"\x07\n"))

    def test_how_a_command_began_and_ended(self):
        self.tap("print('one'); print('two', end='')", "a\x1b[2J")
        shown = self.on_terminal("--color", "never", "follow", "p", "--text", "--run", "last")
        lines = shown.splitlines()
        self.assertRegex(lines[0], r"^notice: started: .*python.* a\\x1b\[2J \(pool: p\)$")
        self.assertEqual(lines[1:3], ["one", "two"], "the unterminated line is ended on a terminal")
        self.assertRegex(lines[3], r"^notice: ended: exit 0 after \d+\.\d+s \(pool: p\)$")
        self.assertEqual(len(lines), 4)


class Fetch(TextTest):
    def fetch(self, seq, *options):
        result = self.pls("fetch", "p", seq, "--text", *options)
        return result.stdout, result.stderr

    def test_one_line(self):
        self.feed("p", line("a\x07"), line("b", "stderr", eol="\r\n"), part("i", 0, False, "c"),
                  part("i", 1, True, "d"))
        self.assertEqual(self.fetch(1), (b"a\x07\n", b""))
        self.assertEqual(self.fetch(2, "--raw"), (b"", b"b\r\n"))
        self.assertEqual(self.fetch(3), (b"c", b""))
        self.assertEqual(self.fetch(4), (b"d\n", b""))
        self.assertEqual(self.on_terminal("fetch", "p", "1", "--text"), "a\\x07\n")

    def test_what_is_no_line(self):
        self.feed("p", {"n": 1})
        error = self.refused("fetch", "p", "1", "--text", code=2, kind="Usage", hint="--text",
                             message="not a line of tap")
        self.assertEqual(error["seq"], 1)
        self.refused("fetch", "p", "2", "--text", code=3, kind="NotFound")


if __name__ == "__main__":
    unittest.main()
