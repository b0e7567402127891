"""Rows B1.6-tap and B3 of spec/cli-behaviour.md: what tap stores, passes on, and how it ends."""

import json
import signal
import subprocess
import unittest

from cli_harness import PLS, TIMEOUT, CliTest, read_line

USAGE = dict(code=2, kind="Usage")


class Tap(CliTest):
    def tap(self, *command, code=0, options=()):
        return self.pls("tap", "p", "--create", "--create-size", "1M", *options, "--", *command, code=code)

    def kinds(self):
        return [message["data"]["kind"] for message in self.retained("p")]

    def lines(self, stream="stdout"):
        return [message["data"]["line"] for message in self.retained("p")
                if message["data"]["kind"] == "line" and message["data"]["stream"] == stream]

    def last(self):
        return self.retained("p")[-1]

    # The command line.

    def test_b1_6_tap_check_order__is_the_documented_one(self):
        words = ["tap", "x://h/p", "--create-size", "1M", "--durability", "x"]
        self.refused(*words, message="--create-size requires --create", **USAGE)
        words.append("--create")
        self.refused(*words, message="tap accepts local pool refs only", hint="Use a local pool name/path",
                     **USAGE)
        words[1] = "p"
        self.refused(*words, message="tap requires a wrapped command after `--`",
                     hint="plasmite tap <pool> -- <command...>", **USAGE)
        words += ["--", "no-such-command"]
        self.refused(*words, message="invalid durability", **USAGE)
        self.assertFalse(self.path("p").exists())
        words[words.index("x")] = "fast"
        self.refused(*words, message="wrapped command not found", **USAGE)

    def test_b1_6_tap_options__are_taken(self):
        result = self.tap("echo", "x", options=["--tag", "b", "--tag", "a", "--quiet", "--durability", "flush"])
        self.assertEqual(result.stdout, b"")
        self.assertEqual(self.info("p")["file_size"], 1 << 20)
        self.pls("tap", "gone", "--", "true", code=3)

    # Records.

    def test_b3_start__is_the_first_record(self):
        self.tap("sh", "-c", "exit 0")
        first = self.retained("p")[0]
        self.assertEqual(first["meta"], {"tags": ["lifecycle"]})
        self.assertEqual((first["data"]["kind"], first["data"]["cmd"]), ("start", ["sh", "-c", "exit 0"]))

    def test_b3_line__has_its_stream_and_the_tags_given(self):
        self.tap("sh", "-c", "echo out; echo err >&2", options=["--tag", "b", "--tag", "a"])
        lines = [message for message in self.retained("p") if message["data"]["kind"] == "line"]
        self.assertEqual(sorted((line["data"]["stream"], line["data"]["line"]) for line in lines),
                         [("stderr", "err"), ("stdout", "out")])
        for line in lines:
            self.assertEqual(sorted(line["data"]), ["kind", "line", "stream"])
            self.assertEqual(line["meta"], {"tags": ["b", "a"]})
        self.tap("echo", "x")
        self.assertEqual(self.retained("p")[-2]["meta"], {"tags": []})

    def test_b3_exit__has_the_code_and_the_time(self):
        self.tap("sh", "-c", "exit 7", code=7)
        last = self.last()
        self.assertEqual(last["meta"], {"tags": ["lifecycle"]})
        self.assertEqual((last["data"]["kind"], last["data"]["code"]), ("exit", 7))
        self.assertIs(type(last["data"]["elapsed_ms"]), int)
        self.assertNotIn("signal", last["data"])

    def test_b3_exit_signal__has_its_name_and_no_code(self):
        for number, name in ((2, "SIGINT"), (9, "SIGKILL"), (11, "SIGSEGV"), (15, "SIGTERM"), (6, "SIG6"),
                             (13, "SIG13")):
            self.tap("sh", "-c", f"kill -{number} $$", code=128 + number)
            data = self.last()["data"]
            self.assertEqual((data["kind"], data["signal"], "code" in data), ("exit", name, False))
            self.assertIs(type(data["elapsed_ms"]), int)

    # The child.

    def test_b3_pool_first__it_is_there_when_the_command_cannot_be_started(self):
        self.tap("no-such-command", code=2)
        self.assertEqual(self.retained("p"), [])

    def test_b3_child__has_the_words_stdin_directory_and_environment(self):
        self.env["MINE"] = "yes"
        script = 'printf "%s " "$0" "$@" "$MINE" "$PWD"; cat'
        result = self.pls("tap", "p", "--create", "--", "sh", "-c", script, "a b", "--", "-q", "",
                          stdin=b"typed", cwd="/")
        self.assertEqual(result.stdout, b"a b -- -q  yes / typed")

    def test_b3_not_found__is_a_usage_error(self):
        self.refused("tap", "p", "--create", "--", "no-such-command",
                     message="wrapped command not found: no-such-command",
                     hint="Check PATH or use an absolute executable path.", **USAGE)

    def test_b3_not_spawned__is_an_io_error(self):
        path = self.dir / "text"
        path.write_text("text\n")
        self.refused("tap", "p", "--create", "--", path, code=8, kind="Io",
                     message="failed to spawn wrapped command")

    # Lines.

    def test_b3_line_text__is_without_its_end(self):
        self.tap("printf", r"one\n\ncr\r\ncrs\r\r\n  spaces  \nlast")
        self.assertEqual(self.lines(), ["one", "", "cr", "crs", "  spaces  ", "last"])

    def test_b3_line_long__of_64_kib_is_one_record(self):
        self.tap("sh", "-c", "printf %065536d 0; echo; echo next")
        self.assertEqual([len(line) for line in self.lines()], [65536, 4])

    def test_b3_order__of_each_stream_is_kept(self):
        self.tap("sh", "-c", "for i in $(seq 200); do echo $i; echo $i >&2; done")
        for stream in ("stdout", "stderr"):
            self.assertEqual(self.lines(stream), [str(n) for n in range(1, 201)])

    def test_b3_all_lines__are_stored_before_the_exit_record(self):
        self.tap("seq", "1", "3000")
        self.assertEqual(self.kinds(), ["start"] + ["line"] * 3000 + ["exit"])

    # Passing on.

    def test_b3_passing_on__gives_each_stream_its_bytes(self):
        result = self.tap("sh", "-c", r"printf 'a\r\nb\377\nc'; printf 'e\n' >&2")
        self.assertEqual((result.stdout, result.stderr), (b"a\r\nb\xff\nc", b"e\n"))

    def test_b3_passing_on_at_once__before_the_command_ends(self):
        process = self.start("tap", "p", "--create", "--", "sh", "-c", "echo one; read x; echo $x", bufsize=0)
        self.assertEqual(read_line(process.stdout), b"one\n")
        process.stdin.write(b"two\n")
        self.assertEqual(read_line(process.stdout), b"two\n")
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_b3_quiet__passes_nothing_on(self):
        for option in ("-q", "--quiet"):
            result = self.tap("sh", "-c", "echo out; echo err >&2", options=[option])
            self.assertEqual((result.stdout, result.stderr), (b"", b""))
        self.assertEqual(self.lines(), ["out"] * 2)

    def test_b3_reader_gone__ends_the_passing_on_and_not_the_capture(self):
        script = 'set -o pipefail; "$0" tap p --create -- seq 1 30000 | head -1'
        result = subprocess.run(["bash", "-c", script, PLS], env=self.env, capture_output=True, timeout=TIMEOUT)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"1\n", b""))
        self.assertEqual(len(self.lines()), 30000)

    def test_b3_passing_on_fails__and_is_told_after_the_command_ended(self):
        with open("/dev/full", "wb") as full:
            result = self.pls("tap", "p", "--create", "--", "seq", "1", "3", stdout=full, code=8)
        error = json.loads(result.stderr)["error"]
        self.assertEqual((error["kind"], error["message"]), ("Io", "failed to write passthrough output"))
        self.assertEqual((self.lines(), self.kinds()[-1]), (["1", "2", "3"], "exit"))

    def test_b3_status_lines__are_for_terminals_only(self):
        self.assertEqual(self.tap("true").stderr, b"")
        shown = self.on_terminal("tap", "p", "--", "sh", "-c", "echo x; exit 3", code=3)
        self.assertRegex(shown, r"(?m)^tapping p <- sh -c ")
        self.assertRegex(shown, r"(?m)^tapped 1 lines? \([\d.]+m?s\) -> p exit 3$")

    # The end.

    def test_b3_signals__int_and_term_reach_the_command(self):
        for number, name in ((signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM")):
            process = self.start("tap", "p", "--create", "--", "sh", "-c", "echo on; exec sleep 60",
                                 stdin=subprocess.DEVNULL, bufsize=0)
            read_line(process.stdout)
            process.send_signal(number)
            self.assertEqual(process.wait(TIMEOUT), 128 + number)
            self.assertEqual(self.last()["data"]["signal"], name)

    def test_b3_signals_waiting__tap_stays_until_the_command_ends(self):
        script = "trap 'echo got; read x; exit 5' TERM; echo on; while :; do sleep 0.02; done"
        process = self.start("tap", "p", "--create", "--", "sh", "-c", script, bufsize=0)
        read_line(process.stdout)
        process.terminate()
        self.assertEqual(read_line(process.stdout), b"got\n")
        self.assertIsNone(process.poll())
        process.stdin.write(b"\n")
        self.assertEqual(process.wait(TIMEOUT), 5)
        self.assertEqual(self.last()["data"]["code"], 5)

    def test_b3_status__is_the_commands_or_128_and_its_signal(self):
        for script, code in (("exit 0", 0), ("exit 1", 1), ("exit 124", 124), ("exit 255", 255),
                             ("kill -KILL $$", 137)):
            self.tap("sh", "-c", script, code=code)

    def test_b3_storing_fails__and_the_error_is_taps(self):
        process = self.start("tap", "p", "--create", "--", "sh", "-c", "echo on; read x; seq 1 1000", bufsize=0)
        read_line(process.stdout)
        self.pls("pool", "delete", "p")
        process.stdin.write(b"\n")
        process.stdin.close()
        self.assertEqual(process.wait(TIMEOUT), 3)
        self.assertEqual(json.loads(process.stderr.read())["error"]["kind"], "NotFound")


if __name__ == "__main__":
    unittest.main()
