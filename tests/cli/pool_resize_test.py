"""pool resize: shapes, what is kept, processes that use the pool go on, deaths on the way."""

import json
import os
import random
import signal
import subprocess
import threading
import time
import unittest

from cli_harness import CliTest, read_line


class PoolResize(CliTest):
    def test_the_same_pool_of_another_size(self):
        self.create("p", size="64K")
        self.feed("p", *({"n": n} for n in range(2000)), tags=["a"])
        before, messages = self.info("p"), self.retained("p")
        self.pls("pool", "resize", "p", "1M")
        after = self.info("p")
        self.assertEqual(after["file_size"], 1 << 20)
        self.assertEqual((after["id"], after["bounds"]), (before["id"], before["bounds"]))
        self.assertEqual(self.retained("p"), messages)
        self.assertEqual(os.stat(self.path("p")).st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(self.pools), ["p.plasmite"])
        self.pls("doctor", "p")

    def test_json(self):
        self.create("p", size="64K")
        shown = json.loads(self.pls("pool", "resize", "p", "128K", "--json").stdout)
        self.assertEqual(list(shown), ["old_size", "resized", "retired"])
        self.assertEqual((shown["old_size"], shown["retired"]), (65536, 0))
        self.assertEqual(list(shown["resized"]), list(self.info("p")))
        self.assertEqual(shown["resized"]["file_size"], 131072)

    def test_table_and_terminal(self):
        self.create("p", size="64K")
        self.feed("p", {"n": 1})
        lines = self.pls("pool", "resize", "p", "1M").stdout.decode().splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "OLD", "SIZE", "MESSAGES", "RETIRED", "PATH"])
        self.assertEqual(lines[1].split(), ["p", "65536", "1048576", "1", "0", "p.plasmite"])
        self.assertEqual(self.on_terminal("pool", "resize", "p", "2M"),
                         "Resized p (1M to 2M)\n  messages: 1 (seq 1..1)\n")
        self.assertEqual(self.on_terminal("pool", "resize", "p", "2M"),
                         "Pool p has this size already (2M).\n")

    def test_messages_are_retired_only_when_told_to(self):
        self.create("p", size="1M")
        self.feed("p", *({"n": n} for n in range(3000)))
        self.refused("pool", "resize", "p", "64K", code=2, kind="Usage", hint="--retire")
        self.assertEqual(len(self.retained("p")), 3000)
        shown = json.loads(self.pls("pool", "resize", "p", "64K", "--retire", "--json").stdout)
        kept = self.retained("p")
        self.assertEqual(shown["retired"], 3000 - len(kept))
        self.assertEqual([message["data"]["n"] for message in kept],
                         list(range(3000 - len(kept), 3000)))

    def test_refused(self):
        self.refused("pool", "resize", "p", "1M", code=3, kind="NotFound", message="not found",
                     path=self.path("p"))
        self.create("p")
        self.refused("pool", "resize", "p", "1X", code=2, kind="Usage", message="invalid size")
        self.refused("pool", "resize", "p", "1K", code=2, kind="Usage", hint="64K")
        self.refused("pool", "resize", "http://host/p", "1M", code=2, kind="Usage",
                     message="not here yet")
        self.assertEqual(self.info("p")["file_size"], 4 << 20)

    def test_a_tap_under_way_is_not_disturbed(self):
        """tap's lock is on this very file: without it the next tap would take its run for lost."""
        tap = self.start("tap", "p", "--create", "-q", "--", "sh", "-c", "echo on; read x; echo off")
        while not self.path("p").exists() or len(self.retained("p")) < 2:
            pass
        self.refused("pool", "resize", "p", "128M", code=5, kind="Busy", hint="tap")
        tap.communicate(b"\n", timeout=60)
        self.assertEqual(tap.returncode, 0)
        self.pls("pool", "resize", "p", "128M")
        self.assertEqual(len(self.retained("p")), 4)

    def test_feed_and_follow_go_on(self):
        self.create("p", size="64K")
        feed = self.start("feed", "p", bufsize=0)
        follow = self.start("follow", "p", "--jsonl", "--since", "1h", bufsize=0)
        for n, size in enumerate(["1M", "2M", "128K", "64K"]):
            feed.stdin.write(json.dumps({"n": n}).encode() + b"\n")
            self.assertEqual(json.loads(read_line(feed.stdout))["seq"], n + 1)
            self.assertEqual(json.loads(read_line(follow.stdout))["data"], {"n": n})
            self.pls("pool", "resize", "p", size)
        feed.stdin.write(b'{"n":4}\n')
        self.assertEqual(json.loads(read_line(feed.stdout))["seq"], 5)
        self.assertEqual(json.loads(read_line(follow.stdout))["seq"], 5)
        feed.stdin.close()
        self.assertEqual(feed.wait(60), 0)
        self.assertEqual(len(self.retained("p")), 5)
        self.pls("pool", "delete", "p")
        self.assertEqual(follow.wait(60), 3, "a deleted pool still ends follow")

    def test_killed_at_random_instants_under_a_writer(self):
        """Every acknowledged record stays, once, in order; the file has one of the two sizes."""
        seed = int(os.environ.get("PLASMITE_SEED", time.time_ns() % 100000))
        chance = random.Random(seed)
        self.create("p", size="8M")
        feed = self.start("feed", "p", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        receipts = []
        reader = threading.Thread(target=lambda: receipts.extend(feed.stdout), daemon=True)
        reader.start()
        done = threading.Event()

        def write():
            n = 0
            while not done.is_set() and n < 50000:
                feed.stdin.write(b'{"n":%d}\n' % n)
                n += 1
                if n % 100 == 0:
                    feed.stdin.flush()
                    done.wait(0.001)
            feed.stdin.close()

        writer = threading.Thread(target=write)
        writer.start()
        for n in range(60):
            resize = self.start("pool", "resize", "p", ["16M", "8M"][n % 2])
            time.sleep(chance.uniform(0, 0.03))
            resize.send_signal(signal.SIGKILL)
            resize.wait()
            self.assertIn(os.stat(self.path("p")).st_size, (8 << 20, 16 << 20), seed)
        done.set()
        writer.join()
        self.assertEqual(feed.wait(60), 0, (seed, feed.stderr.read()))
        reader.join()
        acknowledged = [json.loads(line)["seq"] for line in receipts]
        self.assertEqual(acknowledged, list(range(1, len(acknowledged) + 1)), seed)
        messages = self.retained("p")
        self.assertEqual([message["seq"] for message in messages], acknowledged, seed)
        self.assertEqual([message["data"]["n"] for message in messages],
                         list(range(len(messages))), seed)
        self.pls("doctor", "p")
        self.pls("pool", "resize", "p", "9M")
        self.assertEqual(os.listdir(self.pools), ["p.plasmite"], "nothing is left behind")


if __name__ == "__main__":
    unittest.main()
