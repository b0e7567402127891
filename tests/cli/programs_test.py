"""Two programs behind one command line: plasmite runs tap, plasmite-commands everything else."""

import os
import pathlib
import shutil
import struct
import subprocess
import unittest

from cli_harness import PLS, SANITIZED, CliTest, read_line

COMMANDS = pathlib.Path(PLS).resolve().parent / "plasmite-commands"
ALL = ["feed", "follow", "tap", "fetch", "duplex", "pool", "doctor", "completion", "version", "agent",
       "intake"]


def wants_a_loader(program):
    """Whether an ELF file names an interpreter (PT_INTERP)."""
    image = program.read_bytes()
    table, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    return any(struct.unpack_from("<I", image, table + n * size)[0] == 3 for n in range(count))


class ProgramsTest(CliTest):
    def both(self, *arguments, **options):
        """What a command line gives through plasmite, and from plasmite-commands alone."""
        options |= {"env": self.env, "capture_output": True, "stdin": subprocess.DEVNULL, "timeout": 60}
        results = [subprocess.run([PLS, *arguments], executable=program, **options) for program in (PLS, COMMANDS)]
        return [(done.returncode, done.stdout, done.stderr) for done in results]

    @unittest.skipIf(SANITIZED, "a sanitizer needs the loader")
    def test_tap_starts_without_a_loader(self):
        self.assertFalse(wants_a_loader(pathlib.Path(PLS).resolve()))
        self.assertTrue(wants_a_loader(COMMANDS))

    def test_it_makes_no_difference_which_of_them_reads_the_command_line_of_tap(self):
        self.create("small", size="128K")
        for arguments in [
            ["tap"], ["tap", "--help"], ["tap", "-h"], ["tap", "small"], ["tap", "--bogus"],
            ["tap", "small", "--", "sh", "-c", "echo out; echo err >&2; exit 7"],
            ["tap", "small", "-q", "--", "sh", "-c", "echo out; kill -9 $$"],
            ["tap", "small", "--tag"], ["tap", "small", "--tag", "a" * 300, "--", "true"],
            ["tap", "small", "--tag", "\udcff", "--", "true"], ["tap", "--", "small", "true"],
            ["tap", "small", "true"], ["tap", "small", "--redact-args", "--token=x", "--", "true"],
            ["tap", "none", "--", "true"], ["tap", "small", "--linger", "x", "--", "true"],
            ["tap", "small", "--create-size", "1M", "--", "true"], ["tap", "small", "-q", "-q", "--", "true"],
            ["tap", "small", "--", "/no/such/command"], ["tap", "small", "--", "/etc/passwd"],
            ["tap", "small", "--durability", "x", "--", "true"], ["tap", "http://h/p", "--", "true"],
            ["--color", "always", "tap", "none", "--", "true"], ["--dir", "/nowhere", "tap", "p", "--", "true"],
            ["--dir"], ["--bogus", "tap"], ["--color", "x", "tap"], ["--help", "tap"], ["--version", "tap"],
            ["---help", "tap"], ["tap", "---help"], ["tapp"], ["help", "tap"], [], ["--", "tap"], [""],
            *[[command, "--help"] for command in ALL], *[["help", command] for command in ALL],
        ]:
            with self.subTest(arguments=arguments):
                front, commands = self.both(*arguments)
                self.assertEqual(front, commands)

    @unittest.skipIf(SANITIZED, "a sanitizer brings libraries of its own")
    def test_what_starts_often_loads_no_heavy_library(self):
        def libraries(program):
            shown = subprocess.run([COMMANDS.with_name(program)], env={"LD_TRACE_LOADED_OBJECTS": "1"},
                                   capture_output=True, check=True).stdout.decode()
            return {line.split()[0].split(".so")[0] for line in shown.splitlines() if ".so" in line}
        heavy = {"libsystemd", "libspdlog", "libfmt", "libtomlplusplus", "libjq"}
        self.assertEqual(libraries("plasmite-commands") & heavy, set())
        self.assertLessEqual({"libsystemd", "libspdlog"}, libraries("plasmite-agent"))

    def test_the_agent_is_a_program_of_its_own_and_its_absence_is_told(self):
        self.create("p")
        program = self.install("no_agent", "plasmite-commands")
        for arguments in (["agent", "status"], ["intake", "journald", "p"]):
            done = subprocess.run([program, *arguments], env=self.env, capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 8)
            error = self.error(done)
            self.assertEqual((error["kind"], error["message"]), ("Io", "cannot start plasmite-agent"))
            self.assertIn("install both", error["hint"])

    def test_other_commands_are_found_beside_plasmite_and_in_libexec(self):
        self.create("p")
        beside = self.install("beside", "plasmite-commands")
        apart = self.install("apart/bin")
        libexec = self.dir / "apart" / "libexec" / "plasmite"
        libexec.mkdir(parents=True)
        shutil.copy(COMMANDS, libexec)
        link = self.dir / "pls"
        link.symlink_to(beside)
        for program in (beside, apart, link):
            done = subprocess.run([program, "feed", "p", '{"n":1}', "-q"], env=self.env, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, program)
        self.assertEqual(self.data("p"), [{"n": 1}] * 3)

    def test_without_the_other_program_tap_works_and_the_rest_says_what_is_missing(self):
        self.create("p")
        alone = self.install("alone")
        done = subprocess.run([alone, "tap", "p", "--", "echo", "text"], env=self.env, capture_output=True,
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b"text\n"))
        done = subprocess.run([alone, "feed", "p", "{}"], env=self.env, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 8)
        error = self.error(done)
        self.assertEqual((error["kind"], error["message"]), ("Io", "cannot start plasmite-commands"))
        self.assertIn("install both", error["hint"])
        self.assertIn("libexec/plasmite", error["causes"][0])

    def test_a_process_has_the_name_that_was_typed(self):
        self.create("p")
        feed = self.start("feed", "p", bufsize=0)
        feed.stdin.write(b'{"n":1}\n')
        read_line(feed.stdout)  # the receipt
        follow = self.start("follow", "p", "--jsonl", "--tail", "1", bufsize=0)
        read_line(follow.stdout)
        for process in (follow, feed):
            comm = pathlib.Path(f"/proc/{process.pid}/comm").read_text()
            self.assertEqual(comm.strip(), os.path.basename(PLS))

    def test_what_the_shell_had_ignored_and_closed_is_as_before(self):
        """The first program leaves no trace in the second one."""
        self.create("p")
        script = 'trap "" TERM; "$0" feed p "{\\"n\\":1}" -q <&- >&- 2>&-; echo $?'
        done = subprocess.run(["sh", "-c", script, PLS], env=self.env, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.stdout, b"0\n")
        self.assertEqual(self.data("p"), [{"n": 1}])


if __name__ == "__main__":
    unittest.main()
