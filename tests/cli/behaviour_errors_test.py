"""Rows B1.4 of spec/cli-behaviour.md: kinds, exit codes, the envelope and the hints that scripts look for."""

import fcntl
import json
import os
import struct
import subprocess
import unittest

from cli_harness import PLS, TIMEOUT, CliTest

USAGE = dict(code=2, kind="Usage")
MISSING = dict(code=3, kind="NotFound")


class ExitCodes(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="64K")
        self.feed("p", {"n": 1})

    def test_b1_4_internal_1__is_listed_for_bugs(self):
        self.assertRegex(self.pls("help", "exit-codes").stdout.decode(), r"(?m)^\s*1\s+Internal\b")

    def test_b1_4_usage_2__for_wrong_options_values_and_input(self):
        self.refused("feed", "p", "[]", **USAGE)
        self.refused("feed", "p", "{}", "--nope", **USAGE)
        self.refused("feed", "p", "{}", "--durability", "x", **USAGE)

    def test_b1_4_not_found_3__for_pools_and_messages_that_are_not_there(self):
        self.refused("follow", "gone", **MISSING)
        self.refused("fetch", "p", "2", **MISSING)

    def test_b1_4_already_exists_4__for_a_pool_that_is_there(self):
        self.refused("pool", "create", "p", code=4, kind="AlreadyExists")

    def test_b1_4_busy_5__when_another_writer_keeps_the_lock(self):
        with self.path("p").open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.refused("feed", "p", "{}", "--lock-timeout", "10ms", code=5, kind="Busy", hint="writer")

    def test_b1_4_permission_6__when_the_system_refuses(self):
        os.chmod(self.pools, 0o755)
        os.chmod(self.path("p"), 0)
        error = self.error(self.unprivileged("feed", "p", "{}", code=6))
        self.assertEqual((error["kind"], error["path"]), ("Permission", str(self.path("p"))))
        self.assertIn("--dir", error["hint"])

    def test_b1_4_corrupt_7__for_files_that_are_no_sound_pools(self):
        self.path("bad").write_bytes(b"x" * 9000)
        self.refused("fetch", "bad", "1", code=7, kind="Corrupt", message="bad magic", hint="Recreate",
                     path=self.path("bad"))

    def test_b1_4_io_8__when_a_system_call_fails(self):
        self.refused("feed", "p", "-f", self.dir / "none", code=8, kind="Io")
        file = self.dir / "file"
        file.touch()
        self.refused("--dir", file, "pool", "create", "p", code=8, kind="Io", path=file / "p.plasmite")

    def test_b1_4_retention_gap_9__is_listed(self):
        self.assertRegex(self.pls("help", "exit-codes").stdout.decode(), r"(?m)^\s*9\s+RetentionGap\b")

    def test_b1_4_unknown_format__is_a_usage_error(self):
        header = b"PLSM" + struct.pack("<I", 9)
        self.path("new").write_bytes(header + bytes(65536 - len(header)))
        self.refused("fetch", "new", "1", message="unsupported pool format version 9", **USAGE)

    def test_b1_4_timeout_124__when_follow_and_duplex_wait_in_vain(self):
        self.assertEqual(self.pls("follow", "p", "--timeout", "10ms", code=124).stderr, b"")
        reading, writing = os.pipe()
        self.assertEqual(self.pls("duplex", "p", "--timeout", "10ms", code=124, stdin=reading).stderr, b"")
        os.close(reading)
        os.close(writing)

    def test_b1_4_tap_status__is_the_commands_or_128_and_its_signal(self):
        for script, code in (("exit 0", 0), ("exit 77", 77), ("kill -9 $$", 137), ("kill -TERM $$", 143)):
            self.pls("tap", "p", "-q", "--", "sh", "-c", script, code=code)

    def test_b1_4_skip_1__when_records_were_left_out(self):
        self.pls("feed", "p", "--errors", "skip", stdin=b'{"n":2}\nnope\n', code=1)
        self.pls("feed", "p", "--errors", "skip", stdin=b'{"n":3}\n', code=0)

    def test_b1_4_delete__exits_as_its_first_failure_and_tells_it_on_stdout(self):
        for names, code in ((["gone", "x://y"], 3), (["x://y", "gone"], 2)):
            result = self.pls("pool", "delete", *names, "--json", code=code)
            self.assertEqual(result.stderr, b"")
            self.assertEqual(len(json.loads(result.stdout)["failed"]), 2)

    def test_b1_4_doctor_7__when_a_pool_is_damaged_with_the_report_on_stdout(self):
        self.path("bad").write_bytes(b"x" * 9000)
        result = self.pls("doctor", "--all", "--json", code=7)
        self.assertEqual(result.stderr, b"")
        self.assertEqual([report["status"] for report in json.loads(result.stdout)["reports"]],
                         ["corrupt", "ok"])

    def test_b1_4_help_2__when_arguments_are_missing_altogether(self):
        self.pls("feed", code=2)

    def test_b1_4_closed_stdout__ends_quietly(self):
        self.pls("feed", "p", "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 90) * 300)
        script = 'for i in 1 2 3; do "$0" follow p -n 300 --timeout 5s; done | head -1; exit "${PIPESTATUS[0]}"'
        result = subprocess.run(["bash", "-c", script, PLS], env=self.env, capture_output=True, timeout=TIMEOUT)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"{\n", b""))


class Envelope(CliTest):
    def test_b1_4_envelope__is_one_line_of_json_on_stderr(self):
        result = self.pls("follow", "gone", code=3)
        self.assertEqual(result.stdout, b"")
        self.assertEqual(result.stderr.count(b"\n"), 1)
        self.assertNotIn(b'": ', result.stderr)
        error = self.error(result)
        self.assertEqual(list(error), ["causes", "hint", "kind", "message", "path"])
        self.assertEqual((error["kind"], error["message"], error["path"]),
                         ("NotFound", "not found", str(self.path("gone"))))

    def test_b1_4_causes__are_strings_and_absent_when_there_are_none(self):
        causes = self.refused("feed", "gone", "{}", **MISSING)["causes"]
        self.assertEqual(causes, ["No such file or directory (os error 2)"])
        self.assertNotIn("causes", self.refused("feed", "gone", "{}", "--nope", **USAGE))

    def test_b1_4_seq_and_offset__are_numbers_where_known(self):
        self.create("p")
        self.assertEqual(self.refused("fetch", "p", "7", **MISSING)["seq"], 7)
        error = self.refused("feed", "p", "{x}", **USAGE)
        self.assertIs(type(error["offset"]), int)
        self.assertNotIn("seq", error)

    def test_b1_4_terminal__gets_lines_with_labels(self):
        shown = self.on_terminal("--color", "never", "fetch", "gone", "1", code=3)
        self.assertEqual([line.split(":")[0] for line in shown.splitlines()],
                         ["error", "hint", "path", "caused by"])
        shown = self.on_terminal("fetch", "gone", "1", code=3)
        self.assertIn("\x1b[31merror:\x1b[0m", shown)
        self.assertIn("\x1b[33mhint:\x1b[0m", shown)


class MissingPool(CliTest):
    def test_b1_4_exact_feed__repeats_the_command_with_create(self):
        self.refused("feed", "gone", "{}", hint="exact command", **MISSING)
        self.refused("feed", "gone", '{"a":1}', "--errors", "skip", "--in", "jsonl", "--retry-delay", "2s",
                     "--retry", "3", "--durability", "flush", "--tag", "b", "--tag", "a",
                     hint='plasmite feed gone --create --tag b --tag a "{\\"a\\":1}" --durability flush '
                          "--retry 3 --retry-delay 2s --in jsonl --errors skip", **MISSING)
        self.refused("feed", "gone", "--file", "a/b.json", "--durability", "fast", "--in", "auto",
                     hint="`plasmite feed gone --create --file a/b.json`", **MISSING)

    def test_b1_4_exact_follow__repeats_the_command_with_create(self):
        error = self.refused("follow", "gone", hint="exact command", **MISSING)
        self.assertIn("`plasmite follow gone --create`", error["hint"])
        words = ["--tail", "3", "--one", "--jsonl", "--timeout", "5s", "--data-only", "--where",
                 ".data.a == 1", "--tag", "t", "--quiet-drops", "--no-notify"]
        hint = self.refused("follow", "gone", *words, **MISSING)["hint"]
        for part in ("plasmite follow gone --create", "--tail 3", "--one", "--jsonl", "--timeout 5s",
                     "--data-only", '--where ".data.a == 1"', "--tag t", "--quiet-drops", "--no-notify"):
            self.assertIn(part, hint)
        hint = self.refused("follow", "gone", "--since", "1h", "--replay", "2", "--format", "jsonl",
                            **MISSING)["hint"]
        for part in ("--since 1h", "--replay 2", "--format jsonl"):
            self.assertIn(part, hint)

    def test_b1_4_exact_duplex__repeats_the_command_with_create(self):
        hint = self.refused("duplex", "gone", "--tail", "2", "--me", "ann", hint="exact command",
                            **MISSING)["hint"]
        self.assertRegex(hint, r"`plasmite duplex gone .*--create.*--tail 2`")

    def test_b1_4_exact_words__are_quoted_when_they_are_not_plain(self):
        hint = self.refused("feed", "gone", "-f", "x", "--tag", "a-b_c.d/e:f=1", "--tag", 'q"\t ü',
                            **MISSING)["hint"]
        self.assertIn('--tag a-b_c.d/e:f=1 --tag "q\\"\\t ü" --file x', hint)

    def test_b1_4_missing_stdin__names_the_command_with_create(self):
        self.refused("feed", "gone", stdin=b"{}", hint="plasmite feed gone --create", **MISSING)
        self.refused("tap", "gone", "--", "true", hint="plasmite tap gone --create", **MISSING)

    def test_b1_4_missing_path__advises_to_check_it(self):
        for words in (["feed", "./gone", "{}"], ["follow", "./gone"], ["tap", "./gone", "--", "true"],
                      ["fetch", "./gone", "1"]):
            self.refused(*words, hint="--dir", **MISSING)

    def test_b1_4_missing_create_first__is_said_by_fetch_and_pool_info(self):
        for words in (["fetch", "gone", "1"], ["pool", "info", "gone"]):
            self.refused(*words, hint="plasmite pool create gone", **MISSING)

    def test_b1_4_missing_message__names_ways_to_see_what_is_there(self):
        self.create("p")
        error = self.refused("fetch", "p", "5", hint="pool info", **MISSING)
        self.assertEqual((error["message"], error["seq"]), ("message not found", 5))
        self.assertIn("follow", error["hint"])


if __name__ == "__main__":
    unittest.main()
