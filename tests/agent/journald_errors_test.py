"""intake journald: what it refuses, and how it says so."""

import unittest

from cli_harness import wait_for
from journald_harness import IntakeTest, JournaldTest

from journal_files import entry, write_journal


class CommandLine(IntakeTest):
    """Wrong options change nothing: not even a pool is made."""

    def wrong(self, *options, message, hint):
        self.refused("intake", "journald", "p", "--create", *options, code=2, kind="Usage", message=message, hint=hint)
        self.assertFalse(self.path("p").exists())

    def test_places_exclude_each_other(self):
        for options in (("-D", "x", "--file", "y"), ("-D", "x", "--namespace", "y"), ("--file", "x", "--namespace", "*")):
            self.wrong(*options, message="exclude each other", hint="--name")

    def test_start_and_since_exclude_each_other(self):
        self.wrong("--since", "1h", "--start", "now", message="--start and --since", hint="Keep one")

    def test_values_that_cannot_be_meant(self):
        for options, hint in (
            (("--start", "yesterday"), "--since TIME"),
            (("--match", "_UID"), "FIELD=VALUE"),
            (("--match", "uid=0"), "upper case"),
            (("--match", "=0"), "FIELD=VALUE"),
            (("--match", "9A=0"), "FIELD=VALUE"),
            (("--priority", "loud"), "emerg"),
            (("--priority", "8"), "0 to 7"),
            (("--boot=last",), "--list-boots"),
            (("--unit", "ssh*"), "patterns"),
            (("--unit", ""), "systemctl"),
            (("--identifier", ""), "Name one"),
            (("--namespace", "+"), "+NAME"),
            (("--namespace", "a/b"), "+NAME"),
            (("--directory", ""), "folder"),
            (("--file", ""), "journal file"),
            (("--name", ""), "1 to 64"),
            (("--name", "-x"), "1 to 64"),
            (("--name", "tap.0"), "tap"),
            (("--max-record", "0"), "16M"),
            (("--max-record", "2G"), "16M"),
        ):
            with self.subTest(options):
                self.wrong(*options, message="invalid value", hint=hint)

    def test_other_values(self):
        self.wrong("--since", "soon", message="--since", hint="")
        self.wrong("--durability", "maybe", message="durability", hint="fast")
        self.wrong("--tag", "x" * 256, message="tag", hint="")
        self.wrong("--create-size", "many", message="size", hint="")

    def test_create_size_requires_create(self):
        self.refused("intake", "journald", "p", "--create-size", "1M", code=2, kind="Usage",
                     message="--create-size requires --create")

    def test_boot_never_takes_the_word_behind_it(self):
        write_journal(self.dir / "a.journal", [entry(1, MESSAGE="x")])
        self.pls("intake", "journald", "--boot", "p", "--create", "--once", "--file", self.dir / "a.journal")
        self.assertTrue(self.path("p").exists())

    def test_without_arguments_there_is_help(self):
        for words in (("intake",), ("intake", "journald")):
            result = self.pls(*words, code=2)
            self.assertIn(b"Usage: plasmite " + " ".join(words).encode(), result.stderr)


class Pools(IntakeTest):
    def setUp(self):
        super().setUp()
        write_journal(self.dir / "a.journal", (entry(n, MESSAGE=n) for n in range(10)))
        self.place = ("--file", self.dir / "a.journal")

    def test_a_missing_pool_is_not_waited_for(self):
        self.refused("intake", "journald", "p", *self.place, code=3, kind="NotFound",
                     hint="plasmite intake journald p --create", path=self.path("p"))

    def test_a_pool_that_is_created_has_64_mebibytes_or_what_was_asked_for(self):
        self.take_in("p", *self.place)
        self.take_in("q", *self.place, "--create-size", "1M")
        self.assertEqual((self.path("p").stat().st_size, self.path("q").stat().st_size), (64 << 20, 1 << 20))

    def test_a_pool_that_is_deleted_ends_it(self):
        self.create("p")
        process = self.start("intake", "journald", "p", "--start", "oldest", "--directory", self.dir)
        wait_for(lambda: len(self.records("p")) >= 10, "what is there is in the pool")
        self.pls("pool", "delete", "p")
        # It notices with the next entry.
        write_journal(self.dir / "b.journal", (entry(n, MESSAGE=n) for n in range(10, 20)))
        self.assertEqual(process.wait(60), 3)
        self.assertIn(b'"NotFound"', process.stderr.read())


class Journals(IntakeTest):
    def test_a_place_where_nothing_is(self):
        for option in ("--directory", "--file"):
            self.refused("intake", "journald", "p", "--create", "--once", option, self.dir / "none", code=3,
                         kind="NotFound", path=self.dir / "none")

    def test_a_file_that_is_no_journal(self):
        (self.dir / "noise.journal").write_bytes(b"noise" * 100)
        error = self.refused("intake", "journald", "p", "--create", "--once", "--file", self.dir / "noise.journal",
                             code=7, kind="Corrupt")
        self.assertIn("noise.journal", str(error))


class Readers(JournaldTest):
    def test_who_may_not_read_the_journal_is_told_which_group_may(self):
        self.send(1)
        program = self.install("program", "plasmite-commands", "plasmite-agent")
        for folder in (self.dir, self.journald.folder):
            folder.chmod(0o755)
        result = self.journald.run([program, "intake", "journald", self.dir / "p.plasmite", "--once"], check=False,
                                   user=65534, group=None, env=self.env, capture_output=True)
        self.assertEqual(result.returncode, 3, result.stderr)  # the pool comes first
        self.pools.mkdir(mode=0o777)
        self.pools.chmod(0o777)
        for once in (("--once",), ()):
            result = self.journald.run([program, "intake", "journald", "p", "--create", *once], check=False,
                                       user=65534, group=None, env=self.env, capture_output=True)
            self.assertEqual(result.returncode, 6, result.stderr)
            error = self.error(result)
            self.assertEqual(error["kind"], "Permission")
            self.assertIn("systemd-journal", error["hint"])

    def test_a_member_of_that_group_may(self):
        self.send(1)
        program = self.install("program", "plasmite-commands", "plasmite-agent")
        self.dir.chmod(0o755)
        self.pools.mkdir(mode=0o777)
        self.pools.chmod(0o777)
        result = self.journald.run([program, "intake", "journald", "p", "--create", "--once", "--match", "NUMBER=0"],
                                   check=False, user=65534, env=self.env, capture_output=True)
        self.assertEqual((result.returncode, self.summary(result)["stored"]), (0, 1), result.stderr)

    def test_no_journal_at_all(self):
        self.journald.kill()
        self.journald.remove_files()
        result = self.inside("intake", "journald", "p", "--create", "--once", code=3)
        self.assertEqual(self.error(result)["kind"], "NotFound")

    def test_one_process_at_a_time_takes_in_under_a_name(self):
        process = self.start_intake("p", "--start", "oldest")
        for once in (("--once",), ()):
            result = self.inside("intake", "journald", "p", *once, code=5)
            error = self.error(result)
            self.assertEqual(error["kind"], "Busy")
            self.assertIn("--name", error["hint"])
        self.assertEqual(self.take_in("p", "--name", "other", "--match", "NUMBER=0")["stored"], 0)
        process.kill()
        process.wait()
        self.take_in("p")  # whoever dies lets go


if __name__ == "__main__":
    unittest.main()
