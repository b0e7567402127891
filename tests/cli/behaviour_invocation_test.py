"""Rows B0, B1.0, B1.1 and B1.7 of spec/cli-behaviour.md: how plasmite is called, and what holds everywhere."""

import json
import pathlib
import subprocess
import unittest

from cli_harness import PLS, TIMEOUT, CliTest

PLASMITE = pathlib.Path(PLS).with_name("plasmite")
NEED_ARGUMENTS = ["pool", "pool create", "pool info", "pool delete", "feed", "fetch", "follow", "tap", "duplex",
                  "doctor", "completion"]
# What each command takes, and arguments that make the rest of its command line right.
OPTIONS = {
    "doctor": "all json",
    "duplex p": "create echo-self format jsonl me since tail timeout",
    "feed p": "create create-size durability errors file in retry retry-delay tag tls-ca tls-skip-verify token "
              "token-file",
    "follow p": "create data-only format jsonl no-notify one quiet-drops replay since tag tail timeout tls-ca "
                "tls-skip-verify token token-file where",
    "pool create p": "index-capacity json size",
    "pool delete p": "json",
    "pool info p": "json",
    "pool list": "json",
    "tap p": "create create-size durability quiet tag",
}
FLAGS = ("all json create echo-self jsonl tls-skip-verify data-only no-notify one quiet-drops quiet").split()
SHORT = {"feed p": "fie", "follow p": "n", "duplex p": "n", "tap p": "q"}


class Invocation(CliTest):
    def plasmite(self, *arguments):
        result = subprocess.run([PLASMITE, *arguments], env=self.env, capture_output=True, timeout=TIMEOUT,
                                stdin=subprocess.DEVNULL)
        return result.returncode, result.stdout, result.stderr

    # What holds everywhere.

    def test_b0_key_order__objects_of_plasmite_have_ascending_keys(self):
        def ordered(pairs):
            keys = [key for key, _ in pairs]
            self.assertEqual(keys, sorted(keys))
            return dict(pairs)

        self.create("p", size="64K")
        self.path("bad").write_bytes(b"x" * 9000)
        outputs = [self.pls("feed", "p", '{"a":1}', "--tag", "t").stdout]
        for command, code in ((["fetch", "p", "1"], 0), (["pool", "info", "p", "--json"], 0),
                              (["pool", "list", "--json"], 0), (["doctor", "--all", "--json"], 7),
                              (["version"], 0), (["pool", "delete", "p", "gone", "--json"], 3)):
            outputs.append(self.pls(*command, code=code).stdout)
        outputs.append(self.pls("fetch", "bad", "1", code=7).stderr)
        for output in outputs:
            json.loads(output, object_pairs_hook=ordered)

    def test_b0_compact__lines_have_no_spaces_between_tokens(self):
        self.create("p")
        line = self.pls("feed", "p", '{"a": [1, 2]}').stdout
        self.assertEqual(line.split(b'"time"')[0], b'{"meta":{"tags":[]},"seq":1,')
        line = self.pls("follow", "p", "-n", "1", "--one", "--jsonl").stdout
        self.assertIn(b'{"data":{"a":[1,2]},"meta":{"tags":[]},"seq":1,"time":"', line)
        self.assertNotIn(b" ", self.pls("pool", "info", "p", "--json").stdout)

    def test_b0_time__is_rfc_3339_in_utc_with_up_to_nine_digits(self):
        self.create("p")
        for receipt in self.feed("p", *({"n": n} for n in range(20))):
            self.assertRegex(receipt["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z$")

    def test_b0_not_json__nan_and_infinity_are_refused(self):
        self.create("p")
        for text in ('{"a":NaN}', '{"a":Infinity}', '{"a":-Infinity}'):
            self.refused("feed", "p", text, code=2, kind="Usage", message="invalid json")

    # The programs.

    def test_b1_0_pls__is_plasmite_under_a_short_name(self):
        self.assertEqual(self.plasmite("version"), (0, self.pls("version").stdout, b""))
        self.assertEqual(self.pls("tap", "p", "--create", "--", "sh", "-c", "exit 9", code=9).returncode, 9)
        folder = self.dir / "elsewhere"
        folder.mkdir()
        for name in ("pls", "plasmite"):
            (folder / name).symlink_to(PLASMITE)
            self.assertEqual(subprocess.run([folder / name, "--version"], capture_output=True).returncode, 0)

    def test_b1_0_pls_alone__prints_the_root_help_and_succeeds(self):
        self.assertEqual(self.pls().stdout, self.pls("--help").stdout)

    # Global syntax.

    def test_b1_1_dir__is_where_named_pools_are_and_stands_before_the_command(self):
        self.pls("--dir", self.dir / "d", "pool", "create", "p", "--size", "64K")
        self.assertTrue((self.dir / "d" / "p.plasmite").is_file())
        self.pls(f"--dir={self.dir / 'd'}", "fetch", "p", "1", code=3)
        self.refused("pool", "list", "--dir", self.dir / "d", code=2, kind="Usage")

    def test_b1_1_color__is_auto_always_or_never_before_the_command(self):
        for value in ("auto", "always", "never"):
            self.pls("--color", value, "version")
        self.refused("--color", "pink", "version", code=2, kind="Usage", message="invalid value 'pink'")
        self.refused("version", "--color", "auto", code=2, kind="Usage")

    def test_b1_1_version__is_printed_as_name_and_number(self):
        for form in ("--version", "-V"):
            self.assertRegex(self.pls(form).stdout, rb"^plasmite \d+\.\d+\.\d+\n$")

    def test_b1_1_three_dashes__mean_help_and_version_anywhere(self):
        self.assertEqual(self.pls("---version").stdout, self.pls("--version").stdout)
        self.assertEqual(self.pls("feed", "p", "{}", "---help").stdout, self.pls("feed", "--help").stdout)
        self.assertEqual(self.pls("---help").stdout, self.pls("--help").stdout)

    def test_b1_1_help_command__exists_at_every_level(self):
        for words in ([], ["feed"], ["pool"], ["pool", "create"]):
            self.assertEqual(self.pls("help", *words).stdout, self.pls(*words, "--help").stdout)
        self.assertEqual(self.pls("pool", "help", "info").stdout, self.pls("pool", "info", "-h").stdout)

    def test_b1_1_nothing_given__shows_help_on_stderr_and_exits_2(self):
        for words in ["", *NEED_ARGUMENTS]:
            code, out, err = self.plasmite(*words.split())
            self.assertEqual((code, out), (2, b""), words)
            self.assertEqual(err, self.pls(*words.split(), "--help").stdout, "plain text")

    def test_b1_1_help_options__print_on_stdout(self):
        for words in ["", *NEED_ARGUMENTS, "pool list", "version"]:
            for form in ("-h", "--help"):
                result = self.pls(*words.split(), form)
                self.assertEqual(result.stderr, b"")
                self.assertIn(b"plasmite", result.stdout)

    def test_b1_1_help_text__has_the_sections_and_lines_people_look_for(self):
        root = self.pls("--help").stdout.decode()
        for section in ("USAGE", "COMMANDS", "OPTIONS", "FIRST LOCAL WORKFLOW"):
            self.assertRegex(root, rf"(?m)^{section}$")
        for words in [*NEED_ARGUMENTS, "pool list", "version"]:
            self.assertRegex(self.pls(*words.split(), "--help").stdout.decode(), r"(?m)^Usage: plasmite ")
        self.assertIn("list    List pools in the pool directory", self.pls("help", "pool").stdout.decode())

    def test_b1_1_parser_errors__are_usage_errors_of_one_line(self):
        for words in (["feed", "p", "--nope"], ["nope"], ["pool", "nope"], ["follow", "p", "--tail"],
                      ["completion", "nope"], ["pool", "info", "a", "b"], ["follow", "p", "--tail", "x"]):
            message = self.refused(*words, code=2, kind="Usage")["message"]
            self.assertNotIn("Usage:", message)
            self.assertFalse(message.startswith("error:"), message)

    def test_b1_1_parser_hint__names_the_help_of_the_command(self):
        for words, command in ((["feed", "p", "--nope"], "plasmite feed"),
                               (["pool", "info", "a", "b"], "plasmite pool info"), (["nope"], "plasmite")):
            self.refused(*words, code=2, kind="Usage", hint=f"Try `{command} --help`.")

    def test_b1_1_follow_alone__says_what_a_pool_ref_is(self):
        error = self.refused("follow", "-n", "1", code=2, kind="Usage", hint="pool ref")
        self.assertIn("plasmite follow chat -n 1", error["hint"])

    def test_b1_1_options__of_every_command_are_taken(self):
        for command, names in OPTIONS.items():
            for name in names.split():
                words = command.split() + [f"--{name}" if name in FLAGS else f"--{name}=x"]
                # A word that is surely wrong: what is complained of must be that, not the option.
                error = self.refused(*words, "--surely-wrong", code=2, kind="Usage")
                self.assertIn("--surely-wrong", error["message"], words)

    def test_b1_1_short_options__are_taken(self):
        for command, letters in SHORT.items():
            for letter in letters:
                words = [*command.split(), f"-{letter}", *([] if letter == "q" else ["x"]), "--surely-wrong"]
                self.assertIn("--surely-wrong", self.refused(*words, code=2, kind="Usage")["message"], words)
        self.create("p")
        (self.dir / "in").write_bytes(b'{"a":1}{"a":2}')
        self.pls("feed", "p", "-f", self.dir / "in", "-i", "jq", "-e", "stop")
        self.assertEqual(self.pls("follow", "p", "-n", "1", "--one", "--jsonl", "--data-only").stdout,
                         b'{"a":2}\n')
        for form in (["-n", "1"], ["-n1"], ["-n=1"]):
            self.pls("follow", "p", *form, "--one")
        self.assertEqual(self.pls("tap", "p", "-q", "--", "echo", "x").stdout, b"")

    # The environment.

    def test_b1_7_home__has_the_default_directory(self):
        self.env.pop("PLASMITE_DIR")
        self.env["HOME"] = str(self.dir / "home")
        self.create("p")
        self.assertTrue((self.dir / "home" / ".plasmite" / "pools" / "p.plasmite").is_file())

    def test_b1_7_no_home__is_the_working_directory(self):
        self.env.pop("PLASMITE_DIR")
        self.env.pop("HOME", None)
        self.pls("pool", "create", "p", "--size", "64K", cwd=self.dir)
        self.assertTrue((self.dir / ".plasmite" / "pools" / "p.plasmite").is_file())


if __name__ == "__main__":
    unittest.main()
