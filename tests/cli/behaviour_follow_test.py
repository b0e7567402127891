"""Rows B1.6-follow, B4.1 and B4.4 of spec/cli-behaviour.md: which messages follow prints, when, and how it ends."""

import json
import time
import unittest

from cli_harness import TIMEOUT, CliTest, read_line

USAGE = dict(code=2, kind="Usage")


class FollowTest(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="1M")

    def numbers(self, *numbers, tags=()):
        self.feed("p", *({"n": n} for n in numbers), tags=tags)

    def follow(self, *options, code=124):
        """The `n` of what is printed until nothing comes for a while."""
        result = self.pls("follow", "p", "--jsonl", "--timeout", "40ms", *options, code=code)
        self.assertEqual(result.stderr, b"")
        return [json.loads(line)["data"]["n"] for line in result.stdout.splitlines()]

    def live(self, *options):
        """A follower that surely waits at the end: it has printed a message."""
        follow = self.start("follow", "p", "--jsonl", *options, bufsize=0)
        for _ in range(600):
            self.numbers("probe", tags=["probe"])
            try:
                read_line(follow.stdout, 0.1)
                break
            except AssertionError:
                continue
        self.numbers("go", tags=["probe"])
        while json.loads(read_line(follow.stdout))["data"]["n"] != "go":
            pass
        return follow


class Options(FollowTest):
    def test_b1_6_follow_create__makes_a_missing_pool(self):
        self.pls("follow", "new", "--create", "--timeout", "10ms", code=124)
        self.assertTrue(self.path("new").is_file())
        self.numbers(1)
        self.pls("follow", "p", "--create", "-n", "1", "--one")

    def test_b1_6_follow_tail_and_since__exclude_each_other(self):
        self.refused("follow", "p", "--tail", "1", "--since", "1h", message="cannot be used with", **USAGE)

    def test_b1_6_follow_pretty__is_the_default_in_a_pipe_too(self):
        self.numbers(1)
        pretty = self.pls("follow", "p", "-n", "1", "--one").stdout
        self.assertTrue(pretty.startswith(b'{\n  "data": {\n    "n": 1\n  },\n  "meta": {\n    "tags": []\n'), pretty)
        self.assertEqual(pretty, self.pls("follow", "p", "-n", "1", "--one", "--format", "pretty").stdout)

    def test_b1_6_follow_jsonl__is_a_line_for_each_message(self):
        self.numbers(1, 2)
        for form in (["--jsonl"], ["--format", "jsonl"]):
            out = self.pls("follow", "p", "-n", "2", "--timeout", "20ms", *form, code=124).stdout
            self.assertEqual([json.loads(line) for line in out.splitlines()], self.retained("p"))

    def test_b1_6_follow_both_formats__conflict(self):
        for form in ("pretty", "jsonl"):
            self.refused("follow", "p", "--jsonl", "--format", form, message="conflicting output options",
                         hint="--format jsonl", **USAGE)
        self.refused("follow", "p", "--format", "xml", **USAGE)

    def test_b1_6_follow_data_only__prints_data_and_filters_see_all(self):
        self.numbers(1, tags=["t"])
        self.numbers(2)
        words = ["follow", "p", "-n", "1", "--one", "--data-only", "--tag", "t", "--where", ".seq == 1"]
        self.assertEqual(self.pls(*words, "--jsonl").stdout, b'{"n":1}\n')
        self.assertEqual(self.pls(*words).stdout, b'{\n  "n": 1\n}\n')

    def test_b1_6_follow_tags__must_all_be_there_exactly(self):
        self.numbers(1, tags=["a"])
        self.numbers(2, tags=["a", "b"])
        self.numbers(3, tags=["b", "ab"])
        self.assertEqual(self.follow("-n", "9", "--tag", "a"), [1, 2])
        self.assertEqual(self.follow("-n", "9", "--tag", "a", "--tag", "b"), [2])
        self.assertEqual(self.follow("-n", "9", "--tag", "A"), [])

    def test_b1_6_follow_no_notify__sees_new_messages_too(self):
        follow = self.live("--no-notify")
        self.numbers(7)
        self.assertEqual(json.loads(read_line(follow.stdout))["data"], {"n": 7})

    def test_b1_6_follow_remote_options__need_a_remote_pool(self):
        for flag in (["--token", "t"], ["--token-file", "f"], ["--tls-ca", "f"], ["--tls-skip-verify"]):
            self.refused("follow", "p", *flag, message="remote auth/TLS flags", **USAGE)

    def test_b1_6_follow_check_order__is_the_documented_one(self):
        words = ["follow", "x://h/p", "--jsonl", "--format", "jsonl", "--since", "x", "--timeout", "x",
                 "--where", "(", "--token", "t", "--replay=-1"]
        for message, remove in (("conflicting output", "--jsonl"), ("--since value", ("--since", "1h")),
                                ("duration", ("--timeout", "1s")), ("filter expression", ("--where", ".a")),
                                ("remote pool ref", ("follow", "gone")), ("auth/TLS", None)):
            self.refused(*words, message=message, **USAGE)
            if isinstance(remove, tuple):
                words[words.index(remove[0]) + 1] = remove[1]
            elif remove:
                words.remove(remove)
        del words[words.index("--token"):words.index("--token") + 2]
        self.refused(*words, message="--replay speed must be non-negative", **USAGE)
        words[words.index("--replay=-1")] = "--replay=1"
        self.refused(*words, code=3, kind="NotFound")

    def test_b1_6_follow_future__needs_the_pool_and_prints_nothing(self):
        self.numbers(1)
        self.assertEqual(self.follow("--since", "2999-01-01T00:00:00Z", code=0), [])
        self.refused("follow", "gone", "--since", "2999-01-01T00:00:00Z", code=3, kind="NotFound")


class Start(FollowTest):
    def test_b4_1_live__is_where_it_begins_by_itself(self):
        self.numbers(1, 2)
        self.assertEqual(self.follow(), [])
        self.assertEqual(self.follow("--tail", "0"), [])
        follow = self.live()
        self.numbers(3)
        self.assertEqual(json.loads(read_line(follow.stdout))["data"], {"n": 3})

    def test_b4_1_since__prints_from_that_time_on_and_goes_on(self):
        self.numbers(1)
        self.numbers(2)
        self.numbers(3)
        stamp = self.retained("p")[1]["time"]
        self.assertEqual(self.follow("--since", stamp), [2, 3])
        follow = self.start("follow", "p", "--jsonl", "--since", stamp, bufsize=0)
        self.numbers(4)
        self.assertEqual([json.loads(read_line(follow.stdout))["data"]["n"] for _ in range(3)], [2, 3, 4])

    def test_b4_1_tail__prints_the_last_matches_in_order_and_goes_on(self):
        self.numbers(1, 2, tags=["t"])
        self.numbers(3)
        self.numbers(4, tags=["t"])
        self.numbers(5)
        self.assertEqual(self.follow("--tail", "3"), [3, 4, 5])
        self.assertEqual(self.follow("--tail", "2", "--tag", "t"), [2, 4])
        follow = self.start("follow", "p", "--jsonl", "--tail", "1", bufsize=0)
        self.assertEqual(json.loads(read_line(follow.stdout))["data"], {"n": 5})
        self.numbers(6)
        self.assertEqual(json.loads(read_line(follow.stdout))["data"], {"n": 6})

    def test_b4_1_one__ends_after_the_first_match(self):
        follow = self.start("follow", "p", "--jsonl", "--one", "--tag", "t")
        while follow.poll() is None:
            self.numbers(1)
            self.numbers(2, tags=["t"])
        out, err = follow.communicate()
        self.assertEqual((follow.returncode, err, len(out.splitlines())), (0, b"", 1))
        self.assertEqual(json.loads(out)["data"], {"n": 2})

    def test_b4_1_one_and_tail__prints_the_nth_match_only(self):
        self.numbers(1, 2, 3)
        self.assertEqual(self.follow("--one", "--tail", "2", code=0), [3])
        self.assertEqual(self.follow("--one", "--tail", "4"), [])
        follow = self.start("follow", "p", "--jsonl", "--one", "--tail", "4", "--timeout", "20s")
        time.sleep(0.1)
        self.numbers(4)
        out, _ = follow.communicate(timeout=TIMEOUT)
        self.assertEqual((follow.returncode, json.loads(out)["data"]), (0, {"n": 4}))

    def test_b4_1_one_and_since__is_the_first_retained_match_or_a_live_one(self):
        self.numbers(1, 2)
        self.assertEqual(self.follow("--one", "--since", "1h", code=0), [1])
        follow = self.start("follow", "p", "--jsonl", "--one", "--since", "1h", "--tag", "t")
        self.numbers(3, tags=["t"])
        out, _ = follow.communicate(timeout=TIMEOUT)
        self.assertEqual((follow.returncode, json.loads(out)["data"]), (0, {"n": 3}))


class While(FollowTest):
    def test_b4_1_timeout__starts_again_with_each_printed_message_only(self):
        # Together longer than the timeout; each much shorter, also on a busy machine.
        follow = self.start("follow", "p", "--jsonl", "--timeout", "3s", "--tag", "t")
        began = time.monotonic()
        for n in range(3):
            time.sleep(1.1)
            self.numbers(n, tags=["t"])
        last = time.monotonic()
        while follow.poll() is None:
            self.numbers("other")
            time.sleep(0.02)
        ended = time.monotonic()
        out, err = follow.communicate()
        self.assertEqual((follow.returncode, len(out.splitlines()), err), (124, 3, b""))
        self.assertGreater(ended - began, 3.3 + 2.9)
        self.assertLess(ended - last, 20)

    def test_b4_1_timeout_terminal__says_so_with_the_words_typed(self):
        self.assertIn("(timed out after 010ms)",
                      self.on_terminal("follow", "p", "--timeout", "010ms", code=124))

    def test_b4_1_flush__each_message_is_printed_as_it_comes(self):
        follow = self.live()
        for n in range(3):
            self.numbers(n)
            self.assertEqual(json.loads(read_line(follow.stdout, 10))["data"], {"n": n})

    def overtaken(self, *options):
        """A follower whose reader paused until the ring went round: what it printed, and on stderr."""
        self.create("small", size="64K")
        follow = self.start("follow", "small", "--jsonl", "--since", "1h", "--timeout", "2s", *options, bufsize=0)
        self.feed("small", {"n": 0}, tags=["t"])
        first = read_line(follow.stdout)
        lines = b"".join(b'{"n":%d,"pad":"%s"}\n' % (n, b"x" * 200) for n in range(1, 4000))
        self.pls("feed", "small", "-q", "--tag", "t", stdin=lines)
        out, err = follow.communicate(timeout=TIMEOUT)
        self.assertEqual(follow.returncode, 124)
        return [json.loads(line)["seq"] for line in (first + out).splitlines()], err

    def test_b4_1_drop_notice__tells_how_many_and_between_which(self):
        seqs, err = self.overtaken()
        gaps = [(a, b) for a, b in zip(seqs, seqs[1:]) if b != a + 1]
        self.assertTrue(gaps, "the reader was overtaken")
        self.assertEqual(seqs[-1], 4000)
        notices = self.notices(err)
        details = notices[0]["details"]
        self.assertEqual((details["last_seen_seq"], details["pool_path"]), (gaps[0][0], str(self.path("small"))))
        self.assertEqual(notices[-1]["details"]["next_seen_seq"], gaps[-1][1])
        self.assertEqual(sum(notice["details"]["dropped_count"] for notice in notices),
                         sum(b - a - 1 for a, b in gaps))
        for notice in notices:
            self.assertEqual((notice["cmd"], notice["kind"], notice["pool"]), ("follow", "drop", "small"))
            self.assertEqual(notice["message"], f"dropped {notice['details']['dropped_count']} messages")
        self.assertLessEqual(len(notices), 4, "at most one a second")

    def test_b4_1_drops_unfiltered__gaps_are_seen_before_the_filters(self):
        _, err = self.overtaken("--where", ".seq % 1000 == 1")
        for notice in self.notices(err):
            details = notice["details"]
            self.assertEqual(details["dropped_count"],
                             sum(gap["to"] - gap["from"] + 1 for gap in details["gaps"]))
            self.assertGreater(details["next_seen_seq"], details["last_seen_seq"] + 1)

    def test_b1_6_follow_quiet_drops__prints_no_notice(self):
        seqs, err = self.overtaken("--quiet-drops")
        self.assertEqual(err, b"")
        self.assertLess(len(seqs), 4000)


class Replay(FollowTest):
    def test_b4_4_needs__tail_or_since(self):
        self.refused("follow", "p", "--replay", "1", message="--replay requires --tail or --since", **USAGE)

    def test_b4_4_what__is_the_selected_retained_messages_and_then_0(self):
        self.numbers(1, 2, tags=["t"])
        self.numbers(3)
        self.assertEqual(self.follow("--replay", "0", "--tail", "2", code=0), [2, 3])
        self.assertEqual(self.follow("--replay", "0", "--since", "1h", "--tag", "t", code=0), [1, 2])
        self.assertEqual(self.follow("--replay", "0", "--tail", "9", "--tag", "none", code=0), [])
        self.assertEqual(self.follow("--replay", "0", "--tail", "9", "--where", ".data.n > 1", code=0), [2, 3])

    def test_b4_4_pace__is_the_recorded_one_divided_by_the_speed(self):
        self.numbers(1)
        time.sleep(2)  # longer than a busy machine takes for a replay without pauses
        self.numbers(2)
        for speed, least, most in (("1", 2, 60), ("4", 0.5, 60), ("0", 0, 2)):
            began = time.monotonic()
            self.assertEqual(self.follow("--replay", speed, "--tail", "2", code=0), [1, 2])
            self.assertGreaterEqual(time.monotonic() - began, least)
            self.assertLess(time.monotonic() - began, most)

    def test_b4_4_one__prints_only_the_first(self):
        self.numbers(1, 2)
        self.assertEqual(self.follow("--replay", "0", "--tail", "2", "--one", code=0), [1])
        self.assertEqual(self.follow("--replay", "0", "--since", "1h", "--one", code=0), [1])

    def test_b4_4_timeout__does_not_apply(self):
        self.numbers(1)
        time.sleep(0.2)
        self.numbers(2)
        self.assertEqual(self.pls("follow", "p", "--replay", "1", "--tail", "2", "--timeout", "1ms", "--jsonl",
                                  "--data-only").stdout, b'{"n":1}\n{"n":2}\n')


if __name__ == "__main__":
    unittest.main()
