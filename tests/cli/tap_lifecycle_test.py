"""tap: the records around the lines, and the exit status."""

import base64
import os
import signal
import socket
import unittest

from tap_harness import TapTest, python


class Lifecycle(TapTest):
    def test_start_says_what_was_run(self):
        result = self.tap("sh", "-c", "echo $$", cwd=self.dir)
        run = self.exit_record()["run"]
        self.assertRegex(run, "^[0-9a-f]{16}$")
        self.assertEqual(self.records("start"), [{
            "cmd": ["sh", "-c", "echo $$"],
            "cwd": os.path.realpath(self.dir),
            "host": socket.gethostname(),
            "kind": "start",
            "pid": int(result.stdout),
            "run": run,
        }])

    def test_exit_says_how_it_ended(self):
        self.tap("sh", "-c", "echo one; echo two; printf err >&2; sleep 0.2; exit 7")
        record = self.exit_record()
        self.assertEqual(record["code"], 7)
        self.assertNotIn("signal", record)
        self.assertNotIn("pipes", record)
        self.assertEqual(record["stdout"], {"bytes": 8, "lines": 2})
        self.assertEqual(record["stderr"], {"bytes": 3, "lines": 1})
        self.assertGreaterEqual(record["elapsed_ms"], 200)
        self.assertLess(record["elapsed_ms"], 60_000)
        self.assertEqual(sorted(record["rusage"]), ["max_rss_bytes", "system_us", "user_us"])
        self.assertGreater(record["rusage"]["max_rss_bytes"], 65536)

    def test_usage_is_the_commands(self):
        self.tap(*python("import time\nwhile time.process_time() < 0.3: pass"))
        usage = self.exit_record()["rusage"]
        self.assertGreaterEqual(usage["user_us"] + usage["system_us"], 290_000)

    def test_keys_ascend_in_every_record(self):
        self.tap("sh", "-c", "printf 'a\\r\\nb\\377'; kill -TERM $$")
        for message in self.messages():
            self.assertEqual(list(message["data"]), sorted(message["data"]))

    def test_all_lines_are_stored_before_the_exit_record(self):
        self.tap("seq", "1", "5000")
        kinds = [m["data"]["kind"] for m in self.messages()]
        self.assertEqual(kinds, ["start"] + ["line"] * 5000 + ["exit"])

    def test_words_are_kept_as_they_are(self):
        words = ["[a,b]", "[]", "--", "-q", "--help", "tap", "", "ü \"\\\n", "a=b"]
        result = self.tap("printf", "%s|", *words)
        self.assertEqual(result.stdout.decode(), "".join(word + "|" for word in words))
        self.assertEqual(self.records("start")[0]["cmd"], ["printf", "%s|", *words])

    def test_words_that_are_not_utf8_are_kept_exactly(self):
        result = self.tap("printf", "%s", b"caf\xe9")
        self.assertEqual(result.stdout, b"caf\xe9")
        start = self.records("start")[0]
        self.assertEqual(start["cmd"], ["printf", "%s", "caf\ufffd"])
        self.assertEqual([base64.b64decode(w) for w in start["cmd_base64"]],
                         [b"printf", b"%s", b"caf\xe9"])

    def test_a_command_line_larger_than_a_record_is_cut(self):
        words = ["w" * 100_000] * 10
        result = self.tap("true", *words, options=["--create-size", "1M"])
        self.assertEqual(result.returncode, 0, result.stderr)
        start = self.records("start")[0]
        self.assertEqual(start["cmd"][0], "true")
        self.assertEqual(len(start["cmd"]) + start["cmd_omitted"], 11)
        self.assertGreater(start["cmd_omitted"], 0)

    def test_exit_codes_are_the_commands(self):
        for code in (0, 1, 2, 101, 124, 255):
            with self.subTest(code=code):
                self.assertEqual(self.tap("sh", "-c", f"exit {code}").returncode, code)
        self.assertEqual([r["code"] for r in self.records("exit")], [0, 1, 2, 101, 124, 255])

    def test_deadly_signals(self):
        cases = {signal.SIGKILL: "SIGKILL", signal.SIGSEGV: "SIGSEGV", signal.SIGTERM: "SIGTERM",
                 signal.SIGINT: "SIGINT", signal.SIGUSR2: f"SIG{int(signal.SIGUSR2)}"}
        for number in cases:
            with self.subTest(signal=number):
                result = self.tap("sh", "-c", f"echo before; kill -{int(number)} $$")
                self.assertEqual(result.returncode, 128 + number)
                self.assertEqual(result.stdout, b"before\n")
        records = self.records("exit")
        self.assertEqual([r["signal"] for r in records], list(cases.values()))
        self.assertFalse([r for r in records if "code" in r])

    def test_stdin_is_the_commands(self):
        result = self.tap("cat", stdin=None, input=b"from stdin\n")
        self.assertEqual(result.stdout, b"from stdin\n")
        self.assertEqual(self.stored(), b"from stdin\n")

    def test_tap_inside_tap(self):
        inner = [os.environ.get("PLS_BIN", "pls"), "tap", "q", "--create", "--", "sh", "-c",
                 "echo deep; exit 9"]
        result = self.tap(*inner)
        self.assertEqual((result.returncode, result.stdout), (9, b"deep\n"))
        self.assertEqual(self.stored(pool="p"), b"deep\n")
        self.assertEqual(self.stored(pool="q"), b"deep\n")


if __name__ == "__main__":
    unittest.main()
