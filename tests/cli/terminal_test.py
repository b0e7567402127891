"""On a terminal: errors as text, colours on request, nothing unprintable gets through."""

import unittest

from cli_harness import CliTest

HOSTILE = "a\u009bb\u202ec\u007fd\u2028e\ufefff"


class Terminal(CliTest):
    def test_errors_are_text(self):
        shown = self.on_terminal("feed", "gone", "{}", code=3)
        lines = shown.splitlines()
        self.assertEqual(lines[0], "\x1b[31merror:\x1b[0m not found")
        self.assertTrue(lines[1].startswith("\x1b[33mhint:\x1b[0m "))
        self.assertEqual(lines[2], f"\x1b[33mpath:\x1b[0m {self.path('gone')}")
        self.assertTrue(lines[3].startswith("\x1b[33mcaused by:\x1b[0m No such file"))
        plain = self.on_terminal("--color", "never", "feed", "gone", "{}", code=3)
        self.assertTrue(plain.startswith("error: not found\nhint: "))
        self.env["NO_COLOR"] = "1"
        self.assertEqual(self.on_terminal("feed", "gone", "{}", code=3), plain)
        self.env["NO_COLOR"] = ""
        self.assertEqual(self.on_terminal("feed", "gone", "{}", code=3), shown)

    def test_offset_and_sequence(self):
        self.create("p")
        self.assertIn("\nseq: 7\n", self.on_terminal("--color", "never", "fetch", "p", "7", code=3))
        self.assertIn("\noffset: ", self.on_terminal("--color", "never", "feed", "p", "{x}", code=2))

    def test_path_below_the_working_directory(self):
        result = self.on_terminal("--color", "never", "--dir", "relative", "follow", "gone", code=3)
        self.assertIn("path: relative/gone.plasmite\n", result)

    def test_errors_are_broken_between_words_and_commands_stay_whole(self):
        shown = self.on_terminal("--color", "never", "feed", "a-pool-of-a-long-name", "{}", code=3,
                                 columns=80)
        lines = shown.splitlines()
        self.assertEqual(lines[1], "hint: The pool does not exist. The exact command that also creates it:")
        self.assertEqual(lines[2], '      `plasmite feed a-pool-of-a-long-name --create "{}"`.')
        narrow = self.on_terminal("--color", "never", "feed", "a-pool-of-a-long-name", "{}", code=3,
                                  columns=30)
        self.assertIn('\n      `plasmite feed a-pool-of-a-long-name --create "{}"`.\n', narrow)

    def test_hostile_names_in_errors(self):
        name = "\x1b]0;x\x07" + HOSTILE
        shown = self.on_terminal("--color", "never", "follow", name, code=3)
        self.check_printable(shown)
        self.assertIn(r"\x1b]0;x\x07a\u{9b}b\u{202e}c\x7fd\u{2028}e\u{feff}f", shown)

    def test_hostile_messages(self):
        self.create("p")
        self.pls("feed", "p", '{"k%s":"%s"}' % (HOSTILE, HOSTILE), "--tag", "\x1b[2J" + HOSTILE)
        for options in ([], ["--jsonl"], ["--data-only"], ["--jsonl", "--data-only"]):
            command = ["--color", "never", "follow", "p", "-n", "1", "--one", *options]
            shown = self.on_terminal(*command)
            self.check_printable(shown)
            self.assertIn(r"a\u009bb\u202ec\u007fd\u2028e\ufefff", shown)
            # The same document still; a pipe gets the very bytes.
            piped = self.pls(*command).stdout.decode()
            self.assertIn(HOSTILE, piped)
        self.check_printable(self.on_terminal("--color", "never", "fetch", "p", "1"))

    def check_printable(self, shown):
        for character in shown.replace("\n", ""):
            self.assertTrue(character.isprintable(), ascii(shown))

    def test_timeout_is_told_to_people_only(self):
        self.create("p")
        shown = self.on_terminal("follow", "p", "--timeout", "20ms", code=124)
        self.assertEqual(shown, "No messages received (timed out after 20ms).\n")
        self.assertEqual(self.pls("follow", "p", "--timeout", "20ms", code=124).stderr, b"")

    def test_pretty_colours(self):
        self.create("p")
        self.pls("feed", "p", '{"s":"x","n":1,"b":true,"z":null}')
        shown = self.on_terminal("follow", "p", "-n", "1", "--one")
        for piece in ('\x1b[36m"s"\x1b[0m', '\x1b[32m"x"\x1b[0m', "\x1b[33m1\x1b[0m",
                      "\x1b[35mtrue\x1b[0m", "\x1b[39mnull\x1b[0m"):
            self.assertIn(piece, shown)


if __name__ == "__main__":
    unittest.main()
