"""follow --name: it goes on where it stopped, whatever stopped it."""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import sys
import time
import unittest

from cli_harness import PLS, SANITIZED, CliTest, read_line

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import named_follower  # noqa: E402


def processor_seconds_of_child(pid):
    """Of the one child; 0 while there is none."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if not children:
        return 0
    fields = pathlib.Path(f"/proc/{children[0]}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class FollowName(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def follow(self, *options, name="x", pool="p", code=124, notices=0):
        """Sequences printed until nothing comes for a while."""
        result = self.pls("follow", pool, "--name", name, "--jsonl", "--timeout", "50ms", *options,
                          code=code)
        self.said = self.notices(result.stderr)
        self.assertEqual(len(self.said), notices, result.stderr)
        return [json.loads(line)["seq"] for line in result.stdout.splitlines()]

    def numbers(self, count, **options):
        self.feed("p", *({"n": n} for n in range(count)), **options)

    def position_file(self, name="x"):
        return self.pools / f"p.plasmite.{name}.follower"

    def test_goes_on_where_it_stopped(self):
        self.numbers(2)
        self.assertEqual(self.follow(), [], "a new name begins now")
        self.numbers(3)
        self.assertEqual(self.follow(), [3, 4, 5], "and goes on from then")
        self.assertEqual(self.follow(), [])
        self.numbers(1)
        self.assertEqual(self.follow(name="y", code=124), [])
        self.assertEqual(self.follow(), [6])

    def test_start_options_are_for_a_new_name(self):
        self.numbers(5)
        self.assertEqual(self.follow("--tail", "2"), [4, 5])
        self.assertEqual(self.follow("--tail", "2"), [])
        self.assertEqual(self.follow("--since", "1h", name="y"), [1, 2, 3, 4, 5])
        self.assertEqual(self.follow("--since", "1h", name="y"), [])
        self.assertEqual(self.follow("--since-seq", "4", name="z"), [4, 5])
        self.assertEqual(self.follow("--since", "tomorrow", name="w", code=0), [])
        self.numbers(1)
        self.assertEqual(self.follow("--since", "tomorrow", name="z"), [6])
        self.assertEqual(self.follow("--since", "1h", name="w"), [1, 2, 3, 4, 5, 6], "it had not begun")

    def test_a_name_that_begins_at_a_sequence_to_come(self):
        self.numbers(2)
        self.assertEqual(self.follow("--since-seq", "4"), [])
        self.numbers(1)
        self.assertEqual(self.follow("--since-seq", "4"), [], "it has not begun yet")
        self.numbers(2)
        self.assertEqual(self.follow("--since-seq", "4"), [4, 5])
        self.assertEqual(self.follow("--since-seq", "4"), [])

    def test_one_by_one(self):
        self.numbers(3)
        self.assertEqual(self.follow("--since-seq", "1", "--one", code=0), [1])
        self.assertEqual(self.follow("--one", code=0), [2])
        self.assertEqual(self.follow("--one", code=0), [3])
        self.assertEqual(self.follow("--one"), [])
        self.assertEqual(self.follow("--one", "--tail", "3", name="y", code=0), [3])
        self.numbers(1)
        self.assertEqual(self.follow("--one", "--tail", "3", name="y", code=0), [4])

    def test_until(self):
        self.numbers(5)
        self.assertEqual(self.follow("--until-seq", "3", code=0), [1, 2, 3])
        self.assertEqual(self.follow("--until-seq", "3", code=0), [])
        self.assertEqual(self.follow(), [4, 5], "what lies behind the end was not printed")

    def test_messages_passed_over_are_done_with(self):
        self.numbers(3)
        self.numbers(1, tags=["t"])
        self.assertEqual(self.follow("--tag", "t", "--since-seq", "1"), [4])
        self.numbers(2)
        self.assertEqual(self.follow("--tag", "t"), [])
        self.assertEqual(self.follow(), [], "also those behind the last that was printed")

    def test_killed_while_where_holds_a_message(self):
        self.feed("p", {"n": 1}, tags=["t"])
        self.numbers(1100)  # passed over meanwhile, more than are needed for a look at the position
        never = self.start("follow", "p", "--name", "x", "--since-seq", "1", "--tag", "t",
                           "--where", "last(range(1e12)) > 0")
        while processor_seconds_of_child(never.pid) < 0.5:
            self.assertIsNone(never.poll())
            time.sleep(0.01)
        never.kill()
        never.wait()
        self.assertEqual(self.follow("--tag", "t", "--where", "true"), [1])

    def test_one_by_one_through_where(self):
        wanted, other = {"data": {"n": 1}, "tags": ["t"]}, {"data": {"n": 2}, "tags": []}
        for record in (wanted, other, wanted, other):
            self.feed("p", record["data"], tags=record["tags"])
        # Both that match are held when the first one ends the process.
        where = ["--since-seq", "1", "--tag", "t", "--where", ".data.n == 1"]
        self.assertEqual(self.follow(*where, "--one", code=0), [1])
        self.assertEqual(self.follow(*where, "--one", code=0), [3])
        self.assertEqual(self.follow(*where), [])

    def test_where_judges_what_came_before_an_end(self):
        self.numbers(4)
        where = ["--since-seq", "1", "--where", "true"]
        self.assertEqual(self.follow(*where, "--until-seq", "3", code=0), [1, 2, 3])
        self.assertEqual(self.follow(*where), [4])

    def test_a_terminated_follower_goes_on_behind_what_it_printed(self):
        follow = self.start("follow", "p", "--name", "x", "--since-seq", "1", "--jsonl", bufsize=0)
        for n in range(1, 4):
            self.numbers(1)
            self.assertEqual(json.loads(read_line(follow.stdout))["seq"], n)
        follow.send_signal(signal.SIGINT)
        follow.wait(10)
        self.assertIn((self.follow() or [4])[0], (3, 4), "the last one at most")

    def test_what_nobody_read_comes_again(self):
        self.create("big", size="64M")
        self.pls("feed", "big", "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 200) * 10_000)
        options = ["follow", "big", "--name", "x", "--since-seq", "1", "--jsonl"]
        readable, writable = os.pipe()
        fcntl.fcntl(writable, fcntl.F_SETPIPE_SZ, 4096)  # far less than follow writes at once
        follow = self.start(*options, stdout=writable)
        os.close(writable)
        self.assertTrue(os.read(readable, 100))
        os.close(readable)
        self.assertEqual(follow.wait(30), 0)
        self.assertEqual(self.follow(pool="big"), list(range(1, 10_001)))

    def test_the_position_moves_with_every_block(self):
        self.create("big", size="64M")
        self.pls("feed", "big", "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 200) * 20_000)
        follow = self.start("follow", "big", "--name", "x", "--since-seq", "1", "--jsonl", bufsize=0)
        printed = b""
        while len(printed) < 2_000_000:
            printed += os.read(follow.stdout.fileno(), 65536)
        follow.kill()  # while it cannot go on: nobody reads
        printed += follow.stdout.read()
        last = len(printed.splitlines())
        first = self.follow(pool="big")[0]
        self.assertLessEqual(first, last + 1)
        self.assertGreater(first, last - 2 * 65536 // 200, "the block being written at most")

    def test_a_failed_write_is_not_written(self):
        self.numbers(3)
        with open("/dev/full", "wb") as full:
            result = self.pls("follow", "p", "--name", "x", "--since-seq", "1", stdout=full, code=8)
        self.assertEqual(self.error(result)["kind"], "Io")
        self.assertEqual(self.follow(), [1, 2, 3])

    def test_failed_text_is_not_written(self):
        self.pls("tap", "t", "--create", "-q", "--", "sh", "-c", "echo one; echo two")
        with open("/dev/full", "wb") as full:
            self.pls("follow", "t", "--name", "x", "--since-seq", "1", "--text", stdout=full, code=8)
        result = self.pls("follow", "t", "--name", "x", "--text", "--timeout", "50ms", code=124)
        self.assertEqual(result.stdout, b"one\ntwo\n")

    def test_a_line_in_parts_is_written_when_it_is_whole(self):
        self.create("t", size="16M")
        with (self.dir / "line").open("wb") as line:
            line.write(b"a" * 3_000_000)
        self.pls("tap", "t", "-q", "--", "cat", self.dir / "line")
        start = self.retained("t")[0]["seq"]
        options = ["follow", "t", "--name", "x", "--since-seq", "1", "--text"]
        first = self.pls(*options, "--until-seq", start + 1)
        self.assertGreater(len(first.stdout), 0, "an end prints what there is")
        rest = self.pls(*options, "--timeout", "50ms", code=124)
        self.assertEqual(len(first.stdout) + len(rest.stdout), 3_000_000)

    def test_parts_held_back_when_it_is_killed_come_again(self):
        self.create("t", size="16M")
        part = {"kind": "line", "line": "ab", "stream": "stdout"}
        options = ["follow", "t", "--name", "x", "--since-seq", "1", "--text"]
        follow = self.start(*options, bufsize=0)
        self.feed("t", {**part, "part": {"id": "1", "n": 0, "last": False}})
        self.feed("t", {**part, "line": "whole"})
        self.assertEqual(read_line(follow.stdout), b"whole\n")
        follow.kill()
        follow.wait()
        self.feed("t", {**part, "part": {"id": "1", "n": 1, "last": True}})
        result = self.pls(*options, "--timeout", "50ms", code=124)
        self.assertIn(b"abab\n", result.stdout)
        self.assertEqual(self.notices(result.stderr), [])

    def test_one_process_has_a_name(self):
        follow = self.start("follow", "p", "--name", "x", "--since-seq", "1", "--jsonl", bufsize=0)
        self.numbers(1)
        read_line(follow.stdout)
        error = self.refused("follow", "p", "--name", "x", code=5, kind="Busy",
                             message="another process follows as 'x'", hint="--name",
                             path=self.position_file())
        if os.access("/proc/locks", os.R_OK):
            self.assertIn(str(follow.pid), error["causes"][0])
        self.follow(name="y")
        follow.kill()
        follow.wait()
        self.follow()

    def test_what_was_retired_meanwhile_is_told(self):
        self.create("small", size="64K")
        self.feed("small", {"n": 0})
        self.assertEqual(self.follow("--since-seq", "1", pool="small"), [1])
        self.feed("small", *({"pad": "x" * 300} for _ in range(1000)))
        bounds = self.info("small")["bounds"]
        self.assertEqual(self.follow(pool="small", notices=1),
                         list(range(bounds["oldest"], bounds["newest"] + 1)))
        self.assertEqual(self.said[0]["details"]["gaps"], [{"from": 2, "to": bounds["oldest"] - 1}])

    def test_another_pool_is_followed_from_its_oldest_message(self):
        self.numbers(5)
        self.assertEqual(self.follow("--since-seq", "1"), [1, 2, 3, 4, 5])
        os.rename(self.path("p"), self.dir / "before")
        self.create("p")
        self.numbers(2)
        self.assertEqual(self.follow("--tail", "1", notices=1), [1, 2])
        self.assertEqual((self.said[0]["kind"], self.said[0]["details"]["cause"]),
                         ("follower_reset", "other_pool"))
        self.assertEqual(self.follow(), [])
        # An old copy of the pool it knows: what is added to it is new.
        os.rename(self.dir / "before", self.path("p"))
        self.follow(name="x", notices=1)
        shutil.copy(self.path("p"), self.dir / "copy")
        self.numbers(3)
        self.assertEqual(self.follow(), [6, 7, 8])
        shutil.copy(self.dir / "copy", self.path("p"))
        self.assertEqual(self.follow(notices=1), [1, 2, 3, 4, 5])
        self.assertEqual(self.said[0]["details"]["cause"], "older_pool")

    def test_a_damaged_position_repeats_and_never_skips(self):
        for content in (b"nonsense", b"x" * 1024, None):
            self.numbers(1)
            newest = self.info("p")["bounds"]["newest"]
            self.follow("--since-seq", "1", name="d")
            if content is None:
                content = bytes([self.position_file("d").read_bytes()[60] ^ 1]) * 1024
            self.position_file("d").write_bytes(content)
            self.assertEqual(self.follow(name="d", notices=1), list(range(1, newest + 1)))
            self.assertEqual(self.said[0]["details"]["cause"], "damaged")
        # One line of the two is enough; it is the one before.
        self.numbers(1)
        self.follow(name="d")
        newest = self.info("p")["bounds"]["newest"]
        lines = self.position_file("d").read_bytes()
        places = [int(line.split()[4]) for line in lines.splitlines()]
        later = places.index(max(places))
        torn = bytearray(lines)
        torn[later * 512 + 60] ^= 1
        self.position_file("d").write_bytes(torn)
        self.assertEqual(self.follow(name="d"), list(range(min(places), newest + 1)))
        # Empty: a name that never began.
        self.position_file("d").write_bytes(b"")
        self.assertEqual(self.follow("--tail", "1", name="d"), [newest])
        self.position_file("d").write_bytes(lines.replace(b"follower 1", b"follower 2"))
        self.refused("follow", "p", "--name", "d", code=2, kind="Usage", message="later version",
                     path=self.position_file("d"))

    def test_the_file_is_private_and_goes_with_its_pool(self):
        self.create("p.y")
        for pool in ("p", "p.y"):
            self.follow(name="x", pool=pool)
        self.assertEqual(os.stat(self.position_file()).st_mode & 0o777, 0o600)
        self.assertEqual(len(json.loads(self.pls("pool", "list", "--json").stdout)["pools"]), 2)
        self.pls("pool", "delete", "p")
        self.assertEqual(sorted(os.listdir(self.pools)), ["p.y.plasmite", "p.y.plasmite.x.follower"])
        self.pls("pool", "delete", "p.y")
        self.assertEqual(os.listdir(self.pools), [])

    def test_a_link_to_the_pool_is_the_pool(self):
        self.numbers(2)
        os.symlink(self.path("p"), self.dir / "link")
        self.assertEqual(self.follow("--since-seq", "1"), [1, 2])
        self.assertEqual(self.follow("--since-seq", "1", pool=f"{self.dir}/link"), [])

    def test_wrong_names(self):
        usage = dict(code=2, kind="Usage")
        for name in ("", "a.b", "a/b", "../x", "a b", "é", "x" * 65):
            self.refused("follow", "p", f"--name={name}", message="for '--name'", **usage)
        self.refused("follow", "p", "--name", "x", "--run", "last",
                     message="conflicting start options", **usage)
        self.refused("follow", "gone", "--name", "x", code=3, kind="NotFound",
                     hint="plasmite follow gone --create --name x")

    def test_a_place_that_may_not_be_written(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        os.chmod(self.pools, 0o500)
        self.addCleanup(os.chmod, self.pools, 0o700)
        self.refused("follow", "p", "--name", "x", code=6, kind="Permission", hint="beside the pool")

    def test_killed_again_and_again(self):
        self.create("big", size="64M")
        figures = named_follower.kill_again_and_again(
            PLS, str(self.path("big")), kills=25, env=self.env, longest=0.3 if SANITIZED else 0.04)
        self.assertLess(figures["before_anything_was_printed"], 25, figures)


if __name__ == "__main__":
    unittest.main()
