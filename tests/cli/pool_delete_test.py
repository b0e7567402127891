"""pool delete: best effort over all names; the first failure decides the exit code."""

import json
import os
import unittest

from cli_harness import CliTest


class PoolDelete(CliTest):
    def test_json(self):
        self.create("a", "b")
        result = self.pls("pool", "delete", "a", "nope", "b", "http://h/p", "--json", code=3)
        self.assertEqual(result.stderr, b"")
        outcome = json.loads(result.stdout)
        self.assertEqual(outcome["deleted"], [
            {"path": str(self.path("a")), "pool": "a"}, {"path": str(self.path("b")), "pool": "b"}])
        missing, remote = outcome["failed"]
        self.assertEqual((missing["pool"], missing["error"]["kind"], missing["error"]["message"]),
                         ("nope", "NotFound", "pool not found"))
        self.assertEqual(missing["error"]["path"], str(self.path("nope")))
        self.assertEqual((remote["pool"], remote["error"]["kind"]), ("http://h/p", "Usage"))
        self.assertEqual(os.listdir(self.pools), [])

    def test_first_failure_decides(self):
        self.pls("pool", "delete", "http://h/p", "nope", code=2)
        self.create("a")
        self.assertEqual(self.pls("pool", "delete", "a").stderr, b"")

    def test_table(self):
        self.create("a")
        lines = self.pls("pool", "delete", "a", "nope", code=3).stdout.decode().splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "STATUS", "PATH", "DETAIL"])
        self.assertEqual(lines[1].split(), ["a", "OK", "a.plasmite", "-"])
        self.assertEqual(lines[2].split(), ["nope", "ERR", "nope.plasmite", "pool", "not", "found"])

    def test_brackets_are_part_of_a_name(self):
        self.create("a", "[a]")
        self.pls("pool", "delete", "[a]")
        self.assertEqual(os.listdir(self.pools), ["a.plasmite"])

    def test_for_people(self):
        self.create("a", "b", "c")
        self.assertEqual(self.on_terminal("pool", "delete", "a"), 'Deleted pool "a".\n')
        self.assertIn('Pool "a" not found. Nothing to delete.\n',
                      self.on_terminal("pool", "delete", "a", code=3))
        self.assertEqual(self.on_terminal("pool", "delete", "b", "a", code=3),
                         "Deleted 1 of 2 pools.\n  ✓ b\n  ✗ a — pool not found\n")


if __name__ == "__main__":
    unittest.main()
