"""Completion, in real shells: commands, options, values, and pools whatever their names are."""

import os
import pathlib
import pty
import select
import shutil
import subprocess
import time
import unittest

from cli_harness import PLS, TIMEOUT, CliTest

ODD_NAMES = ["od d", "od'q", 'od"q', "od$x", "od:c", "od=e", "od\\b", "od*", "odü", "od(p)", "od!x", "od&;"]


class Shell:
    """An interactive shell on a terminal; `pls` there shows the words it was given."""

    def __init__(self, test, command, setup):
        master, slave = pty.openpty()
        self.master = master
        env = dict(test.env, PATH=f"{pathlib.Path(PLS).parent}:{os.environ['PATH']}", TERM="xterm",
                   HOME=str(test.dir), HISTFILE="/dev/null", LC_ALL="C.UTF-8")
        process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env,
                                   start_new_session=True, cwd=test.dir)
        os.close(slave)
        test.addCleanup(os.close, master)
        test.addCleanup(process.wait)
        test.addCleanup(process.kill)
        self.shown = b""
        self.typed(setup + "\necho RE''ADY\n", b"READY\r\n")

    def typed(self, keys, until):
        """Types and returns what the terminal shows from then on until `until` came."""
        os.write(self.master, keys.encode())
        shown = b""
        deadline = time.monotonic() + TIMEOUT
        while until not in shown:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"{until!r} does not come, only {shown!r}")
            shown += os.read(self.master, 65536)
        return shown

    def completed(self, line):
        """The words of `line` after the Tab key was pressed at its end."""
        shown = self.typed(line + "\t\n", b"]END\r\n")
        return shown[shown.rindex(b"ARGS[") + 5:shown.rindex(b"]END")].decode().split("][")


SHOW = "pls() { printf 'AR''GS'; printf '[%s]' \"$@\"; printf 'E''ND\\n'; }"


class Completion(CliTest):
    def setUp(self):
        super().setUp()
        self.create("jobs", "builds", size="64K")
        self.pools_made = ["builds", "jobs"]

    def answers(self, line):
        lines = self.pls("__complete", "bash", line).stdout.decode().splitlines()
        return lines[0], lines[1:]

    # What is offered.

    def test_commands(self):
        shell, words = self.answers("pls ")
        self.assertEqual(shell, "-")
        for word in ("feed", "follow", "tap", "pool", "completion", "help"):
            self.assertIn(word, words)
        self.assertNotIn("__complete", words)
        self.assertEqual(self.answers("pls fo")[1], ["follow"])
        self.assertEqual(self.answers("pls pool re")[1], ["resize"])
        self.assertEqual(self.answers("pls help exi")[1], ["exit-codes"])
        self.assertEqual(self.answers("pls help pool l")[1], ["list"])
        self.assertEqual(self.answers("pls nope "), ("-", []))
        self.assertEqual(self.answers("pls"), ("-", []))

    def test_options_and_their_values(self):
        self.assertEqual(self.answers("pls follow jobs --ti")[1], ["--timeout"])
        self.assertEqual(self.answers("pls follow jobs --timeout 5s --ti")[1], [], "once is enough")
        self.assertEqual(self.answers("pls feed jobs --tag a --ta")[1], ["--tag"])
        self.assertEqual(self.answers("pls feed jobs --in j")[1], ["jsonl", "json", "jq"])
        self.assertEqual(self.answers("pls feed jobs -i se")[1], ["seq"])
        self.assertEqual(self.answers("pls follow jobs --format=j")[1], ["jsonl"])
        self.assertEqual(self.answers("pls feed jobs --durability ")[1], ["fast", "flush"])
        self.assertEqual(self.answers("pls --color al")[1], ["always"])
        self.assertEqual(self.answers("pls --co")[1], ["--color"])
        self.assertEqual(self.answers("pls follow jobs --timeout "), ("-", []))
        self.assertEqual(self.answers("pls feed jobs --file ")[0], "files")
        self.assertEqual(self.answers("pls --dir ")[0], "directories")

    def test_pools_where_a_pool_stands(self):
        for line in ("pls follow ", "pls feed ", "pls fetch ", "pls pool info ", "pls pool delete jobs ",
                     "pls pool copy ", "pls pool resize ", "pls doctor ", "pls tap ", "pls feed --tag x ",
                     "pls follow -n 3 ", "pls --color never follow ", "pls follow -- ", "pls follow jobs ",
                     "pls follow jobs --tail 3 "):
            self.assertEqual(self.answers(line), ("-", self.pools_made), line)
        for line in ("pls feed jobs ", "pls fetch jobs ", "pls pool create ", "pls pool copy jobs ",
                     "pls pool resize jobs "):
            self.assertEqual(self.answers(line)[1], [], line)
        self.assertEqual(self.answers("pls follow /")[0], "files")
        self.assertEqual(self.answers("pls tap jobs -- ")[0], "commands")
        self.assertEqual(self.answers("pls tap jobs -- ls ")[0], "files")

    def test_the_directory_that_is_typed(self):
        self.pls("--dir", self.dir / "other dir", "pool", "create", "elsewhere")
        self.assertEqual(self.answers(f"pls --dir '{self.dir}/other dir' follow ")[1], ["elsewhere"])
        self.env["HOME"] = str(self.dir)
        self.assertEqual(self.answers("pls --dir ~/other\\ dir follow ")[1], ["elsewhere"])
        self.assertEqual(self.answers("pls --dir=/nowhere follow ")[1], [])

    def test_names_that_are_not_offered(self):
        (self.pools / "a\nb.plasmite").touch()
        (self.pools / "-x.plasmite").touch()
        (self.pools / "y.plasmite.plasmite").touch()
        self.assertEqual(self.answers("pls follow ")[1], [*self.pools_made, "y.plasmite.plasmite"])
        self.assertEqual(self.answers("pls follow -- -")[1], ["-x"])

    def test_quoting(self):
        self.create("od d", "it's", size="64K")
        self.assertEqual(self.answers("pls follow od")[1], ["od\\ d"])
        self.assertEqual(self.answers("pls follow 'od")[1], ["od d"])
        self.assertEqual(self.answers('pls follow "od d')[1], ["od d"])
        self.assertEqual(self.answers("pls follow od\\ ")[1], ["od\\ d"])
        self.assertEqual(self.answers("pls follow 'it")[1], ["it'\\''s"])

    def test_never_fails(self):
        for words in ([], ["bash"], ["bash", ""], ["bash", "'"], ["bash", "\\"], ["zsh"], ["x", ""],
                      ["fish", "--dir"], ["zsh", "--dir"], ["zsh", "pool"], ["zsh", "tap", "--", ""]):
            self.assertEqual(self.pls("__complete", *words).stderr, b"", words)

    # The scripts.

    def test_scripts_mention_what_there_is(self):
        for shell, words in (("bash", ["_plasmite"]), ("zsh", ["#compdef", "_plasmite"]),
                             ("fish", ["complete", "plasmite"])):
            text = self.pls("completion", shell).stdout.decode()
            for word in [*words, "follow", "feed", "pool"]:
                self.assertIn(word, text, shell)
        error = self.refused("completion", "tcsh", code=2, kind="Usage", message="invalid value",
                             hint="plasmite --help")
        self.assertIn("tcsh", error["message"])

    def check_interactive(self, shell):
        self.assertEqual(shell.completed("pls fol"), ["follow"])
        self.assertEqual(shell.completed("pls follow jo"), ["follow", "jobs"])
        self.assertEqual(shell.completed("pls follow jobs --jso"), ["follow", "jobs", "--jsonl"])
        self.assertEqual(shell.completed("pls pool resi"), ["pool", "resize"])
        for name in ODD_NAMES:
            self.create(name, size="64K")
            self.assertEqual(shell.completed("pls follow od"), ["follow", name])
            self.pls("pool", "delete", name)
        self.create("two words", size="64K")
        self.assertEqual(shell.completed("pls follow 'two"), ["follow", "two words"])
        self.assertEqual(shell.completed('pls follow "two w'), ["follow", "two words"])
        self.assertEqual(shell.completed("pls follow two\\ w"), ["follow", "two words"])
        (self.dir / "a file").touch()
        self.assertEqual(shell.completed("pls feed jobs --file ./a"),
                         ["feed", "jobs", "--file", "./a file"])

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash(self):
        shell = Shell(self, ["bash", "--norc", "--noprofile", "-i"],
                      f"{SHOW}; set +H; source <(command pls completion bash)")
        self.check_interactive(shell)
        self.assertEqual(shell.completed("pls follow jobs --format=js"),
                         ["follow", "jobs", "--format=jsonl"])
        self.create("a:b", size="64K")
        self.assertEqual(shell.completed("pls follow a:"), ["follow", "a:b"])

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh(self):
        shell = Shell(self, ["zsh", "-f", "-i"],
                      "unsetopt prompt_sp zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; "
                      f"{SHOW}; source <(command pls completion zsh)")
        self.check_interactive(shell)

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish(self):
        def completed(line):
            script = "command pls completion fish | source; complete -C $argv[1]"
            result = subprocess.run(
                ["fish", "--no-config", "-c", script, line], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=TIMEOUT, cwd=self.dir,
                env=dict(self.env, HOME=str(self.dir), LC_ALL="C.UTF-8",
                         PATH=f"{pathlib.Path(PLS).parent}:{os.environ['PATH']}"))
            self.assertEqual(result.stderr, b"")
            return [word.split("\t")[0] for word in result.stdout.decode().splitlines()]

        self.assertEqual(completed("pls fol"), ["follow"])
        self.assertEqual(completed("plasmite pool resi"), ["resize"])
        self.assertEqual(completed("pls follow "), ["builds", "jobs"])
        self.assertEqual(completed("pls follow jobs --jso"), ["--jsonl"])
        self.assertEqual(completed("pls follow jobs --format=js"), ["--format=jsonl"])
        (self.dir / "a file").touch()
        self.assertEqual(completed("pls feed jobs --file a"), ["a file"])
        self.create(*ODD_NAMES, size="64K")
        self.assertEqual(sorted(completed("pls follow od")), sorted(ODD_NAMES))


if __name__ == "__main__":
    unittest.main()
