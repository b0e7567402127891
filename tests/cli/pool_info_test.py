"""pool info: every key and line, for empty and filled pools."""

import json
import re
import unittest

from cli_harness import CliTest

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"


class PoolInfo(CliTest):
    def test_filled_json(self):
        self.create("jobs", size="64K")
        self.feed("jobs", {"n": 1}, {"n": 2})
        info = self.info("jobs")
        self.assertEqual(info["bounds"], {"newest": 2, "oldest": 1})
        metrics = info["metrics"]
        self.assertEqual((metrics["message_count"], metrics["seq_span"]), (2, 2))
        messages = self.retained("jobs")
        self.assertEqual(metrics["age"]["oldest_time"], messages[0]["time"])
        self.assertEqual(metrics["age"]["newest_time"], messages[1]["time"])
        self.assertGreaterEqual(metrics["age"]["oldest_age_ms"], metrics["age"]["newest_age_ms"])
        use = metrics["utilization"]
        self.assertEqual(use["used_bytes"] + use["free_bytes"], info["ring_size"])
        self.assertEqual(use["used_percent"],
                         use["used_bytes"] * 10000 // info["ring_size"] / 100)

    def test_name_is_the_ref_as_typed(self):
        self.create("jobs")
        path = str(self.path("jobs"))
        self.assertEqual(self.info(path)["name"], path)
        self.assertEqual(self.info("jobs.plasmite")["name"], "jobs.plasmite")

    def test_text(self):
        self.create("jobs", size="64K")
        lines = self.pls("pool", "info", "jobs").stdout.decode().splitlines()
        self.assertEqual(lines[3], "Bounds: oldest=- newest=- count=0")
        self.assertEqual(lines[5:], ["Oldest: - (-)", "Newest: - (-)"])
        self.feed("jobs", {"n": 1}, {"n": 2})
        text = self.pls("pool", "info", "jobs").stdout.decode()
        self.assertRegex(text, "^" + "\n".join([
            "Pool: jobs",
            f"Path: {re.escape(str(self.path('jobs')))}",
            r"Size: 65536 bytes \(index: offset=\d+ slots=\d+ bytes=\d+, ring: offset=\d+ size=\d+\)",
            "Bounds: oldest=1 newest=2 count=2",
            r"Utilization: used=\d+B free=\d+B \(\d+\.\d+%\)",
            rf"Oldest: {TIME} \(\d+s ago\)",
            rf"Newest: {TIME} \(\d+s ago\)",
        ]) + "\n$")

    def test_missing_pool(self):
        error = self.refused("pool", "info", "jobs", code=3, kind="NotFound",
                             hint="plasmite pool create jobs")
        self.assertEqual(error["message"], "not found")
        self.assertNotIn("path", error)
        self.assertNotIn("causes", error)

    def test_for_people(self):
        self.create("jobs", size="64K")
        self.assertIn("  messages:  empty\n  oldest:    —\n", self.on_terminal("pool", "info", "jobs"))
        self.feed("jobs", {"n": 1}, {"n": 2})
        text = self.on_terminal("pool", "info", "jobs")
        self.assertRegex(text, r"^jobs\n  path:      jobs.plasmite\n"
                               r"  size:      64K \(\d+ used, \d+\.\d+%\)\n")
        self.assertIn("  messages:  2 (seq 1..2)\n", text)
        self.assertRegex(text, r"  newest:    \d+s ago \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)\n")

    def test_colours(self):
        self.create("jobs")
        plain = self.pls("--color", "never", "pool", "info", "jobs", "--json").stdout
        self.assertEqual(plain.count(b"\n"), 1)
        coloured = self.pls("--color", "always", "pool", "info", "jobs", "--json").stdout
        self.assertIn(b'\x1b[36m"format"\x1b[0m', coloured)
        self.assertIn(b"\x1b[33m4\x1b[0m", coloured)
        stripped = re.sub(rb"\x1b\[\d+m", b"", coloured)
        self.assertIn(b'\n  "format": 4,\n', stripped)
        self.assertEqual(json.loads(stripped)["id"], json.loads(plain)["id"])
        on_terminal = self.on_terminal("--color", "never", "pool", "info", "jobs", "--json")
        self.assertIn('\n  "format": 4,\n', on_terminal)
        self.assertIn("\x1b[36m", self.on_terminal("pool", "info", "jobs", "--json"))
        self.env["NO_COLOR"] = "1"
        self.assertNotIn("\x1b", self.on_terminal("pool", "info", "jobs", "--json"))


if __name__ == "__main__":
    unittest.main()
