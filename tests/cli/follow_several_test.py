"""follow of several pools: the order, the shape, and what each option means for all together."""

import json
import resource
import unittest

from cli_harness import SANITIZED, CliTest

EPOCH = "1971-01-01T00:00:00Z"


class FollowSeveral(CliTest):
    def setUp(self):
        super().setUp()
        self.create("a", "b", "c")

    def follow(self, *arguments, code=0):
        """The messages that follow prints."""
        result = self.pls("follow", *arguments, "--jsonl", code=code)
        self.assertEqual(result.stderr, b"")
        return [json.loads(line) for line in result.stdout.splitlines()]

    def numbers(self, *arguments, code=0):
        return [message["data"]["n"] for message in self.follow(*arguments, code=code)]

    def in_turns(self, count, pools="abc"):
        """One message after the other, each into another pool."""
        for n in range(count):
            self.feed(pools[n % len(pools)], {"n": n}, tags=["even"] if n % 2 == 0 else [])

    def test_what_is_there_comes_in_the_order_of_time(self):
        self.in_turns(10)
        messages = self.follow("a", "b", "c", "--since", EPOCH, "--until", "now")
        self.assertEqual([message["data"]["n"] for message in messages], list(range(10)))
        times = [message["time"] for message in messages]
        self.assertEqual(len(set(times)), 10)
        for pool in "abc":
            seqs = [message["seq"] for message in messages if message["pool"] == pool]
            self.assertEqual(seqs, list(range(1, len(seqs) + 1)), "of one pool in its own order")
        self.assertEqual(self.numbers("c", "a", "b", "--since", EPOCH, "--until", "now"), list(range(10)))

    def test_each_message_says_its_pool(self):
        self.feed("a", {"n": 1}, tags=["x"])
        result = self.pls("follow", "a", "b", "--since", EPOCH, "--one", "--jsonl")
        message = json.loads(result.stdout)
        self.assertEqual(list(message), ["data", "meta", "pool", "seq", "time"])
        alone = self.pls("follow", "a", "--since", EPOCH, "--one", "--jsonl").stdout
        self.assertEqual(result.stdout, alone.replace(b',"seq"', b',"pool":"a","seq"'))
        self.assertNotIn("pool", json.loads(alone), "one pool keeps its shape")
        pretty = self.pls("follow", "a", "b", "--since", EPOCH, "--one").stdout
        self.assertIn(b'\n  "pool": "a",\n  "seq": 1,\n', pretty)
        data = self.pls("follow", "a", "b", "--since", EPOCH, "--one", "--data-only", "--jsonl")
        self.assertEqual(data.stdout, b'{"n":1}\n')

    def test_the_name_is_that_which_was_typed(self):
        self.feed("a", {"n": 1})
        path = str(self.path("a"))
        (message,) = self.follow(path, "b", "--since", EPOCH, "--until", "now")
        self.assertEqual(message["pool"], path)
        name = 'q"\u202e\\'
        self.create(name)
        self.feed(name, {"n": 2})
        messages = self.follow("a", name, "--since", EPOCH, "--until", "now")
        self.assertEqual([message["pool"] for message in messages], ["a", name])

    def test_a_pool_that_is_named_twice_counts_once(self):
        self.feed("a", {"n": 1})
        (self.pools / "link.plasmite").symlink_to(self.path("a"))
        (self.pools / "hard.plasmite").hardlink_to(self.path("a"))
        messages = self.follow("a", "a", self.path("a"), "link", "hard", "?", "--since", EPOCH, "--until", "now")
        self.assertEqual([(m["pool"], m["seq"]) for m in messages], [("a", 1)],
                         "once, with its first name, in the shape of several")

    def test_tail_is_of_all_together(self):
        self.in_turns(10)
        options = ["--until", "now"]
        self.assertEqual(self.numbers("a", "b", "c", "--tail", "4", *options), [6, 7, 8, 9])
        self.assertEqual(self.numbers("a", "b", "c", "--tail", "100", *options), list(range(10)))
        self.assertEqual(self.numbers("a", "b", "c", "--tail", "3", "--tag", "even", *options), [4, 6, 8])
        self.assertEqual(self.numbers("a", "b", "c", "--tail", "3", "--where", ".data.n < 8", *options), [5, 6, 7])
        self.assertEqual(self.numbers("a", "b", "c", "--tail", "3", "--one"), [9])
        self.assertEqual(self.numbers("a", "b", "c", "--tail", "5", "--one", "--where", '.pool != "b"'), [9])

    def test_the_tail_may_be_in_one_pool(self):
        self.in_turns(3)
        self.feed("b", *({"n": n} for n in range(3, 9)))
        self.assertEqual(self.numbers("a", "b", "c", "--tail", "4", "--until", "now"), [5, 6, 7, 8])
        follow = self.start("follow", "a", "b", "c", "--tail", "2", "--jsonl", "--until", "+2s")
        self.feed("a", {"n": 9})
        out, _ = follow.communicate(timeout=30)
        numbers = [json.loads(line)["data"]["n"] for line in out.splitlines()]
        # What came before follow looked is among the two newest.
        self.assertIn(numbers, ([7, 8, 9], [8, 9]))

    def test_since_and_until(self):
        self.in_turns(9)
        times = [m["time"] for m in self.follow("a", "b", "c", "--since", EPOCH, "--until", "now")]
        self.assertEqual(self.numbers("a", "b", "c", "--since", times[3], "--until", times[6]), [3, 4, 5, 6])
        self.assertEqual(self.numbers("a", "b", "c", "--until", times[1]), [0, 1], "an end that has passed")
        self.assertEqual(self.numbers("a", "b", "c", "--tail", "2", "--until", times[6]), [5, 6])
        self.assertEqual(self.numbers("a", "b", "--since", "tomorrow"), [])
        self.assertEqual(self.numbers("a", "b", "c", "--since", times[0], "--until", times[6], "--one"), [0])

    def test_the_filters_are_asked_of_each(self):
        self.in_turns(9)
        every = ["--since", EPOCH, "--until", "now"]
        self.assertEqual(self.numbers("a", "b", "c", "--tag", "even", *every), [0, 2, 4, 6, 8])
        self.assertEqual(self.numbers("a", "b", "c", "--where", '.pool == "b"', *every), [1, 4, 7])
        self.assertEqual(self.numbers("a", "b", "c", "--where", '.pool == "b" or .seq == 1', *every),
                         [0, 1, 2, 4, 7])

    def test_what_where_says_names_the_message_and_its_pool(self):
        self.in_turns(5)
        result = self.pls("follow", "a", "b", "c", "--since", EPOCH, "--until", "now",
                          "--where", '.pool == "b" and .seq == 2 and (.data | keys[0] | .[0:] | error("odd"))')
        (notice,) = self.notices(result.stderr)
        self.assertEqual((notice["kind"], notice["pool"], notice["details"]["seq"]), ("where_error", "b", 2))
        result = self.pls("follow", "a", "b", "c", "--since", EPOCH, "--jsonl",
                          "--where", 'if .pool == "b" and .seq == 2 then 7 else true end', code=2)
        self.assertEqual([json.loads(line)["data"]["n"] for line in result.stdout.splitlines()], [0, 1, 2, 3])
        error = self.error(result)
        self.assertEqual((error["kind"], error["seq"]), ("Usage", 2))
        self.assertIn("in pool b", error["causes"])

    def test_timeout_is_about_all(self):
        self.feed("c", {"n": 1})
        self.assertEqual(self.numbers("a", "b", "c", "--since", EPOCH, "--timeout", "50ms", code=124), [1])

    def test_a_replay_keeps_the_pauses_between_the_pools(self):
        self.in_turns(6)
        self.assertEqual(self.numbers("a", "b", "c", "--replay", "0", "--since", EPOCH), list(range(6)))
        self.assertEqual(self.numbers("a", "b", "c", "--replay", "1", "--tail", "3"), [3, 4, 5])
        self.assertEqual(self.numbers("a", "b", "c", "--replay", "0", "--since", EPOCH, "--one"), [0])
        self.assertEqual(self.numbers("a", "b", "c", "--replay", "0", "--tail", "4", "--one"), [2])
        self.assertEqual(self.numbers("a", "b", "--replay", "0", "--since", EPOCH, "--tag", "none"), [])
        self.create("empty")
        self.assertEqual(self.numbers("a", "empty", "--replay", "0", "--tail", "9"), [0, 3])

    def test_create_makes_what_is_missing(self):
        self.pls("follow", "a", "new1", "new2", "--create", "--timeout", "10ms", code=124)
        self.assertEqual(self.info("new1")["file_size"], 4 << 20)
        self.info("new2")

    def test_what_takes_one_pool(self):
        usage = dict(code=2, kind="Usage")
        for pools in (("a", "b"), ("?",)):
            for option in ("--since-seq", "--until-seq"):
                self.refused("follow", *pools, f"{option}=1", message=f"{option} takes one pool",
                             hint="--since", **usage)
            self.refused("follow", *pools, "--run", "last", message="--run takes one pool", **usage)
        self.refused("follow", "a", "http://y", message="not here yet", **usage)

    def test_a_named_pool_must_be_there(self):
        error = self.refused("follow", "a", "gone", "--tail", "3", code=3, kind="NotFound", message="not found",
                             hint="exact command", path=self.path("gone"))
        self.assertIn("plasmite follow a gone --create --tail 3", error["hint"])
        self.refused("follow", "?", "gone", code=3, kind="NotFound", hint="plasmite pool create gone")
        self.path("bad").write_bytes(b"not a pool" * 1000)
        self.feed("a", {"n": 1})
        self.refused("follow", "a", "bad", "--since", EPOCH, code=7, kind="Corrupt", path=self.path("bad"))

    def test_as_many_pools_as_the_kernel_waits_for(self):
        names = [f"many-{n:03}" for n in range(129)]
        self.create(*names, size="64K")
        usage = dict(code=2, kind="Usage", message="too many pools", hint="at most 128")
        self.refused("follow", *names, **usage)
        self.refused("follow", "many-*", **usage)
        self.feed(names[127], {"n": 1})
        self.assertEqual(self.numbers(*names[:128], "--tail", "1", "--one"), [1])

    @unittest.skipIf(SANITIZED, "a sanitizer looks at memory through a pipe of its own")
    def test_without_descriptors_it_names_the_pool(self):
        result = self.pls("follow", "a", "b", "c", "--timeout", "1s", code=8,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5)))
        error = self.error(result)
        self.assertEqual(error["kind"], "Io")
        self.assertIn(error["path"], [str(self.path(name)) for name in "abc"])


class SeveralAsText(CliTest):
    def tap(self, pool, script):
        self.pls("tap", pool, "--create", "-q", "--", "sh", "-c", script)

    def test_each_line_says_its_pool(self):
        self.tap("web", "echo one; echo two >&2; printf open")
        self.tap("worker", "echo three; printf 'x\\r\\n'")
        result = self.pls("follow", "web", "worker", "--text", "--since", EPOCH, "--until", "now")
        self.assertEqual(sorted(result.stdout.splitlines(keepends=True)),
                         [b"web | one\n", b"web | open\n", b"worker | three\n", b"worker | x\r\n"])
        self.assertEqual(result.stderr, b"web | two\n")

    def test_a_line_without_its_end_is_ended_before_another_pool(self):
        self.tap("web", "printf open")
        self.tap("worker", "echo three")
        result = self.pls("follow", "worker", "web", "--text", "--since", EPOCH, "--until", "now")
        self.assertEqual(result.stdout, b"web | open\nworker | three\n")

    def test_long_lines_stay_whole(self):
        # Lines of many records from two runs at once.
        self.create("web", "worker", size="8M")
        taps = [self.start("tap", pool, "-q", "--", "sh", "-c",
                           f"head -c 3000000 /dev/zero | tr '\\0' {mark}; echo; echo end{mark}")
                for pool, mark in (("web", "a"), ("worker", "b"))]
        for tap in taps:
            self.assertEqual(tap.wait(60), 0)
        out = self.pls("follow", "w*", "--text", "--since", EPOCH, "--until", "now").stdout
        self.assertEqual(sorted(out.splitlines()), sorted([
            b"web | " + b"a" * 3000000, b"web | enda", b"worker | " + b"b" * 3000000, b"worker | endb"]))

    def test_on_a_terminal_names_are_aligned_and_coloured(self):
        self.tap("web", "printf '\\033[31mred\\n'")
        self.tap("worker", "echo three")
        shown = self.on_terminal("--color", "always", "follow", "web", "worker", "--text", "--since", EPOCH,
                                 "--until", "now")
        self.assertIn("\x1b[36mweb    | \x1b[0m\x1b[31mred\x1b[0m\n", shown)
        self.assertIn("\x1b[31mworker | \x1b[0mthree\n", shown)
        self.assertIn("started:", shown)
        plain = self.on_terminal("--color", "never", "follow", "web", "worker", "--text", "--since", EPOCH,
                                 "--until", "now")
        self.assertIn("worker | three\n", plain)


if __name__ == "__main__":
    unittest.main()
