"""follow 'app-*': what a pattern finds, pools that come and go while they are followed."""

import json
import os
import unittest

from cli_harness import CliTest, read_line

EPOCH = "1971-01-01T00:00:00Z"


class FollowPatterns(CliTest):
    def setUp(self):
        super().setUp()
        self.create("app-a", "app-b", "other")

    def found(self, *arguments):
        """The pools of which follow prints a message; each has one."""
        result = self.pls("follow", *arguments, "--since", EPOCH, "--until", "now", "--jsonl")
        self.assertEqual(result.stderr, b"")
        return [json.loads(line)["pool"] for line in result.stdout.splitlines()]

    def following(self, *arguments, pool="app-a"):
        """A follower that has printed a first message, of `pool`, so that it surely waits."""
        follow = self.start("follow", *arguments, "--jsonl", bufsize=0)
        seen = None
        while seen is None:
            self.feed(pool, {"n": 0})
            try:
                seen = json.loads(read_line(follow.stdout, 0.05))
            except AssertionError:
                continue
        self.feed(pool, {"n": "go"})
        while seen["data"] != {"n": "go"}:
            seen = json.loads(read_line(follow.stdout))
        return follow

    def next_of(self, follow):
        message = json.loads(read_line(follow.stdout))
        return message["pool"], message["data"]["n"]

    def test_what_a_pattern_finds(self):
        for name in ("app-a", "app-b", "other"):
            self.feed(name, {})
        self.create(".app-hidden", "app-x.plasmite.plasmite", "[ab]", "a*b")
        for name in (".app-hidden", "app-x.plasmite.plasmite", "[ab]", "a*b"):
            self.feed(name, {})
        self.assertEqual(self.found("app-?"), ["app-a", "app-b"])
        self.assertEqual(self.found("app-*"), ["app-a", "app-b", "app-x.plasmite.plasmite"])
        self.assertEqual(self.found("app-?.plasmite"), ["app-a", "app-b"])
        self.assertEqual(self.found("*[-]b"), ["app-b"])
        self.assertEqual(self.found(".a*"), [".app-hidden"])
        self.assertEqual(self.found("*"),
                         ["app-a", "app-b", "other", "app-x.plasmite.plasmite", "[ab]", "a*b"])
        self.assertEqual(self.found("other", "app-*", "*b"),
                         ["app-a", "app-b", "other", "app-x.plasmite.plasmite", "a*b"])
        # These are names.
        alone = ["--since", EPOCH, "--one", "--jsonl"]
        for name in ("[ab]", "a*b"):
            self.assertNotIn("pool", json.loads(self.pls("follow", name, *alone).stdout), name)
        self.refused("follow", "[xy]", code=3, kind="NotFound", message="not found")
        self.refused("follow", "x/*", code=3, kind="NotFound", message="not found")

    def test_a_pattern_that_finds_nothing(self):
        self.refused("follow", "web-*", code=3, kind="NotFound", message='no pool matches "web-*"',
                     hint="plasmite pool list", path=self.pools)
        self.refused("follow", "app-*", "web-*", code=3, kind="NotFound", message="web-*")
        self.refused("--dir", self.dir / "nowhere", "follow", "*", code=3, kind="NotFound",
                     message="no pool matches")
        self.refused("follow", "app-*", "--create", code=2, kind="Usage", message="--create")

    def test_files_that_are_no_pools_are_passed_over(self):
        self.path("app-0").write_bytes(b"not a pool" * 1000)
        (self.pools / "app-1.plasmite").mkdir()
        self.feed("app-a", {"n": 1})
        result = self.pls("follow", "app-*", "--since", EPOCH, "--until", "now", "--jsonl")
        self.assertEqual([json.loads(line)["pool"] for line in result.stdout.splitlines()], ["app-a"])
        (notice,) = self.notices(result.stderr)
        self.assertEqual((notice["kind"], notice["pool"]), ("pool_skipped", "app-0"))
        self.assertEqual(sorted(notice["details"]), ["error", "pool_path"])
        self.assertEqual(notice["details"]["error"]["kind"], "Corrupt")
        self.assertEqual(notice["details"]["pool_path"], str(self.path("app-0")))
        self.refused("follow", "app-0*", code=7, kind="Corrupt", path=self.path("app-0"))

    def test_a_pool_that_comes_later_is_followed_from_its_beginning(self):
        follow = self.following("app-*")
        self.pls("feed", "app-c", "--create", "-q", stdin=b'{"n":1}\n{"n":2}\n')
        self.pls("feed", "unrelated", "--create", "-q", stdin=b'{"n":1}\n')
        self.assertEqual([self.next_of(follow) for _ in range(2)], [("app-c", 1), ("app-c", 2)])
        self.feed("app-c", {"n": 3})
        self.feed("app-b", {"n": 4})
        self.assertEqual([self.next_of(follow) for _ in range(2)], [("app-c", 3), ("app-b", 4)])
        # Another one, once the directory was at rest.
        os.utime(self.pools, (1, 1))
        self.feed("app-b", {"n": 5})
        self.assertEqual(self.next_of(follow), ("app-b", 5))
        self.pls("feed", "app-d", "--create", "-q", stdin=b'{"n":6}\n')
        self.assertEqual(self.next_of(follow), ("app-d", 6))

    def test_it_is_found_while_others_flood(self):
        self.create("app-flood", size="64K")
        follow = self.following("app-*", "--where", '.pool != "app-flood"')
        feed = self.start("feed", "app-flood", "-q")
        self.pls("feed", "app-c", "--create", "-q", stdin=b'{"n":1}\n')
        os.set_blocking(feed.stdin.fileno(), False)
        found = None
        for _ in range(2000):
            try:
                os.write(feed.stdin.fileno(), b'{"n":0}\n' * 4000)
            except BlockingIOError:
                pass
            try:
                found = self.next_line(follow, 0.01)
                break
            except AssertionError:
                continue
        self.assertEqual(found, ("app-c", 1))

    def next_line(self, follow, seconds):
        message = json.loads(read_line(follow.stdout, seconds))
        return message["pool"], message["data"]["n"]

    def test_of_an_old_pool_that_comes_later_only_what_is_new(self):
        self.pls("--dir", self.dir / "away", "feed", "app-old", "--create", "-q", stdin=b'{"n":"old"}\n')
        follow = self.following("app-*")
        os.rename(self.dir / "away" / "app-old.plasmite", self.path("app-old"))
        self.feed("app-old", {"n": "new"})
        self.assertEqual(self.next_of(follow), ("app-old", "new"))

    def test_a_file_that_becomes_a_pool_is_followed_then(self):
        follow = self.following("app-*")
        self.path("app-c").write_bytes(b"not yet")
        (notice,) = self.notices(read_line(follow.stderr))
        self.assertEqual((notice["kind"], notice["pool"]), ("pool_skipped", "app-c"))
        self.path("app-c").unlink()
        self.pls("feed", "app-c", "--create", "-q", stdin=b'{"n":1}\n')
        self.assertEqual(self.next_of(follow), ("app-c", 1))

    def test_a_pool_that_is_deleted_leaves_the_others(self):
        for pools in (("app-*",), ("app-a", "app-b")):
            follow = self.following(*pools)
            self.pls("pool", "delete", "app-b")
            (notice,) = self.notices(read_line(follow.stderr))
            self.assertEqual((notice["kind"], notice["pool"]), ("pool_lost", "app-b"))
            self.assertEqual(notice["details"]["error"]["kind"], "NotFound")
            self.assertEqual(notice["details"]["pool_path"], str(self.path("app-b")))
            self.feed("app-a", {"n": 1})
            self.assertEqual(self.next_of(follow), ("app-a", 1))
            self.create("app-b")
            self.feed("app-b", {"n": 2})
            if pools == ("app-*",):
                self.assertEqual(self.next_of(follow), ("app-b", 2), "made again, found again")
            self.end(follow)

    def test_the_last_pool_ends_follow_unless_more_may_come(self):
        named = self.following("app-a", "app-b")
        pattern = self.following("app-*")
        self.pls("pool", "delete", "app-a", "app-b")
        out, err = named.communicate(timeout=30)
        self.assertEqual(named.returncode, 3)
        lost, ended = [json.loads(line) for line in err.splitlines()]
        self.assertEqual(lost["notice"]["kind"], "pool_lost")
        self.assertEqual(ended["error"]["kind"], "NotFound")
        self.assertIn("--create", ended["error"]["hint"])
        for _ in range(2):
            self.assertEqual(self.notices(read_line(pattern.stderr))[0]["kind"], "pool_lost")
        self.pls("feed", "app-z", "--create", "-q", stdin=b'{"n":1}\n')
        while (seen := self.next_of(pattern)) != ("app-z", 1):
            self.assertEqual(seen[0], "app-a", "what the other follower was waited for with")

    def test_damage_and_truncation_name_the_pool(self):
        follow = self.following("app-*")
        os.truncate(self.path("app-b"), 8192)
        (notice,) = self.notices(read_line(follow.stderr))
        self.assertEqual((notice["kind"], notice["pool"]), ("pool_lost", "app-b"))
        self.assertEqual(notice["details"]["error"]["kind"], "Io")
        self.feed("app-a", {"n": 1})
        self.assertEqual(self.next_of(follow), ("app-a", 1))
        # Looked at again every second, told once.
        self.pls("feed", "app-c", "--create", "-q", stdin=b'{"n":2}\n')
        self.assertEqual(self.next_of(follow), ("app-c", 2))
        follow.terminate()
        self.assertEqual(follow.communicate()[1], b"")

    def test_one_pool_too_many_is_told_once(self):
        names = [f"many-{n:03}" for n in range(128)]
        self.create(*names, size="64K")
        follow = self.following("many-*", pool="many-000")
        self.create("many-128", "many-129", size="64K")
        (notice,) = self.notices(read_line(follow.stderr))
        self.assertEqual((notice["kind"], notice["details"]["error"]["kind"]), ("pool_skipped", "Usage"))
        self.feed("many-127", {"n": 1})
        self.assertEqual(self.next_of(follow), ("many-127", 1))
        self.pls("pool", "delete", "many-000")
        self.assertEqual(self.notices(read_line(follow.stderr))[0]["kind"], "pool_lost")
        self.feed("many-128", {"n": 2})
        self.assertEqual(self.next_of(follow), ("many-128", 2), "there is room now")

    def test_a_pool_that_is_resized_is_not_lost(self):
        follow = self.following("app-*")
        self.pls("pool", "resize", "app-b", "8M")
        self.feed("app-b", {"n": 1})
        self.assertEqual(self.next_of(follow), ("app-b", 1))
        follow.terminate()
        self.assertEqual(follow.communicate(), (b"", b""))


if __name__ == "__main__":
    unittest.main()
