"""Places that cannot be written: full, read-only, not ours, not directories.

The superuser is stopped by no permission bits: those tests drop to another user, the others mount a small
file system. Both need root; without it they are skipped.
"""

import json
import os
import subprocess
import unittest

from cli_harness import PLS, TIMEOUT, CliTest

NOBODY = 65534
AS_ROOT = os.geteuid() == 0


class NotADirectory(CliTest):
    def test_below_a_file(self):
        file = self.dir / "file"
        file.touch()
        for place in (file, file / "deeper"):
            for command in (["pool", "create", "p"], ["feed", "p", "{}", "--create"],
                            ["feed", "p", "{}"], ["follow", "p"], ["fetch", "p", "1"],
                            ["doctor", "p"], ["doctor", "--all"], ["pool", "list"]):
                error = self.refused("--dir", place, *command, code=8, kind="Io")
                self.assertIn(str(place), error["path"])
                self.assertIn("Not a directory", error["causes"][0])


@unittest.skipUnless(AS_ROOT, "needs root")
class OfAnotherUser(CliTest):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)
        self.create("mine", "shared")
        self.feed("mine", {"n": 1})
        self.feed("shared", {"n": 1})
        os.chmod(self.pools, 0o755)
        os.chmod(self.path("shared"), 0o644)
        # The build folder may be closed to others.
        self.program = self.install("bin", "plasmite-commands")

    def as_nobody(self, *arguments, code, kind=None, message="", hint=""):
        result = subprocess.run([self.program, *map(str, arguments)], env=self.env, timeout=TIMEOUT,
                                capture_output=True, stdin=subprocess.DEVNULL,
                                user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual(result.returncode, code, (arguments, result.stdout, result.stderr))
        if kind is not None:
            error = self.error(result)
            self.assertEqual((error["kind"], error["hint"] != ""), (kind, True))
            self.assertIn(message, error["message"])
            self.assertIn(hint, error["hint"])
        return result

    def test_unreadable_pool(self):
        for command in (["feed", "mine", "{}"], ["follow", "mine"], ["fetch", "mine", "1"],
                        ["pool", "info", "mine"], ["doctor", "mine"]):
            self.as_nobody(*command, code=6, kind="Permission", hint="--dir")

    def test_readable_pool(self):
        self.as_nobody("feed", "shared", "{}", code=6, kind="Permission", hint="--dir")
        for command in (["fetch", "shared", "1"], ["follow", "shared", "-n", "1", "--one", "--jsonl"]):
            self.assertEqual(json.loads(self.as_nobody(*command, code=0).stdout)["data"], {"n": 1})
        self.as_nobody("pool", "info", "shared", code=0)
        self.as_nobody("doctor", "shared", code=0)

    def test_a_reader_that_may_not_write_sees_new_messages(self):
        follow = subprocess.Popen(
            [self.program, "follow", "shared", "-n", "1", "--jsonl", "--timeout", "3s"], env=self.env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=NOBODY, group=NOBODY, extra_groups=[])
        self.addCleanup(self.end, follow)
        follow.stdout.readline()
        self.feed("shared", {"n": 2})
        self.assertEqual(json.loads(follow.stdout.readline())["data"], {"n": 2})

    def test_closed_directory(self):
        self.as_nobody("pool", "create", "p", code=6, kind="Permission", hint="--dir")
        self.as_nobody("feed", "p", "{}", "--create", code=6, kind="Permission", hint="--dir")
        self.as_nobody("--dir", self.pools / "sub", "pool", "create", "p", code=8, kind="Io",
                       message="failed to create pool directory", hint="--dir")
        result = self.as_nobody("pool", "delete", "shared", "--json", code=8)
        failed, = json.loads(result.stdout)["failed"]
        self.assertEqual((failed["error"]["kind"], failed["error"]["message"]),
                         ("Io", "failed to delete pool"))
        self.assertTrue(self.path("shared").exists())
        os.chmod(self.pools, 0o700)
        self.as_nobody("pool", "list", code=6, kind="Permission")
        self.as_nobody("doctor", "--all", code=6, kind="Permission")


@unittest.skipUnless(AS_ROOT, "needs root")
class MountedPlaces(CliTest):
    def mounted(self, script):
        """Runs a shell script in a folder on a tmpfs of 1 MiB. In no mount namespace of its own: those
        cannot be had below a changed root."""
        place = self.dir / "m"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", place], check=True)
        env = dict(self.env, PLASMITE_DIR=str(place), PLS=PLS)
        result = subprocess.run(["bash", "-ec", script], cwd=place, env=env, timeout=TIMEOUT,
                                stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_full_disk(self):
        refused, half_way, fed, data, left = self.mounted("""
            "$PLS" pool create small --size 512K >/dev/null
            "$PLS" feed small '{"n":1}' -q
            "$PLS" pool create big --size 2M 2>&1 && exit 1 || test $? = 8
            "$PLS" pool create a b --size 300K 2>&1 && exit 1 || test $? = 8
            "$PLS" feed new '{}' --create --create-size 900K 2>&1 && exit 1 || test $? = 8
            head -c 10000000 /dev/zero > fill 2>/dev/null || true
            for i in $(seq 2000); do echo '{"pad":"'$(printf %0300d $i)'"}'; done | "$PLS" feed small -q
            "$PLS" follow small -n 1 --one --jsonl --data-only
            ls | python3 -c 'import json,sys; print(json.dumps(sys.stdin.read().split()))'
        """)
        for error in (refused, half_way, fed):
            error = error["error"]
            self.assertEqual(error["kind"], "Io")
            self.assertIn("No space left", error["causes"][-1])
            self.assertIn("Free space", error["hint"])
        self.assertIn("a", half_way["error"]["causes"][0])
        # A full disk does not stop appends to a pool that has its space.
        self.assertEqual(data["pad"], "%0300d" % 2000)
        self.assertEqual(left, ["a.plasmite", "fill", "small.plasmite"])

    def test_read_only(self):
        messages = self.mounted("""
            "$PLS" pool create p --size 128K >/dev/null
            "$PLS" feed p '{"n":1}' -q
            mount -o remount,ro .
            "$PLS" pool create q 2>&1 && exit 1 || test $? = 6
            "$PLS" feed p '{}' 2>&1 && exit 1 || test $? = 6
            "$PLS" feed q '{}' --create 2>&1 && exit 1 || test $? = 6
            "$PLS" pool delete p --json && exit 1 || test $? = 8
            "$PLS" fetch p 1
            "$PLS" follow p -n 1 --one --jsonl
            "$PLS" doctor p --json
            "$PLS" pool info p --json
        """)
        for error in messages[:3]:
            self.assertEqual(error["error"]["kind"], "Permission")
            self.assertIn("--dir", error["error"]["hint"])
        deleted, fetched, followed, report, info = messages[3:]
        self.assertEqual(deleted["failed"][0]["error"]["kind"], "Io")
        self.assertEqual((fetched["data"], followed["data"]), ({"n": 1}, {"n": 1}))
        self.assertEqual(report["reports"][0]["status"], "ok")
        self.assertEqual(info["bounds"], {"newest": 1, "oldest": 1})


if __name__ == "__main__":
    unittest.main()
