"""Rows B1.2 and B1.3 of spec/cli-behaviour.md: values, and what a pool ref means."""

import json
import time
import unittest

from cli_harness import CliTest

USAGE = dict(code=2, kind="Usage")


class Values(CliTest):
    def test_b1_2_size__is_digits_with_k_m_or_g(self):
        for size, bytes_ in (("131072", 131072), ("128k", 131072), ("1M", 1 << 20), (" 1 m ", 1 << 20)):
            self.pls("feed", "p", "{}", "--create", "--create-size", size)
            self.assertEqual(self.info("p")["file_size"], bytes_)
            self.pls("pool", "delete", "p")
        for option in (["pool", "create", "p", "--size"], ["feed", "p", "{}", "--create", "--create-size"]):
            for size, message in (("1KiB", "invalid size suffix"), ("1MB", "invalid size suffix"),
                                  ("M", "invalid size"), ("", "invalid size"),
                                  ("99999999999G", "size overflow"), ("99999999999999999999", "size")):
                self.refused(*option, size, message=message, hint="M", **USAGE)
        # A G is 2^30 bytes: one more than what fits 64 bits overflows, one less is only too large.
        self.refused("pool", "create", "p", "--size", "17179869184G", message="size overflow", **USAGE)
        message = self.refused("pool", "create", "p", "--size", "17179869183g", **USAGE)["message"]
        self.assertNotIn("overflow", message)

    def test_b1_2_duration__is_digits_with_ms_s_m_or_h(self):
        self.create("p")
        for duration in ("20ms", " 20ms ", "0s", "0m", "0h"):
            self.pls("follow", "p", "--timeout", duration, code=124)
        for duration in ("20", "20MS", "1S", "1d", "ms", "1.5s", "-1s", "1s1s"):
            self.refused("follow", "p", f"--timeout={duration}", message="invalid duration", **USAGE)
            self.refused("feed", "p", "{}", "--retry", "1", f"--retry-delay={duration}",
                         message="invalid duration", **USAGE)

    def test_b1_2_since__is_an_age_or_a_time(self):
        self.create("p")
        self.feed("p", {"n": 1})
        stamp = self.retained("p")[0]["time"]
        for since in ("60s", "5m", "5M", "2h", "2H", "1d", "1D", " 1h ", "999999999d", "2001-02-03T04:05:06Z",
                      "2001-02-03T04:05:06.123456789+01:00", stamp):
            line = self.pls("follow", "p", "--since", since, "--one", "--jsonl", "--timeout", "5s").stdout
            self.assertEqual(json.loads(line)["data"], {"n": 1})
        for since in ("5", "5w", "5ms", "d", "2001-02-30T00:00:00Z", "then"):
            self.refused("follow", "p", f"--since={since}", message="invalid --since value", **USAGE)

    def test_b1_2_since_age__is_counted_back_from_now(self):
        self.create("p")
        self.feed("p", {"n": 1})
        time.sleep(2.1)
        self.feed("p", {"n": 2})
        line = self.pls("follow", "p", "--since", "2s", "--one", "--jsonl", "--timeout", "5s").stdout
        self.assertEqual(json.loads(line)["data"], {"n": 2})

    def test_b1_2_durability__is_fast_or_flush(self):
        for value in ("fast", "flush", " fast "):
            self.pls("feed", "p", "{}", "--create", "--durability", value)
            self.pls("tap", "p", "--durability", value, "--", "true")
        for words in (["feed", "p", "{}", "--durability", "slow"],
                      ["tap", "p", "--durability", "slow", "--", "true"]):
            self.refused(*words, message="invalid durability", hint="Use fast or flush.", **USAGE)

    def test_b1_2_replay_speed__is_a_finite_number_from_0_on(self):
        self.create("p")
        for speed in ("0", "1", "0.5", "1e3"):
            self.pls("follow", "p", "--tail", "1", "--replay", speed)
        self.refused("follow", "p", "--tail", "1", "--replay", "-1", **USAGE)
        self.refused("follow", "p", "--tail", "1", "--replay=-1",
                     message="--replay speed must be non-negative", **USAGE)
        for speed in ("nan", "inf", "-inf", "x"):
            self.refused("follow", "p", "--tail", "1", f"--replay={speed}", **USAGE)


class Refs(CliTest):
    def test_b1_3_path__has_a_separator_and_is_taken_verbatim(self):
        place = self.dir / "place"
        place.mkdir()
        self.pls("pool", "create", "./p", "~/q", "--size", "64K", cwd=place)
        self.assertEqual(sorted(path.name for path in place.iterdir()), ["p", "~"])
        self.assertTrue((place / "~" / "q").is_file(), "no suffix, no home")
        for words in (["feed", "./p", "{}"], ["fetch", "./p", "1"], ["pool", "info", "./p"],
                      ["doctor", "./p"], ["pool", "delete", "./p"]):
            self.pls(*words, cwd=place)

    def test_b1_3_name__is_a_file_of_the_directory_with_the_suffix(self):
        self.create("a", "b.plasmite", "c.d", size="64K")
        self.assertEqual(sorted(path.name for path in self.pools.iterdir()),
                         ["a.plasmite", "b.plasmite", "c.d.plasmite"])
        for ref in ("a", "a.plasmite", self.path("a")):
            self.pls("feed", ref, "{}")
        self.assertEqual(len(self.retained("a")), 3)

    def test_b1_3_any_name__is_accepted(self):
        for name in (".", "a b", "..", "ü", "[a]", "-x"):
            self.pls("pool", "create", "--size", "64K", "--", name)
            self.assertTrue(self.path(name).is_file(), name)
        self.pls("feed", "", "{}", "--create", "--create-size", "64K")
        self.assertTrue((self.pools / ".plasmite").is_file())

    def test_b1_3_scheme__other_than_http_and_https_is_refused(self):
        for words in (["feed", "ftp://h/p", "{}"], ["follow", "ftp://h/p"], ["duplex", "x://h/p"]):
            self.refused(*words, message="remote pool ref must use http or https scheme", **USAGE)

    def test_b1_3_url_not_yet__is_a_clear_usage_error(self):
        for url in ("http://127.0.0.1:1/p", "https://h/p"):
            for words in (["feed", url, "{}"], ["follow", url], ["duplex", url]):
                self.refused(*words, message="not here yet", **USAGE)
        self.assertFalse(self.pools.exists())

    def test_b1_3_local_only__tap_and_delete_refuse_a_scheme(self):
        self.refused("tap", "http://h/p", "--", "true", message="tap accepts local pool refs only", **USAGE)
        failed, = json.loads(self.pls("pool", "delete", "x://h/p", "--json", code=2).stdout)["failed"]
        self.assertEqual(failed["error"]["kind"], "Usage")

    def test_b1_3_url_as_path__is_what_commands_without_urls_see(self):
        for words in (["fetch", "http://h/p", "1"], ["doctor", "http://h/p"], ["pool", "info", "http://h/p"]):
            self.refused(*words, code=3, kind="NotFound")


if __name__ == "__main__":
    unittest.main()
