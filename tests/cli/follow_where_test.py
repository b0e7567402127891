"""follow --where: jq programs as filters."""

import json
import select
import subprocess
import time
import unittest

from cli_harness import PLS, CliTest, children_of, read_line

LEVELS = ("info", "warn", "error")


class FollowWhere(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def numbers(self, *numbers, tags=()):
        self.feed("p", *({"n": n, "level": LEVELS[n % 3]} for n in numbers), tags=tags)

    def follow(self, *options, code=124, notices=()):
        """The `n` of what is printed until nothing comes for a while."""
        result = self.pls("follow", "p", "--jsonl", "--timeout", "50ms", *options, code=code)
        self.assertEqual([notice["kind"] for notice in self.notices(result.stderr)], list(notices))
        return [json.loads(line)["data"]["n"] for line in result.stdout.splitlines()]

    def usage(self, *where, message, **options):
        arguments = [word for program in where for word in ("--where", program)]
        return self.refused("follow", "p", "--since", "1h", "--jsonl", *arguments, code=2,
                            kind="Usage", message=message, **options)

    # What matches.

    def test_the_whole_message_is_the_input(self):
        self.numbers(1)
        self.numbers(2, tags=["keep", "x"])
        self.numbers(3)
        second = self.retained("p")[1]
        for program, wanted in {
            '.data.level == "error"': [2],
            '.meta.tags[]? == "keep"': [2],
            ".seq >= 2": [2, 3],
            f'.time == "{second["time"]}"': [2],
            'keys == ["data","meta","seq","time"]': [1, 2, 3],
            ".data.missing == null": [1, 2, 3],
            ".data.missing": [],
            "empty": [],
            '.data | has("n") and (has("m") | not)': [1, 2, 3],
            '.data.level | test("^(warn|err)")': [1, 2],
            "[.data.n, 3] | max == 3": [1, 2, 3],
        }.items():
            self.assertEqual(self.follow("--since", "1h", "--where", program), wanted, program)

    def test_repeated_means_all_of_them(self):
        self.numbers(*range(1, 13))
        both = ["--where", ".data.n % 2 == 0", "--where", ".data.n % 3 == 0"]
        self.assertEqual(self.follow("--since", "1h", *both), [6, 12])
        self.assertEqual(self.follow("--tail", "1", *both), [12])

    def test_the_first_that_does_not_hold_is_the_last_that_is_asked(self):
        self.numbers(1, 2)
        self.assertEqual(self.follow("--since", "1h", "--where", ".data.n == 2", "--where",
                                     'if .data.n == 1 then error("asked") else true end'), [2])

    def test_tags_come_first(self):
        self.numbers(1, 2, 3, tags=["a"])
        self.numbers(4, 5)
        program = 'if .data.n > 3 then error("asked") else .data.n > 1 end'
        self.assertEqual(self.follow("--since", "1h", "--tag", "a", "--where", program), [2, 3])
        self.assertEqual(self.follow("--tail", "1", "--tag", "a", "--where", program), [3])

    def test_data_only_is_about_output(self):
        self.numbers(1, 2)
        result = self.pls("follow", "p", "--since", "1h", "--where", ".seq == 2", "--data-only",
                          "--jsonl", "--one")
        self.assertEqual(result.stdout, b'{"n":2,"level":"error"}\n')

    def test_stored_text_comes_back_whatever_jq_reads(self):
        text = '{"n":1,"n":2,"big":340282366920938463463374607431768211456,"z":"é\\/","a":1e400}'
        self.pls("feed", "p", text)
        line = self.pls("follow", "p", "-n", "1", "--one", "--jsonl", "--where",
                        ".data.n == 2 and .data.big > 1e38").stdout.decode()
        self.assertTrue(line.startswith('{"data":' + text + ',"meta":'), line)

    # Together with the other options.

    def test_tail_counts_matches(self):
        self.numbers(*range(2000))
        tail = ["--where", ".data.n % 100 == 0", "--tail"]
        self.assertEqual(self.follow(*tail, "3"), [1700, 1800, 1900])
        self.assertEqual(self.follow(*tail, "99"), list(range(0, 2000, 100)))
        self.assertEqual(self.follow(*tail, "0"), [])
        self.assertEqual(self.follow("--tail", "3", "--where", "false"), [])

    def test_one(self):
        self.numbers(*range(1, 8))
        even = ["--one", "--where", ".data.n % 2 == 0"]
        self.assertEqual(self.follow(*even, "--since", "1h", code=0), [2])
        self.assertEqual(self.follow(*even, "--tail", "2", code=0), [6], "the newest of the two")
        self.assertEqual(self.follow(*even, "--tail", "4"), [], "a fourth has not come")

    def test_one_with_tail_counts_live_matches(self):
        self.numbers(1, 2)
        follow = self.start("follow", "p", "--jsonl", "--one", "--tail", "3", "--timeout", "30s",
                            "--where", ".data.n % 2 == 0")
        while not children_of(follow.pid):
            time.sleep(0.01)
        for n in range(3, 12):
            self.numbers(n)
        out, err = follow.communicate(timeout=30)
        self.assertEqual((follow.returncode, err), (0, b""))
        self.assertEqual(len(out.splitlines()), 1)
        self.assertEqual(json.loads(out)["data"]["n"] % 2, 0)

    def test_text(self):
        self.pls("tap", "p", "-q", "--", "sh", "-c", "echo one; echo two; echo three >&2")
        result = self.pls("follow", "p", "--text", "--run", "last", "--where",
                          '.data.line != "one"')
        self.assertEqual((result.stdout, result.stderr), (b"two\n", b"three\n"))

    def test_run_ends_although_its_last_record_does_not_match(self):
        self.pls("tap", "p", "-q", "--", "echo", "hello")
        result = self.pls("follow", "p", "--run", "last", "--data-only", "--jsonl", "--where",
                          '.data.kind == "line"')
        self.assertEqual(json.loads(result.stdout)["line"], "hello")

    def test_live_messages_are_judged_at_once(self):
        follow = self.start("follow", "p", "--jsonl", "--where", ".data.n > 1", "--create",
                            bufsize=0)
        deadline = time.monotonic() + 60
        n = 2
        self.numbers(1, n)  # too early, maybe
        while not select.select([follow.stdout], [], [], 0.05)[0]:
            self.assertLess(time.monotonic(), deadline)
            n += 1
            self.numbers(1, n)
        self.assertGreater(json.loads(read_line(follow.stdout))["data"]["n"], 1)

    def test_retained_messages_take_the_time_they_take(self):
        self.numbers(*range(4000))
        slow = "last(range(500)) > 1 and (.data.n == 10 or .data.n == 3990)"
        self.assertEqual(self.follow("--since", "1h", "--where", slow), [10, 3990])

    def test_what_matched_is_printed_before_the_pool_ends(self):
        follow = self.start("follow", "p", "--jsonl", "--tail", "1", "--where", ".data.n > 0",
                            bufsize=0)
        self.numbers(7)
        self.assertEqual(json.loads(read_line(follow.stdout))["data"]["n"], 7)
        self.pls("pool", "delete", "p")
        self.assertEqual(follow.wait(60), 3)

    def test_the_exact_command_names_it(self):
        self.refused("follow", "gone", "--tag", "t", "--where", '.a == "b"', "--where", "true",
                     code=3, kind="NotFound",
                     hint='--create --where ".a == \\"b\\"" --where true --tag t`')

    # What jq says.

    def test_what_does_not_compile(self):
        for program, cause in {
            ".a ==": "syntax error, unexpected end of expression at line 1: .a ==",
            "foo(1)": "foo/1 is not defined at line 1: foo(1)",
            "true |\n $x": "$x is not defined at line 2: $x",
            'import "nowhere" as n; true': "module not found: nowhere",
        }.items():
            error = self.usage("true", program, message="invalid filter expression",
                               hint="--where '.data.level == \"error\"'")
            self.assertIn(cause, error["causes"][0])
            self.assertIn(program, error["causes"][0])

    def test_it_is_checked_before_the_pool_is_opened(self):
        self.refused("follow", "gone", "--where", ")", code=2, kind="Usage",
                     message="invalid filter expression")
        self.refused("follow", "http://host/x", "--where", ")", code=2, kind="Usage",
                     message="invalid filter expression")
        self.refused("follow", "p", "--timeout", "x", "--where", ")", code=2, kind="Usage",
                     message="invalid duration")

    def test_only_booleans(self):
        self.numbers(1, 2, 3)
        for program in (".data.n", ".", "", "[]", "select(.seq > 0)", '.data.level = "x"', "true, 1"):
            error = self.usage(program, message="filter expression must yield booleans", hint="==")
            self.assertEqual(error["seq"], 1)
        result = self.pls("follow", "p", "--since", "1h", "--jsonl", "--where",
                          "if .data.n < 3 then true else .data.n end", code=2)
        self.assertEqual([json.loads(line)["seq"] for line in result.stdout.splitlines()], [1, 2])
        error = self.error(result)
        self.assertEqual((error["seq"], error["message"]),
                         (3, "filter expression must yield booleans"))
        self.assertIn("yields 3", error["causes"][0])

    def test_an_error_on_a_message_is_no_match_and_told_once(self):
        self.numbers(1, 2)
        self.feed("p", {"n": 3, "level": {"name": "error"}}, {"n": 4, "level": None})
        result = self.pls("follow", "p", "--since", "1h", "--jsonl", "--timeout", "50ms", "--where",
                          'true, .data.level.name == "error"', code=124)
        self.assertEqual([json.loads(line)["seq"] for line in result.stdout.splitlines()], [3, 4])
        [notice] = self.notices(result.stderr)
        self.assertEqual((notice["kind"], notice["pool"]), ("where_error", "p"))
        self.assertEqual(notice["details"],
                         {"error": 'Cannot index string with string "name"', "seq": 1,
                          "where": 'true, .data.level.name == "error"'})

    def test_numbers_jq_cannot_hold_are_told(self):
        self.feed("p", {"n": 9007199254740992}, {"n": 9007199254740993})
        result = self.pls("follow", "p", "--since", "1h", "--jsonl", "--timeout", "50ms", "--where",
                          ".data.n == 9007199254740993", code=124)
        self.assertEqual(len(result.stdout.splitlines()), 2, "jq cannot tell one from the other")
        [notice] = self.notices(result.stderr)
        self.assertEqual(notice["kind"], "where_number")
        self.assertEqual(notice["details"],
                         {"used": "9007199254740992", "where": ".data.n == 9007199254740993",
                          "written": "9007199254740993"})

    def test_the_environment_is_the_users(self):
        self.numbers(1)
        self.env["WANTED"] = "warn"
        self.assertEqual(self.follow("--since", "1h", "--where", ".data.level == env.WANTED"), [1])
        self.assertEqual(self.follow("--since", "1h", "--where", ".data.level == $ENV.WANTED"), [1])

    def test_modules_come_from_the_users_folder(self):
        self.numbers(1, 2, 3)
        home = self.dir / "home"
        (home / ".jq").mkdir(parents=True)
        (home / ".jq" / "mine.jq").write_text("def loud: .data.n > 2;")
        self.env["HOME"] = str(home)
        self.assertEqual(
            self.follow("--since", "1h", "--where", 'import "mine" as mine; mine::loud'), [3])

    def test_programs_say_nothing_and_read_nothing(self):
        self.numbers(1)
        for program in ('"x" | debug | stderr | . == "x"', "[inputs] == []", "input_filename == null",
                        "$__loc__.line == 1", "input_line_number == 0", "true, halt"):
            self.assertEqual(self.follow("--since", "1h", "--where", program), [1], program)
        self.assertEqual(self.follow("--since", "1h", "--where", "input", notices=["where_error"]), [])
        self.assertEqual(self.follow("--since", "1h", "--where", '"bye" | halt_error'), [])

    def test_closed_stdout_ends_quietly(self):
        self.create("big", size="64M")
        self.pls("feed", "big", "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 200) * 20_000)
        script = '"$0" follow big --tail 20000 --jsonl --where true | head -1; echo "${PIPESTATUS[0]}"'
        result = subprocess.run(["bash", "-c", script, PLS], env=self.env, capture_output=True,
                                timeout=60)
        self.assertEqual(result.stderr, b"")
        self.assertEqual(result.stdout.splitlines()[-1], b"0")


if __name__ == "__main__":
    unittest.main()
