"""pool list: sorted, tolerant of files that are no pools."""

import json
import unittest

from cli_harness import CliTest


class PoolList(CliTest):
    def listed(self):
        return json.loads(self.pls("pool", "list", "--json").stdout)["pools"]

    def test_missing_directory_is_empty(self):
        self.assertEqual(self.pls("pool", "list", "--json").stdout, b'{"pools":[]}\n')
        self.assertFalse(self.pools.exists())

    def test_entries(self):
        self.create("b", "a", "c", size="64K")
        self.feed("c", {"n": 1})
        (self.pools / "notes.txt").write_text("not listed")
        (self.pools / "sub.plasmite").mkdir()
        pools = self.listed()
        self.assertEqual([pool["name"] for pool in pools], ["a", "b", "c"])
        for pool in pools:
            self.assertEqual(list(pool), ["bounds", "file_size", "mtime", "name", "path"])
            self.assertRegex(pool["mtime"], r"^\d{4}-\d\d-\d\dT.*Z$")
        self.assertEqual(pools[2]["bounds"], {"newest": 1, "oldest": 1})
        self.assertEqual(pools[0]["bounds"], {})
        self.assertEqual(pools[0]["path"], str(self.path("a")))

    def test_an_unreadable_pool_is_an_entry_not_a_failure(self):
        self.create("good")
        self.path("bad").write_bytes(b"this is no pool at all" * 10)
        bad, good = self.listed()
        self.assertEqual(list(bad), ["error", "name", "path"])
        self.assertEqual(bad["error"]["error"]["kind"], "Corrupt")
        self.assertEqual(good["name"], "good")
        lines = self.pls("pool", "list").stdout.decode().splitlines()
        self.assertEqual(lines[0].split(), "NAME STATUS SIZE OLDEST NEWEST MTIME PATH DETAIL".split())
        self.assertEqual(lines[1].split()[:3], ["bad", "ERR", "-"])
        self.assertEqual(lines[2].split()[:5], ["good", "OK", "4194304", "-", "-"])
        self.assertEqual(lines[2].split()[-1], "-")
        shown = self.on_terminal("pool", "list")
        self.assertRegex(shown, r"(?m)^ *✗ \S+ — \S.*\n    Details: pls doctor ")

    def test_for_people(self):
        self.assertEqual(self.on_terminal("pool", "list"),
                         f"No pools found in {self.pools}/\n\n  Create one: plasmite pool create <name>\n")
        self.create("jobs", size="1M")
        self.feed("jobs", {"n": 1})
        header, row = self.on_terminal("pool", "list").splitlines()
        self.assertEqual(header, "NAME  SIZE  USED  MSGS  MODIFIED")
        self.assertRegex(row, r"^jobs    1M  0\.0%     1  \d+s ago$")

    def test_wide_and_hostile_names(self):
        self.create("日本", "e\u0301te", "a\x1b[31mb")
        header, *rows = self.on_terminal("pool", "list").splitlines()
        self.assertNotIn("\x1b", "".join(rows))
        self.assertIn(r"a\x1b[31mb", rows[0])
        # A wide character takes two columns, a combining one none.
        column = header.index("SIZE")
        self.assertEqual(rows[1].index("4M"), column + 3)
        self.assertEqual(rows[2].index("4M"), column)


if __name__ == "__main__":
    unittest.main()
