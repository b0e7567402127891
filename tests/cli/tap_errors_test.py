"""tap: what cannot be done says so, with kind, exit code and hint."""

import json
import os
import unittest

from tap_harness import TIMEOUT, TapTest


class Errors(TapTest):
    def check(self, result, code, kind, message, hint=""):
        self.assertEqual(result.returncode, code, result.stderr)
        error = self.error_of(result)
        self.assertEqual(error["kind"], kind)
        self.assertIn(message, error["message"])
        self.assertIn(hint, error.get("hint", ""))
        self.assertEqual(result.stdout, b"")

    def test_command_not_found(self):
        for name in ("no-such-command-here", "/no/such/file"):
            result = self.tap(name)
            self.check(result, 2, "Usage", f"wrapped command not found: {name}",
                       "Check PATH or use an absolute executable path.")
        self.assertEqual(self.messages(), [], "the pool was made, and is empty")

    def test_not_executable(self):
        path = self.dir / "text"
        path.write_text("no program\n")
        self.check(self.tap(str(path)), 8, "Io", f"{path} is not executable", "chmod +x")

    def test_a_directory(self):
        self.check(self.tap(str(self.dir)), 8, "Io", "is a directory")

    def test_missing_pool(self):
        result = self.pls("tap", "gone", "--", "touch", str(self.dir / "ran"))
        self.check(result, 3, "NotFound", "not found", "plasmite tap gone --create -- CMD`")
        self.assertEqual(self.error_of(result)["path"], f"{self.env['PLASMITE_DIR']}/gone.plasmite")
        self.assertFalse((self.dir / "ran").exists(), "the command was not started")

    def test_missing_pool_by_path(self):
        result = self.pls("tap", f"{self.dir}/gone.plasmite", "--", "true")
        self.check(result, 3, "NotFound", "not found", "--dir")

    def test_create_size_needs_create(self):
        result = self.pls("tap", "p", "--create-size", "1M", "--", "true")
        self.check(result, 2, "Usage", "--create-size requires --create")

    def test_sizes_that_cannot_be(self):
        self.check(self.tap("true", options=["--create-size", "4K"]), 2, "Usage", "")
        self.check(self.tap("true", options=["--create-size", "1X"]), 2, "Usage", "size")
        self.assertFalse(os.path.exists(self.env["PLASMITE_DIR"] + "/p.plasmite"))

    def test_url(self):
        result = self.pls("tap", "http://host:1/p", "--", "true")
        self.check(result, 2, "Usage", "tap accepts local pool refs only",
                   "Use a local pool name/path")

    def test_no_command(self):
        for arguments in (["p", "--create"], ["p", "--create", "--"]):
            result = self.pls("tap", *arguments)
            self.check(result, 2, "Usage", "tap requires a wrapped command after `--`",
                       "plasmite tap <pool> -- <command...>")

    def test_words_on_the_wrong_side_of_the_mark(self):
        for before in (["p", "make"], ["p", "--tag", "a", "b"]):
            result = self.pls("tap", "--create", *before, "--", "true")
            self.check(result, 2, "Usage", f"unexpected argument '{before[-1]}'",
                       "plasmite tap <pool> -- <command...>")
        result = self.pls("tap", "p", "--create", "make", "-j4")
        self.check(result, 2, "Usage", "unexpected argument 'make'", "behind `--`")
        result = self.pls("tap", "--create", "--", "true", "p")
        self.check(result, 2, "Usage", "POOL")
        self.assertFalse(os.path.exists(self.env["PLASMITE_DIR"]), "nothing was made")

    def test_durability(self):
        result = self.pls("tap", "p", "--durability", "maybe", "--", "true")
        self.check(result, 2, "Usage", "invalid durability", "Use fast or flush.")

    def test_the_order_of_checks(self):
        everything = ["tap", "http://h/p", "--create-size", "1M", "--durability", "maybe"]
        self.check(self.pls(*everything), 2, "Usage", "--create-size requires")
        everything.insert(2, "--create")
        self.check(self.pls(*everything), 2, "Usage", "local pool refs")
        everything[1] = "p"
        self.check(self.pls(*everything), 2, "Usage", "wrapped command")
        everything += ["--", "no-such-command-here"]
        self.check(self.pls(*everything), 2, "Usage", "durability")

    def test_tags_that_cannot_be_stored(self):
        self.check(self.tap("true", options=["--tag", "t" * 300]), 2, "Usage", "tag")

    def test_not_a_pool(self):
        path = self.dir / "text.plasmite"
        path.write_text("not a pool\n")
        result = self.pls("tap", str(path), "--", "true")
        self.check(result, 7, "Corrupt", "")

    def test_a_pool_deleted_meanwhile_does_not_harm_the_command(self):
        go_on = self.dir / "go_on"
        process = self.start_tap(
            "sh", "-c", f"echo first; while [ ! -e {go_on} ]; do sleep 0.02; done; seq 1 500000; exit 5")
        self.assertEqual(process.stdout.readline(), b"first\n")
        self.assertEqual(self.pls("pool", "delete", "p").returncode, 0)
        go_on.touch()
        passed = process.stdout.read()
        errors = process.stderr.read()
        self.assertTrue(passed == b"".join(b"%d\n" % n for n in range(1, 500_001)))
        self.assertEqual(process.wait(TIMEOUT), 3)
        error = json.loads(errors)["error"]
        self.assertEqual(error["kind"], "NotFound")
        self.assertIn("The command ran to its own end: exit 5.", error["hint"])

    def test_a_pool_file_removed_or_cut_meanwhile(self):
        path = self.dir / "pools" / "p.plasmite"
        for harm, code, kind in ((path.unlink, 3, "NotFound"),
                                 (lambda: os.truncate(path, 0), 8, "Io")):
            go_on = self.dir / f"go_on{code}"
            process = self.start_tap(
                "sh", "-c", f"echo first; while [ ! -e {go_on} ]; do sleep 0.02; done; echo second;"
                            "sleep 2.5; seq 1 1000; kill -KILL $$")
            self.assertEqual(process.stdout.readline(), b"first\n")
            harm()
            go_on.touch()
            self.assertEqual(process.wait(TIMEOUT), code)
            self.assertEqual(process.stdout.read(), b"second\n" + b"".join(b"%d\n" % n for n in range(1, 1001)))
            error = json.loads(process.stderr.read())["error"]
            self.assertEqual(error["kind"], kind)
            self.assertIn("The command ran to its own end: signal SIGKILL.", error["hint"])

    def test_no_descriptors_left(self):
        self.check_without_descriptors(range(4, 16), b"x\n")


if __name__ == "__main__":
    unittest.main()
