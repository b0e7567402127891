"""pool create: shapes, sizes, what cannot be made."""

import json
import os
import unittest

from cli_harness import CliTest

INFO_KEYS = [
    "bounds", "file_size", "format", "id", "index_capacity", "index_offset", "index_size_bytes",
    "metrics", "name", "path", "ring_offset", "ring_size",
]


class PoolCreate(CliTest):
    def test_json(self):
        result = self.pls("pool", "create", "jobs", "more", "--size", "64K", "--json")
        created = json.loads(result.stdout)["created"]
        self.assertEqual([pool["name"] for pool in created], ["jobs", "more"])
        self.assertEqual(result.stdout.count(b"\n"), 1, "compact")
        info = created[0]
        self.assertEqual(list(info), INFO_KEYS)
        self.assertEqual(info["bounds"], {})
        self.assertEqual(info["file_size"], 65536)
        self.assertEqual(info["format"], 4)
        self.assertRegex(info["id"], "^[0-9a-f]{32}$")
        self.assertNotEqual(info["id"], created[1]["id"])
        self.assertEqual(info["path"], str(self.path("jobs")))
        self.assertEqual(info["metrics"], {
            "age": {"newest_age_ms": None, "newest_time": None,
                    "oldest_age_ms": None, "oldest_time": None},
            "message_count": 0,
            "seq_span": 0,
            "utilization": {"free_bytes": info["ring_size"], "used_bytes": 0, "used_percent": 0.0},
        })
        for key in ("index_capacity", "index_offset", "index_size_bytes", "ring_offset", "ring_size"):
            self.assertGreater(info[key], 0, key)

    def test_table(self):
        lines = self.pls("pool", "create", "jobs", "x").stdout.decode().splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "SIZE", "INDEX", "PATH"])
        self.assertEqual(lines[1].split()[:2] + lines[1].split()[3:],
                         ["jobs", "4194304", "jobs.plasmite"])
        self.assertEqual({len(line) for line in lines}, {len(lines[0])}, "columns are padded")

    def test_files_and_folders_are_private_and_allocated(self):
        self.create("jobs", size="1M")
        status = os.stat(self.path("jobs"))
        self.assertEqual(status.st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(self.pools).st_mode & 0o777, 0o700)
        self.assertGreaterEqual(status.st_blocks * 512, status.st_size)

    def test_dir_and_paths(self):
        self.pls("--dir", self.dir / "other", "pool", "create", "a", "b.plasmite")
        self.assertTrue((self.dir / "other" / "a.plasmite").exists())
        self.assertTrue((self.dir / "other" / "b.plasmite").exists())
        self.pls("pool", "create", self.dir / "deep" / "er" / "c")
        self.assertTrue((self.dir / "deep" / "er" / "c").exists())

    def test_words_are_taken_as_they_are(self):
        self.pls("pool", "create", "[a,b]", "delete", "--", "-x")
        names = {path.name for path in self.pools.iterdir()}
        self.assertEqual(names, {"[a,b].plasmite", "delete.plasmite", "-x.plasmite"})

    def test_existing_pool(self):
        self.create("jobs")
        before = self.path("jobs").read_bytes()
        self.refused("pool", "create", "jobs", code=4, kind="AlreadyExists",
                     message="pool already exists", hint="different name", path=self.path("jobs"))
        self.assertEqual(self.path("jobs").read_bytes(), before)

    def test_half_way_tells_what_was_created(self):
        self.create("c")
        error = self.refused("pool", "create", "a", "b", "c", "d", code=4, kind="AlreadyExists")
        self.assertIn("a, b", error["causes"][0])
        self.assertTrue(self.path("b").exists())
        self.assertFalse(self.path("d").exists())

    def test_wrong_sizes(self):
        for size, message in (
            ("-1", "negative"), ("-5M", "negative"), ("", "invalid size"), ("K", "invalid size"),
            ("1KiB", "invalid size suffix"), ("1MB", "invalid size suffix"), ("1.5M", "suffix"),
            ("99999999999G", "size overflow"), ("18446744073709551616", "size overflow"),
            ("17592186044416K", "out of range"), ("4K", "out of range"), ("0", "out of range"),
        ):
            self.refused("pool", "create", "x", "--size", size, code=2, kind="Usage",
                         message=message, hint="K")
        self.assertFalse(self.path("x").exists())

    def test_good_sizes(self):
        for name, size, expected in (
            ("a", "64K", 65536), ("b", " 128 k ", 131072), ("c", "1M", 1048576), ("d", "70000", 73728),
            ("e", "63K", 65536), ("f", "4097", 65536),
        ):
            self.create(name, size=size)
            self.assertEqual(self.info(name)["file_size"], expected)

    def test_formats(self):
        self.pls("pool", "create", "four", "--format", "4")
        self.refused("pool", "create", "three", "--format", "3", code=2, kind="Usage",
                     message="not here yet")
        self.refused("pool", "create", "five", "--format", "5", code=2, kind="Usage",
                     message="'--format'")
        self.assertEqual(len(list(self.pools.iterdir())), 1)

    def test_index_capacity(self):
        self.refused("pool", "create", "x", "--size", "64K", "--index-capacity", "2049", code=2,
                     kind="Usage", message="index capacity is too large for pool size")
        self.refused("pool", "create", "x", "--index-capacity", "-1", code=2, kind="Usage",
                     message="--index-capacity")
        result = self.pls("pool", "create", "x", "--index-capacity", "16")
        self.assertEqual(self.notices(result.stderr)[0]["kind"], "option_ignored")

    def test_for_people(self):
        self.assertRegex(self.on_terminal("pool", "create", "jobs", "--size", "1M"),
                         r"^Created jobs \(1M, \d+ index slots\)\n  path: jobs.plasmite\n$")
        self.assertEqual(self.on_terminal("pool", "create", "a", "b", "--size", "1M"),
                         "Created 2 pools (1M each)\n  - a (a.plasmite)\n  - b (b.plasmite)\n")


if __name__ == "__main__":
    unittest.main()
