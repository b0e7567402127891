"""fetch: one message, or why not."""

import json
import unittest

from cli_harness import CliTest


class Fetch(CliTest):
    def test_message(self):
        self.create("p")
        self.feed("p", {"n": 1}, {"n": 2}, tags=["t"])
        result = self.pls("fetch", "p", "2")
        message = json.loads(result.stdout)
        self.assertEqual(list(message), ["data", "meta", "seq", "time"])
        self.assertEqual((message["data"], message["meta"], message["seq"]),
                         ({"n": 2}, {"tags": ["t"]}, 2))
        self.assertEqual(result.stdout.count(b"\n"), 1)
        self.assertEqual(message, self.retained("p")[1])
        on_terminal = self.on_terminal("--color", "never", "fetch", "p", "2")
        self.assertTrue(on_terminal.startswith('{\n  "data": {\n    "n": 2\n  },\n'))

    def test_never_stored(self):
        self.create("p")
        for seq in (1, 0, 2**64 - 1):
            error = self.refused("fetch", "p", seq, code=3, kind="NotFound", hint="pool info")
            self.assertEqual((error["message"], error["seq"]), ("message not found", seq))
            self.assertIn("follow", error["hint"])

    def test_retired(self):
        self.create("p", size="64K")
        self.feed("p", *({"n": n, "pad": "x" * 500} for n in range(200)))
        oldest = self.info("p")["bounds"]["oldest"]
        self.assertGreater(oldest, 1)
        error = self.refused("fetch", "p", oldest - 1, code=3, kind="NotFound", message="message not found")
        self.assertEqual(error["seq"], oldest - 1)
        self.assertTrue(error["causes"])
        self.assertEqual(json.loads(self.pls("fetch", "p", oldest).stdout)["data"]["n"], oldest - 1)

    def test_wrong_arguments(self):
        self.refused("fetch", "p", "1", code=3, kind="NotFound", message="not found",
                     hint="plasmite pool create p", path=self.path("p"))
        self.create("p")
        for seq in ("x", "1.5", "18446744073709551616", "", "1x"):
            self.refused("fetch", "p", seq, code=2, kind="Usage", message="SEQ")
        self.refused("fetch", "p", "-1", code=2, kind="Usage")
        self.refused("fetch", "p", code=2, kind="Usage", message="SEQ is required")
        # No command but feed and follow knows URLs: this is a path.
        self.refused("fetch", "http://host/p", "1", code=3, kind="NotFound", hint="--dir")


if __name__ == "__main__":
    unittest.main()
