"""follow --run: one run of tap out of many."""

import json
import subprocess
import sys
import unittest

from cli_harness import PLS, TIMEOUT, CliTest, read_line


def line(text, stream="stdout"):
    return {"kind": "line", "line": text, "stream": stream}


class Run(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def begin(self, run, *tags):
        data = {"cmd": ["make"], "kind": "start", "pid": 1, "run": run} if run else {"kind": "start"}
        self.feed("p", data, tags=["lifecycle", *tags])

    def finish(self, run, *tags):
        data = {"code": 0, "kind": "exit", "run": run} if run else {"code": 0, "kind": "exit"}
        self.feed("p", data, tags=["lifecycle", *tags])

    def say(self, *texts, tags=()):
        self.feed("p", *(line(text) for text in texts), tags=tags)

    def text(self, run="last", *options, code=0):
        result = self.pls("follow", "p", "--run", run, "--text", *options, code=code)
        self.assertEqual(result.stderr, b"")
        return result.stdout.decode().split()

    def test_the_last_run_from_start_to_exit(self):
        self.say("before")
        for run, word in (("aa", "a"), ("bb", "b")):
            self.begin(run)
            self.say(word + "1", word + "2")
            self.finish(run)
            self.say("after-" + word)
        self.assertEqual(self.text(), ["b1", "b2"])
        self.assertEqual(self.text("aa"), ["a1", "a2"])
        self.assertEqual(self.text("bb"), ["b1", "b2"])

    def test_all_records_as_json(self):
        self.begin("aa")
        self.say("x")
        self.finish("aa")
        self.say("after")
        result = self.pls("follow", "p", "--run", "last", "--jsonl", "--data-only")
        kinds = [json.loads(text)["kind"] for text in result.stdout.splitlines()]
        self.assertEqual(kinds, ["start", "line", "exit"])
        result = self.pls("follow", "p", "--run", "last", "--jsonl", "--tag", "nobody")
        self.assertEqual(result.stdout, b"", "it ends although its end is not printed")

    def test_tagged_runs_are_told_apart(self):
        self.begin("aa", "run:aa")
        self.begin("bb", "run:bb")
        self.say("a1", tags=["x", "run:aa"])
        self.say("b1", tags=["run:bb"])
        self.say("other")
        self.finish("bb", "run:bb")
        self.say("a2", tags=["run:aa"])
        self.finish("aa", "run:aa")
        self.assertEqual(self.text(), ["b1"])
        self.assertEqual(self.text("aa"), ["a1", "a2"])
        self.assertEqual(self.text("aa", "--tag", "x"), ["a1"])

    def test_runs_without_tags_mix(self):
        self.begin("aa")
        self.begin("bb")
        self.say("a1", "b1")
        self.finish("aa")
        self.say("b2")
        self.finish("bb")
        self.assertEqual(self.text("aa"), ["a1", "b1"])
        self.assertEqual(self.text(), ["a1", "b1", "b2"])

    def test_a_foreign_tag_does_not_count(self):
        self.begin("aa", "run:zz")
        self.say("a1")
        self.finish("aa")
        self.assertEqual(self.text(), ["a1"])

    def test_records_without_run_ids(self):
        self.begin(None)
        self.say("x")
        self.finish("aa")
        self.finish(None)
        self.say("after")
        self.assertEqual(self.text(), ["x"])

    def test_records_of_others_that_look_alike(self):
        self.begin("aa")
        self.feed("p", {"kind": "start", "run": "bb"}, {"kind": "exit", "run": "aa"})
        self.say("x")
        self.finish("aa")
        result = self.pls("follow", "p", "--run", "last", "--text")
        self.assertEqual(result.stdout, b"x\n")

    def test_a_killed_run_ends_where_the_next_tap_says_so(self):
        self.begin("aa")
        self.say("x")
        self.assertEqual(self.text("last", "--timeout", "20ms", code=124), ["x"])
        self.feed("p", {"kind": "gap", "reason": "no exit record", "run": "aa", "source": "tap"},
                  tags=["lifecycle"])
        self.begin("bb")
        self.say("y")
        result = self.pls("follow", "p", "--run", "aa", "--text")
        self.assertEqual(result.stdout, b"x\n")
        [notice] = self.notices(result.stderr)
        self.assertEqual((notice["kind"], notice["details"]), ("run_without_exit", {"run": "aa"}))

    def start_tap(self, *options):
        """A run that has said `ready` and goes on until its stdin ends; and its id."""
        before = newest = self.newest_seq()
        tap = self.start("tap", "p", "-q", *options, "--", "sh", "-c", "echo ready; exec cat",
                         stdin=subprocess.PIPE, bufsize=0)
        while newest == before or b'"line":"ready"' not in self.pls("fetch", "p", newest).stdout:
            newest = self.newest_seq()
        start = json.loads(self.pls("fetch", "p", newest - 1).stdout)
        return tap, start["data"]["run"]

    def newest_seq(self):
        return json.loads(self.pls("pool", "info", "p", "--json").stdout)["bounds"].get("newest", 0)

    def expect_lost(self, stderr, run):
        [notice] = self.notices(stderr)
        self.assertEqual((notice["cmd"], notice["kind"], notice["details"]),
                         ("follow", "run_without_exit", {"run": run}))

    def test_a_run_whose_tap_is_dead_ends_at_once(self):
        tap, run = self.start_tap()
        tap.kill()
        tap.wait(TIMEOUT)
        for options, lines in ((["--text"], 1), (["--jsonl"], 2), (["--jsonl", "--tag", "none"], 0)):
            # A timeout would be another end: nothing is waited for.
            for which in ("last", run):
                result = self.pls("follow", "p", "--run", which, *options, "--timeout", "0ms")
                self.assertEqual(len(result.stdout.splitlines()), lines)
                self.expect_lost(result.stderr, run)

    def test_a_follower_notices_that_tap_dies(self):
        for options in ([], ["--run-tag"]):
            tap, run = self.start_tap(*options)
            follow = self.start("follow", "p", "--run", run, "--text", bufsize=0)
            self.assertEqual(read_line(follow.stdout), b"ready\n")
            tap.stdin.write(b"last words\n")
            self.assertEqual(read_line(follow.stdout), b"last words\n")
            tap.kill()
            self.assertEqual(follow.wait(TIMEOUT), 0)
            self.assertEqual(follow.stdout.read(), b"")
            self.expect_lost(follow.stderr.read(), run)

    def test_a_run_under_way_is_not_taken_for_lost(self):
        other, _ = self.start_tap()
        tap, run = self.start_tap()
        other.kill()
        other.wait(TIMEOUT)
        # Longer than the second after which a follower looks.
        result = self.pls("follow", "p", "--run", run, "--text", "--timeout", "1500ms", code=124)
        self.assertEqual((result.stdout, result.stderr), (b"ready\n", b""))
        tap.stdin.close()
        self.assertEqual(tap.wait(TIMEOUT), 0)

    def test_a_run_under_way_is_followed_to_its_end(self):
        self.begin("aa")
        self.say("one")
        follow = self.start("follow", "p", "--run", "last", "--text", bufsize=0)
        self.assertEqual(read_line(follow.stdout), b"one\n")
        self.say("two")
        self.assertEqual(read_line(follow.stdout), b"two\n")
        self.finish("other")
        self.say("three")
        self.assertEqual(read_line(follow.stdout), b"three\n")
        self.finish("aa")
        self.assertEqual(follow.wait(TIMEOUT), 0)
        self.assertEqual(follow.stdout.read() + follow.stderr.read(), b"")

    def test_a_real_run(self):
        for word in ("first", "second"):
            self.pls("tap", "p", "-q", "--", "sh", "-c", f"echo {word}; echo error >&2; exit 3", code=3)
        result = self.pls("follow", "p", "--run", "last", "--text")
        self.assertEqual((result.stdout, result.stderr), (b"second\n", b"error\n"))

    def test_far_back_in_a_large_pool(self):
        self.create("large", size="64M")
        lines = b"".join(b'{"n":%d}\n' % n for n in range(100_000))
        for run in ("aa", "bb"):
            self.pls("feed", "large", "-q", "--tag", "lifecycle",
                     '{"kind":"start","run":"%s"}' % run)
            self.pls("feed", "large", "-q", stdin=lines)
        result = self.pls("follow", "large", "--run", "aa", "--jsonl", "--one")
        self.assertEqual(json.loads(result.stdout)["seq"], 1)
        result = self.pls("follow", "large", "--run", "last", "--jsonl", "--one")
        self.assertEqual(json.loads(result.stdout)["seq"], 100_002)

    def test_the_search_reads_backwards(self):
        # Pages of the pool that the search touches, counted by the kernel: a run at the end of a
        # large pool is found without reading what lies before it.
        self.create("large", size="256M")
        lines = b'{"pad":"%s"}\n' % (b"x" * 900)
        self.pls("feed", "large", "-q", stdin=lines * 200_000)
        self.pls("feed", "large", "-q", "--tag", "lifecycle", '{"kind":"start","run":"aa"}')
        self.pls("feed", "large", "-q", "--tag", "lifecycle", '{"kind":"exit","run":"aa"}')
        self.assertLess(self.peak_bytes("large"), 64 << 20)

    def peak_bytes(self, pool):
        """The most memory, mapped pages of the pool included, that follow --run had."""
        script = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
                  "stdout=subprocess.DEVNULL); "
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        result = subprocess.run([sys.executable, "-c", script, PLS, "follow", pool, "--run", "last"],
                                env=self.env, stdout=subprocess.PIPE, timeout=TIMEOUT, check=True)
        return int(result.stdout) << 10

    def test_no_such_run(self):
        for _ in range(2):  # in an empty pool, then in one without runs
            self.refused("follow", "p", "--run", "last", code=3, kind="NotFound",
                         message="no run of tap is retained", hint="plasmite tap p -- CMD")
            self.say("x")
        self.begin("aa")
        self.refused("follow", "p", "--run", "bb", code=3, kind="NotFound",
                     message="no run bb", hint="--run last")
        self.refused("follow", "gone", "--run", "last", code=3, kind="NotFound",
                     message="not found", hint="plasmite tap gone --create -- CMD")

    def test_retired_start_record(self):
        self.create("small", size="64K")
        self.pls("feed", "small", "-q", "--tag", "lifecycle", '{"kind":"start","run":"aa"}')
        self.feed("small", *(line("x" * 1000) for _ in range(200)))
        self.refused("follow", "small", "--run", "last", code=3, kind="NotFound",
                     message="no run of tap is retained")

    def test_conflicting_options(self):
        for other in (["--tail", "1"], ["--since", "1h"], ["--create"]):
            self.refused("follow", "p", "--run", "last", *other, code=2, kind="Usage",
                         message="conflicting start options", hint=other[0])
        self.refused("follow", "p", "--run", "", code=2, kind="Usage", message="--run")


if __name__ == "__main__":
    unittest.main()
