"""follow: which retained messages it prints, and how."""

import json
import re
import subprocess
import time
import unittest

from cli_harness import PLS, CliTest, somebody_sleeps, wait_for


class FollowRetained(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def follow(self, *options, code=124):
        """The `n` of what is printed until nothing comes for a while."""
        result = self.pls("follow", "p", "--jsonl", "--timeout", "50ms", *options, code=code)
        self.assertEqual(result.stderr, b"")
        return [json.loads(line)["data"]["n"] for line in result.stdout.splitlines()]

    def numbers(self, *numbers, tags=()):
        self.feed("p", *({"n": n} for n in numbers), tags=tags)

    def test_nothing_retained_by_default(self):
        self.numbers(1, 2)
        self.assertEqual(self.follow(), [])
        self.assertEqual(self.follow("--tail", "0"), [])

    def test_tail(self):
        self.assertEqual(self.follow("-n", "3"), [])
        self.numbers(1, 2, 3, 4)
        self.assertEqual(self.follow("-n", "3"), [2, 3, 4])
        self.assertEqual(self.follow("-n", "4"), [1, 2, 3, 4])
        self.assertEqual(self.follow("-n", "18446744073709551615"), [1, 2, 3, 4])

    def test_tail_of_what_the_ring_still_has(self):
        self.create("q", size="64K")
        self.feed("q", *({"n": n, "pad": "x" * 300} for n in range(1000)))
        result = self.pls("follow", "q", "-n", "100000", "--jsonl", "--timeout", "50ms", code=124)
        seqs = [json.loads(line)["seq"] for line in result.stdout.splitlines()]
        bounds = self.info("q")["bounds"]
        self.assertEqual(seqs, list(range(bounds["oldest"], bounds["newest"] + 1)))
        self.assertEqual(result.stderr, b"", "what was retired before the start is no loss")

    def test_tags_are_and(self):
        self.numbers(1)
        self.numbers(2, tags=["a"])
        self.numbers(3, tags=["a", "b"])
        self.numbers(4, tags=["b"])
        self.numbers(5, tags=["b", "x", "a"])
        self.assertEqual(self.follow("-n", "9", "--tag", "a"), [2, 3, 5])
        self.assertEqual(self.follow("-n", "9", "--tag", "a", "--tag", "b"), [3, 5])
        self.assertEqual(self.follow("-n", "1", "--tag", "a", "--tag", "b"), [5])
        self.assertEqual(self.follow("-n", "2", "--tag", "a"), [3, 5], "the last N that match")
        self.assertEqual(self.follow("-n", "9", "--tag", "A"), [])
        self.assertEqual(self.follow("--since", "1h", "--tag", "b"), [3, 4, 5])

    def test_since(self):
        self.numbers(1)
        time.sleep(0.02)
        self.numbers(2)
        second = self.retained("p")[1]["time"]
        self.numbers(3)
        self.assertEqual(self.follow("--since", second), [2, 3])
        self.assertEqual(self.follow("--since", "1h"), [1, 2, 3])
        self.assertEqual(self.follow("--since", " 90D "), [1, 2, 3])
        for past in ("1960-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "999999d",
                     "99999999999999999999999s", "2000-01-01T00:00:00+14:00"):
            self.assertEqual(self.follow("--since", past), [1, 2, 3], past)

    def test_since_in_the_future_has_nothing_to_show(self):
        self.numbers(1)
        for future in ("2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
            self.assertEqual(self.follow("--since", future, code=0), [])
        self.refused("follow", "gone", "--since", "2200-01-01T00:00:00Z", code=3, kind="NotFound")

    def test_one(self):
        self.numbers(1, 2, 3)
        self.assertEqual(self.follow("--one", "--since", "1h", code=0), [1])
        self.assertEqual(self.follow("--one", "--tail", "1", code=0), [3])
        self.assertEqual(self.follow("--one", "--tail", "3", code=0), [3], "the newest of the three")
        self.assertEqual(self.follow("--one", "--tail", "4"), [], "a fourth has not come")
        self.assertEqual(self.follow("--one"), [])

    def test_one_with_tail_counts_live_matches(self):
        self.numbers(1, 2, tags=["t"])
        follow = self.start("follow", "p", "--jsonl", "--one", "--tail", "4", "--tag", "t",
                            "--timeout", "30s")
        # Once it sleeps, what was retained is behind it.
        wait_for(lambda: somebody_sleeps(self.path("p")), "follow waits for messages")
        self.numbers(3, tags=["t"])
        self.numbers(4)
        self.numbers(5, 6, tags=["t"])
        out, err = follow.communicate(timeout=30)
        self.assertEqual((follow.returncode, err), (0, b""))
        self.assertEqual([json.loads(line)["data"]["n"] for line in out.splitlines()], [5])

    def test_formats(self):
        self.pls("feed", "p", '{"b":[1,{}],"a":"\\u00e9","c":[]}', "--tag", "t")
        options = ["follow", "p", "-n", "1", "--one"]
        pretty = self.pls(*options).stdout.decode()
        stamp = re.search(r'"time": "(.*)"', pretty)[1]
        self.assertEqual(pretty, """{
  "data": {
    "b": [
      1,
      {}
    ],
    "a": "\\u00e9",
    "c": []
  },
  "meta": {
    "tags": [
      "t"
    ]
  },
  "seq": 1,
  "time": "%s"
}
""" % stamp)
        self.assertEqual(pretty, self.pls(*options, "--format", "pretty").stdout.decode())
        line = ('{"data":{"b":[1,{}],"a":"\\u00e9","c":[]},"meta":{"tags":["t"]},"seq":1,"time":"%s"}\n'
                % stamp)
        for form in (["--jsonl"], ["--format", "jsonl"]):
            self.assertEqual(self.pls(*options, *form).stdout.decode(), line)
        self.assertEqual(self.pls(*options, "--jsonl", "--data-only").stdout,
                         b'{"b":[1,{}],"a":"\\u00e9","c":[]}\n')
        self.assertEqual(json.loads(self.pls(*options, "--data-only").stdout)["c"], [])
        self.assertIn(b'\x1b[36m"seq"\x1b[0m', self.pls("--color", "always", *options).stdout)
        self.assertNotIn(b"\x1b", self.pls("--color", "always", *options, "--jsonl").stdout)

    def test_exact_text_comes_back(self):
        text = '{"n":1,"n":2,"big":340282366920938463463374607431768211456,"z":"é\\/","a":1e400}'
        self.pls("feed", "p", text)
        line = self.pls("follow", "p", "-n", "1", "--one", "--jsonl").stdout.decode()
        self.assertTrue(line.startswith('{"data":' + text + ',"meta":'), line)

    def test_closed_stdout_ends_quietly(self):
        self.create("big", size="64M")
        self.pls("feed", "big", "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 200) * 100_000)
        for form in ("pretty", "jsonl"):
            script = f'"$0" follow big --tail 100000 --format {form} | head -1; echo "${{PIPESTATUS[0]}}"'
            result = subprocess.run(["bash", "-c", script, PLS], env=self.env, capture_output=True,
                                    timeout=60)
            self.assertEqual(result.stderr, b"")
            self.assertEqual(result.stdout.splitlines()[-1], b"0")

    def test_a_million_messages_cost_few_writes(self):
        self.create("big", size="64M")
        self.pls("feed", "big", "-q", stdin=b'{"pad":"%s"}\n' % (b"x" * 100) * 200_000)
        with (self.dir / "out").open("wb") as out:
            follow = self.start("follow", "big", "-n", "200000", "--jsonl", stdout=out)
            size = 200_000 * len('{"data":{"pad":""},"meta":{"tags":[]},"seq":1,"time":""}') + 200_000 * 100
            deadline = time.monotonic() + 60
            while (self.dir / "out").stat().st_size < size and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.1)
            with open(f"/proc/{follow.pid}/io") as io:
                writes = next(int(line.split()[1]) for line in io if line.startswith("syscw"))
        self.assertLess(writes, 2000)
        with (self.dir / "out").open() as lines:
            self.assertEqual([json.loads(line)["seq"] for line in lines], list(range(1, 200_001)))

    def test_wrong_options(self):
        usage = dict(code=2, kind="Usage")
        self.refused("follow", "p", "--jsonl", "--format", "jsonl", message="conflicting output options",
                     hint="--format jsonl", **usage)
        self.refused("follow", "p", "--format", "xml", message="'--format'", **usage)
        for tail in ("-1", "x", "1.5", "18446744073709551616", "1K"):
            self.refused("follow", "p", "--tail", tail, message="'--tail'", **usage)
        for since in ("someday", "-5m", "5", "5w", "2026-13-01T00:00:00Z", "2026-02-30", "m"):
            self.refused("follow", "p", "--since", since, message="invalid --since value", **usage)
        for timeout in ("-1s", "5", "1d", "", "99999999999999999999h"):
            self.refused("follow", "p", "--timeout", timeout, message="invalid duration", **usage)
        self.refused("follow", "https://host/p", message="not here yet", **usage)
        self.refused("follow", "p", "--token", "t", message="remote auth/TLS flags", **usage)

    def test_missing_pool_gives_the_exact_command(self):
        self.refused(
            "follow", "gone", "--quiet-drops", "--tag", "a b", "--since", "1h", "--format", "pretty",
            "--data-only", "--timeout", "5s", "--one", "--no-notify", code=3, kind="NotFound",
            path=self.path("gone"),
            hint='exact command that also creates it: `plasmite follow gone --create --one --timeout 5s '
                 '--data-only --format pretty --since 1h --tag "a b" --quiet-drops --no-notify`')
        self.refused("follow", "gone", "-n", "3", "--jsonl", code=3, kind="NotFound",
                     hint="plasmite follow gone --create --tail 3 --jsonl")
        self.refused("follow", f"{self.dir}/gone", code=3, kind="NotFound", hint="--dir")

    def test_create(self):
        self.pls("follow", "new", "--create", "--timeout", "20ms", code=124)
        self.assertEqual(self.info("new")["file_size"], 4 << 20)


if __name__ == "__main__":
    unittest.main()
