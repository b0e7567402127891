"""Help: every command explains itself; a command given nothing says so on stderr."""

import os
import pathlib
import subprocess
import unittest

from cli_harness import PLS, CliTest

COMMANDS = [
    ["feed"], ["follow"], ["fetch"], ["tap"], ["doctor"], ["version"], ["completion"], ["duplex"], ["pool"],
    ["pool", "create"], ["pool", "info"], ["pool", "list"], ["pool", "copy"], ["pool", "resize"],
    ["pool", "delete"], ["agent"], ["agent", "run"], ["agent", "check"], ["agent", "status"], ["agent", "reload"],
    ["agent", "init"], ["intake"], ["intake", "journald"],
]
NEED_ARGUMENTS = [
    ["feed"], ["follow"], ["fetch"], ["tap"], ["doctor"], ["completion"], ["duplex"], ["pool"],
    ["pool", "create"], ["pool", "info"], ["pool", "copy"], ["pool", "resize"], ["pool", "delete"],
    ["agent"], ["intake"], ["intake", "journald"],
]
OPTIONS = {
    "feed": "create create-size durability errors file in retry retry-delay tag tls-ca "
            "tls-skip-verify token token-file",
    "follow": "create data-only format jsonl no-notify one quiet-drops replay since tag tail timeout "
              "tls-ca tls-skip-verify token token-file where",
    "tap": "create create-size durability quiet tag",
    "doctor": "all json",
    "duplex": "create echo-self format jsonl me since tail timeout",
    "pool create": "index-capacity json size",
    "pool info": "json",
    "pool list": "json",
    "pool delete": "json",
}


class Help(CliTest):
    def text(self, *arguments, code=0):
        result = self.pls(*arguments, code=code)
        self.assertEqual(result.stderr, b"")
        return result.stdout.decode()

    def test_every_command_has_usage_and_examples(self):
        for command in COMMANDS:
            text = self.text(*command, "--help")
            name = " ".join(["plasmite", *command])
            self.assertTrue(text.startswith(f"Usage: {name}"), text)
            self.assertIn(f"\nEXAMPLES\n  {name}", text)
            self.assertEqual(text, self.text(*command, "-h"))
            self.assertEqual(text, self.text(*command, "---help"))
            self.assertEqual(text, self.text("help", *command))

    def test_options_of_the_reference_are_there(self):
        for command, options in OPTIONS.items():
            text = self.text(*command.split(), "--help")
            for option in options.split():
                self.assertIn(f"--{option}", text, command)

    def test_root_help(self):
        text = self.text("--help")
        for section in ("USAGE", "COMMANDS", "OPTIONS", "FIRST LOCAL WORKFLOW"):
            self.assertIn(f"\n{section}\n", text)
        for option in ("--color", "--dir", "--version"):
            self.assertIn(option, text)
        for form in (["-h"], ["help"], ["---help"], ["--dir", "x", "--help"]):
            self.assertEqual(text, self.text(*form))

    def test_pool_help_lists_its_commands(self):
        text = self.text("help", "pool")
        self.assertIn("list    List pools in the pool directory", text)
        self.assertEqual(self.text("pool", "help", "create"), self.text("pool", "create", "--help"))
        self.assertEqual(self.text("agent", "help", "run"), self.text("agent", "run", "--help"))
        self.assertEqual(self.text("intake", "help", "journald"), self.text("intake", "journald", "--help"))

    def test_exit_codes(self):
        text = self.text("help", "exit-codes")
        for line in ("3    NotFound", "9    RetentionGap", "78   agent", "124  follow --timeout"):
            self.assertIn(line, text)

    def test_help_fits_an_80_column_terminal(self):
        for arguments in ([], ["help", "exit-codes"], *([*command, "--help"] for command in COMMANDS)):
            for line in self.text(*arguments).splitlines():
                self.assertLess(len(line), 80, arguments)

    def test_nothing_given_prints_help_on_stderr(self):
        for command in NEED_ARGUMENTS:
            result = self.pls(*command, code=2)
            self.assertEqual(result.stdout, b"")
            self.assertEqual(result.stderr, self.pls(*command, "--help").stdout)

    def test_no_arguments_at_all(self):
        plasmite = pathlib.Path(PLS).with_name("plasmite")
        result = subprocess.run([plasmite], env=self.env, capture_output=True)
        self.assertEqual((result.returncode, result.stdout), (2, b""))
        self.assertEqual(result.stderr, self.pls("--help").stdout)
        # pls alone is a question, and answered as one.
        self.assertEqual(self.pls().stdout, result.stderr)
        self.assertEqual(os.readlink(PLS), "plasmite")

    def test_wrong_words_are_usage_errors(self):
        usage = dict(code=2, kind="Usage")
        self.refused("fed", "p", message="unrecognized subcommand 'fed'",
                     hint="Did you mean `feed`? Try `plasmite --help`.", **usage)
        self.refused("pool", "creat", "p", message="unrecognized subcommand 'creat'",
                     hint="Did you mean `create`? Try `plasmite pool --help`.", **usage)
        self.refused("follow", "p", "--tial", "3", message="unexpected argument '--tial' found",
                     hint="Did you mean `--tail`? Try `plasmite follow --help`.", **usage)
        self.refused("pool", "info", "a", "b", message="unexpected argument 'b' found",
                     hint="Try `plasmite pool info --help`.", **usage)
        self.refused("pool", "create", "--json", message="NAME is required",
                     hint="Try `plasmite pool create --help`.", **usage)
        self.refused("feed", "p", "{}", "--tag", message="a value is required for '--tag'",
                     hint="Try `plasmite feed --help`.", **usage)
        self.refused("feed", "p", "{}", "-f", "x", message="cannot be used with", **usage)
        self.refused("follow", "p", "-n", "1", "--since", "1m", message="cannot be used with", **usage)
        self.refused("follow", "p", "-n", "1", "-n", "2", message="more than once", **usage)
        self.refused("--color", "pink", "version", message="invalid value 'pink'",
                     hint="Try `plasmite --help`.", **usage)
        self.refused("--verison", message="'--verison'", hint="`--version`", **usage)
        self.refused("--dir", message="a value is required for '--dir'", **usage)
        self.refused("help", "nope", message="unrecognized subcommand 'nope'", **usage)

    def test_suggestions(self):
        def hinted(*arguments, hint):
            self.refused(*arguments, code=2, kind="Usage", hint=hint)

        hinted("tpa", "p", hint="Did you mean `tap`?")
        hinted("fol", "p", hint="Did you mean `follow`?")
        hinted("list", hint="Did you mean `plasmite pool list`? Try `plasmite pool --help`.")
        hinted("pool", "del", "p", hint="Did you mean `delete`?")
        hinted("help", "exit-code", hint="Did you mean `exit-codes`?")
        hinted("help", "pool", "lst", hint="Did you mean `list`?")
        hinted("follow", "p", "-tail", "3", hint="Did you mean `--tail`?")
        hinted("pool", "list", "--dir", "x",
               hint="`--dir` stands before the command: `plasmite --dir … pool list`.")
        hinted("feed", "p", "{}", "--color=never", hint="`--color` stands before the command")
        for word in ("xyzzy", "-", "--", "-x"):
            error = self.refused("pool", "info", "p", word, "q", code=2, kind="Usage")
            self.assertEqual(error["hint"], "Try `plasmite pool info --help`.")

    def test_urls_are_not_here_yet(self):
        url = "https://host:9700/p"
        for arguments in (["feed", url, "{}"], ["follow", url], ["pool", "create", url],
                          ["pool", "copy", url, "q"], ["pool", "resize", url, "1M"]):
            self.refused(*arguments, code=2, kind="Usage", message="remote pools are not here yet",
                         hint="a pool on this machine")
        for arguments in (["fetch", url, "1"], ["pool", "info", url], ["doctor", url]):
            self.refused(*arguments, code=3, kind="NotFound", hint="Remote pools are not here yet")
        self.assertEqual(list(self.dir.iterdir()), [], "no file, no folder")

    def test_follow_without_pool_says_what_a_pool_ref_is(self):
        error = self.refused("follow", "--one", code=2, kind="Usage", hint="pool ref")
        self.assertIn("plasmite follow chat -n 1", error["hint"])

    def test_planned_commands_say_so(self):
        for name in ("serve", "mcp"):
            self.refused(name, "x", code=2, kind="Usage", message="is not here yet")


if __name__ == "__main__":
    unittest.main()
