"""pool copy: shapes, what is kept, a source in use, what cannot be made."""

import json
import os
import resource
import signal
import subprocess
import unittest

from cli_harness import CliTest


class PoolCopy(CliTest):
    def test_everything_is_kept(self):
        self.create("p", size="64K")
        self.feed("p", *({"n": n} for n in range(2000)), tags=["a", "b"])  # more than once round
        self.pls("pool", "copy", "p", "q")
        self.assertEqual(self.retained("q"), self.retained("p"))
        copy, source = self.info("q"), self.info("p")
        self.assertEqual(copy["bounds"], source["bounds"])
        self.assertEqual(copy["file_size"], source["file_size"])
        self.assertNotEqual(copy["id"], source["id"])
        self.pls("doctor", "q")

    def test_the_two_go_separate_ways(self):
        self.create("p")
        self.feed("p", {"n": 1})
        self.pls("pool", "copy", "p", "q")
        self.feed("p", {"n": "p"})
        self.assertEqual(self.feed("q", {"n": "q"})[0]["seq"], 2)
        self.assertEqual(self.data("p"), [{"n": 1}, {"n": "p"}])
        self.assertEqual(self.data("q"), [{"n": 1}, {"n": "q"}])

    def test_json(self):
        self.create("p", size="64K")
        self.feed("p", {"n": 1})
        shown = json.loads(self.pls("pool", "copy", "p", "q", "--json").stdout)
        self.assertEqual(list(shown), ["copied", "source"])
        self.assertEqual(shown["source"], "p")
        self.assertEqual(list(shown["copied"]), list(self.info("q")))
        self.assertEqual(shown["copied"]["name"], "q")
        self.assertEqual(shown["copied"]["path"], str(self.path("q")))

    def test_table_and_terminal(self):
        self.create("p", size="64K")
        self.feed("p", {"n": 1})
        lines = self.pls("pool", "copy", "p", "q").stdout.decode().splitlines()
        self.assertEqual(lines[0].split(), ["SOURCE", "COPY", "SIZE", "MESSAGES", "PATH"])
        self.assertEqual(lines[1].split(), ["p", "q", "65536", "1", "q.plasmite"])
        self.assertEqual(
            self.on_terminal("pool", "copy", "p", "r"),
            "Copied p to r (64K)\n  messages: 1 (seq 1..1)\n  path:     r.plasmite\n")

    def test_paths_and_folders(self):
        self.create("p")
        target = self.dir / "deep" / "er" / "copy"
        self.pls("pool", "copy", self.path("p"), target)
        self.assertEqual(os.stat(target).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(target.parent).st_mode & 0o777, 0o700)

    def test_nothing_is_replaced(self):
        self.create("p", "q")
        self.feed("q", {"mine": True})
        for target in ("q", "p"):
            self.refused("pool", "copy", "p", target, code=4, kind="AlreadyExists",
                         message="pool already exists", path=self.path(target))
        self.assertEqual(self.data("q"), [{"mine": True}])

    def test_missing_and_remote(self):
        self.refused("pool", "copy", "p", "q", code=3, kind="NotFound", message="not found",
                     path=self.path("p"))
        self.assertFalse(self.pools.exists(), "nothing is made for a copy of nothing")
        self.create("p")
        for arguments in (("http://host/p", "q"), ("p", "https://host/q")):
            self.refused("pool", "copy", *arguments, code=2, kind="Usage", message="not here yet")

    def test_damaged_source(self):
        self.create("p", size="64K")
        self.feed("p", {"text": "x" * 100}, {"text": "y" * 100})
        image = self.path("p").read_bytes()
        self.path("p").write_bytes(image.replace(b"xxxx", b"xxzx", 1))
        self.refused("pool", "copy", "p", "q", code=7, kind="Corrupt", hint="doctor",
                     path=self.path("p"))
        self.assertEqual([name for name in os.listdir(self.pools)], ["p.plasmite"])

    def test_full_disk(self):
        self.create("p", size="1M")
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512 << 10, 512 << 10))
        error = self.refused("pool", "copy", "p", "q", code=8, kind="Io", preexec_fn=limit)
        self.assertEqual(error["path"], str(self.path("q")))
        self.assertEqual(os.listdir(self.pools), ["p.plasmite"])

    def test_under_a_writer(self):
        """Each copy is a piece of the sequence without a hole, up to what was acknowledged before."""
        self.create("p", size="256K")
        feed = self.start("feed", "p", stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        generator = subprocess.Popen(
            ["sh", "-c", "seq 1 1000000000 | sed 's/.*/{\"n\":&}/'"],
            stdout=feed.stdin, stderr=subprocess.DEVNULL)
        self.addCleanup(generator.wait)
        self.addCleanup(generator.kill)
        drain = subprocess.Popen(["cat"], stdin=feed.stdout, stdout=subprocess.DEVNULL)
        self.addCleanup(drain.wait)
        self.addCleanup(drain.kill)
        while not self.info("p")["bounds"]:
            pass
        for n in range(20):
            acknowledged = self.info("p")["bounds"]["newest"]
            self.pls("pool", "copy", "p", f"copy{n}")
            messages = self.retained(f"copy{n}")
            self.assertGreaterEqual(messages[-1]["seq"], acknowledged)
            first = messages[0]["seq"]
            self.assertEqual([message["seq"] for message in messages],
                             list(range(first, first + len(messages))))
            self.assertEqual([message["data"]["n"] for message in messages],
                             [message["seq"] for message in messages])

    def test_killed(self):
        """What a killed copy leaves is no pool, and the next copy removes it."""
        self.create("p", size="64M")
        for _ in range(10):
            copy = self.start("pool", "copy", "p", "q")
            while copy.poll() is None and len(os.listdir(self.pools)) < 2:
                pass
            copy.send_signal(signal.SIGKILL)
            copy.wait()
            if self.path("q").exists():
                self.pls("doctor", "q")
                self.path("q").unlink()
            self.assertEqual(self.pls("pool", "list").stdout.count(b"\n"), 2)
        self.pls("pool", "copy", "p", "q")
        self.assertEqual(sorted(os.listdir(self.pools)), ["p.plasmite", "q.plasmite"])


if __name__ == "__main__":
    unittest.main()
