"""Rows B1.6 of spec/cli-behaviour.md: pool, fetch, doctor, version and completion."""

import json
import os
import unittest

from cli_harness import CliTest

USAGE = dict(code=2, kind="Usage")


class Pool(CliTest):
    # pool create

    def test_b1_6_create_order__sizes_are_looked_at_before_anything_is_made(self):
        self.refused("pool", "create", "p", "--size", "x", message="invalid size", **USAGE)
        self.assertFalse(self.pools.exists())

    def test_b1_6_create_directory__is_made_or_an_io_error_with_path(self):
        self.pls("--dir", self.dir / "a" / "b", "pool", "create", "p", "--size", "64K")
        self.assertTrue((self.dir / "a" / "b" / "p.plasmite").is_file())
        (self.dir / "file").touch()
        self.refused("--dir", self.dir / "file" / "x", "pool", "create", "p", code=8, kind="Io",
                     path=self.dir / "file" / "x")

    def test_b1_6_create_existing__is_left_alone(self):
        self.create("p", size="64K")
        self.feed("p", {"n": 1})
        self.refused("pool", "create", "p", code=4, kind="AlreadyExists", message="pool already exists",
                     hint="name", path=self.path("p"))
        self.assertEqual(self.data("p"), [{"n": 1}])

    def test_b1_6_create_index_capacity__is_at_most_half_of_the_size(self):
        self.refused("pool", "create", "p", "--size", "64K", "--index-capacity", "2049",
                     message="index capacity is too large for pool size", **USAGE)
        self.pls("pool", "create", "p", "--size", "64K", "--index-capacity", "2048")

    def test_b1_6_create_small__sizes_that_hold_nothing_are_usage_errors(self):
        for size in ("0", "1", "4096"):
            self.refused("pool", "create", "p", "--size", size, hint="K", **USAGE)
        self.assertFalse(self.path("p").exists())

    def test_b1_6_create_stops__at_the_first_error_and_prints_nothing_of_the_others(self):
        self.create("b", size="64K")
        self.refused("pool", "create", "a", "b", "c", "--size", "64K", "--json", code=4, kind="AlreadyExists")
        self.assertEqual(sorted(path.stem for path in self.pools.iterdir()), ["a", "b"])

    def test_b1_6_create_json__lists_a_pool_info_for_each(self):
        created = json.loads(self.pls("pool", "create", "a", "b", "--size", "64K", "--json").stdout)
        self.assertEqual(list(created), ["created"])
        self.assertEqual([info["name"] for info in created["created"]], ["a", "b"])
        self.assertEqual(list(created["created"][0]), list(self.info("a")))

    def test_b1_6_create_table__has_name_size_index_and_path(self):
        lines = self.pls("pool", "create", "a", "b", "--size", "64K").stdout.decode().splitlines()
        self.assertEqual([line.split() for line in lines], [
            ["NAME", "SIZE", "INDEX", "PATH"],
            *([name, "65536", str(self.info(name)["index_capacity"]), f"{name}.plasmite"] for name in "ab")])

    # pool info

    def test_b1_6_info_json__is_a_pool_info(self):
        self.create("p", size="64K")
        self.assertEqual(json.loads(self.pls("pool", "info", "p", "--json").stdout)["file_size"], 65536)

    def test_b1_6_info_text__has_a_line_for_each_fact(self):
        self.create("p", size="64K")
        lines = self.pls("pool", "info", "p").stdout.decode().splitlines()
        self.assertEqual([line.split(":")[0] for line in lines],
                         ["Pool", "Path", "Size", "Bounds", "Utilization", "Oldest", "Newest"])
        self.assertEqual(lines[0], "Pool: p")
        self.assertEqual(lines[1], f"Path: {self.path('p')}")
        self.assertRegex(lines[2], r"^Size: 65536 bytes \(index: offset=\d+ slots=\d+ bytes=\d+, "
                                   r"ring: offset=\d+ size=\d+\)$")
        self.assertEqual(lines[3], "Bounds: oldest=- newest=- count=0")
        self.feed("p", {"n": 1}, {"n": 2})
        lines = self.pls("pool", "info", "p").stdout.decode().splitlines()
        self.assertEqual(lines[3], "Bounds: oldest=1 newest=2 count=2")
        self.assertRegex(lines[4], r"^Utilization: used=\d+B free=\d+B \(\d+\.\d+%\)$")
        self.assertRegex(lines[6], r"^Newest: \d{4}-\d\d-\d\dT[0-9:.]+Z \(\d+s ago\)$")

    def test_b1_6_info_missing__says_not_found_and_how_to_make_it(self):
        error = self.refused("pool", "info", "gone", code=3, kind="NotFound", hint="plasmite pool create gone")
        self.assertEqual(sorted(error), ["hint", "kind", "message"])
        self.assertEqual(error["message"], "not found")

    # pool list

    def test_b1_6_list_json__has_an_entry_for_each_pool_by_name(self):
        self.create("b", "a", "c", size="64K")
        self.feed("c", {"n": 1})
        pools = json.loads(self.pls("pool", "list", "--json").stdout)["pools"]
        self.assertEqual([pool["name"] for pool in pools], ["a", "b", "c"])
        for pool in pools:
            self.assertEqual(list(pool), ["bounds", "file_size", "mtime", "name", "path"])
            self.assertEqual((pool["file_size"], pool["path"]), (65536, str(self.path(pool["name"]))))
            self.assertRegex(pool["mtime"], r"^\d{4}-\d\d-\d\dT[0-9:.]+Z$")
        self.assertEqual([pool["bounds"] for pool in pools], [{}, {}, {"newest": 1, "oldest": 1}])

    def test_b1_6_list_missing_directory__is_an_empty_list(self):
        self.assertEqual(self.pls("pool", "list", "--json").stdout, b'{"pools":[]}\n')

    def test_b1_6_list_files__are_those_of_the_directory_with_the_suffix(self):
        self.create("p", size="64K")
        self.pls("--dir", self.pools / "sub", "pool", "create", "q", "--size", "64K")
        for name in ("x.txt", "plasmite", "y.plasmite2"):
            (self.pools / name).touch()
        pools = json.loads(self.pls("pool", "list", "--json").stdout)["pools"]
        self.assertEqual([pool["name"] for pool in pools], ["p"])

    def test_b1_6_list_unreadable__is_an_entry_with_its_error(self):
        self.create("good", size="64K")
        self.path("bad").write_bytes(b"x" * 9000)
        bad, good = json.loads(self.pls("pool", "list", "--json").stdout)["pools"]
        self.assertEqual(list(bad), ["error", "name", "path"])
        self.assertEqual(list(bad["error"]), ["error"])
        self.assertEqual(bad["error"]["error"]["kind"], "Corrupt")
        self.assertEqual((bad["name"], good["name"]), ("bad", "good"))

    def test_b1_6_list_table__has_eight_columns(self):
        self.create("good", size="64K")
        self.feed("good", {"n": 1})
        self.path("bad").write_bytes(b"x" * 9000)
        header, bad, good = self.pls("pool", "list").stdout.decode().splitlines()
        self.assertEqual(header.split(), "NAME STATUS SIZE OLDEST NEWEST MTIME PATH DETAIL".split())
        self.assertEqual(bad.split()[:3], ["bad", "ERR", "-"])
        self.assertIn("bad magic", bad)
        self.assertEqual(good.split()[:5] + good.split()[6:],
                         ["good", "OK", "65536", "1", "1", "good.plasmite", "-"])

    # pool delete

    def test_b1_6_delete_json__tells_of_all_names(self):
        self.create("a", "b", size="64K")
        result = self.pls("pool", "delete", "a", "gone", "b", "--json", code=3)
        outcome = json.loads(result.stdout)
        self.assertEqual(list(outcome), ["deleted", "failed"])
        self.assertEqual(outcome["deleted"], [{"path": str(self.path(name)), "pool": name} for name in "ab"])
        failed, = outcome["failed"]
        self.assertEqual((list(failed), failed["pool"]), (["error", "pool"], "gone"))
        self.assertEqual(os.listdir(self.pools), [])

    def test_b1_6_delete_missing__is_not_found_with_path(self):
        failed, = json.loads(self.pls("pool", "delete", "gone", "--json", code=3).stdout)["failed"]
        error = failed["error"]
        self.assertEqual((error["kind"], error["message"], error["path"]),
                         ("NotFound", "pool not found", str(self.path("gone"))))

    def test_b1_6_delete_refused__is_an_io_error(self):
        self.create("p", size="64K")
        os.chmod(self.pools, 0o555)
        failed, = json.loads(self.unprivileged("pool", "delete", "p", "--json", code=8).stdout)["failed"]
        self.assertEqual((failed["error"]["kind"], failed["error"]["message"]),
                         ("Io", "failed to delete pool"))
        self.assertTrue(self.path("p").is_file())

    def test_b1_6_delete_table__has_name_status_path_and_detail(self):
        self.create("a", size="64K")
        lines = self.pls("pool", "delete", "a", "gone", code=3).stdout.decode().splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "STATUS", "PATH", "DETAIL"])
        self.assertEqual(lines[1].split()[:3], ["a", "OK", "a.plasmite"])
        self.assertEqual(lines[2].split(), ["gone", "ERR", "gone.plasmite", "pool", "not", "found"])


class Others(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="64K")
        self.feed("p", {"n": 1}, {"n": 2})

    def test_b1_6_fetch__prints_the_message_of_a_sequence(self):
        self.assertEqual(json.loads(self.pls("fetch", "p", "2").stdout), self.retained("p")[1])

    def test_b1_6_fetch_seq__is_an_unsigned_64_bit_number(self):
        self.refused("fetch", "p", 2**64 - 1, code=3, kind="NotFound", message="message not found")
        for seq in (2**64, "x", "1.5", ""):
            self.refused("fetch", "p", seq, **USAGE)

    def test_b1_6_doctor_words__are_a_pool_or_all_and_not_both(self):
        self.refused("doctor", "p", "--all", message="--all cannot be combined with a pool name",
                     hint="Use --all by itself", **USAGE)

    def test_b1_6_doctor_report__has_these_keys(self):
        report, = json.loads(self.pls("doctor", "p", "--json").stdout)["reports"]
        want = {"issue_count": 0, "issues": [], "last_good_seq": 2, "path": str(self.path("p")), "pool_ref": "p",
                "remediation_hints": [], "snapshot_path": None, "status": "ok"}
        self.assertEqual({key: report[key] for key in want}, want)
        self.create("empty", size="64K")
        report, = json.loads(self.pls("doctor", "empty", "--json").stdout)["reports"]
        self.assertIsNone(report["last_good_seq"])

    def test_b1_6_doctor_issues__have_code_message_offset_and_seq(self):
        for name, content, code in (("bad", b"x" * 9000, "corrupt"),
                                    ("new", b"PLSM\x09\0\0\0" + bytes(65528), "format")):
            self.path(name).write_bytes(content)
            report, = json.loads(self.pls("doctor", name, "--json", code=7).stdout)["reports"]
            self.assertEqual(report["status"], "corrupt")
            self.assertEqual(report["issue_count"], len(report["issues"]))
            issue = report["issues"][0]
            self.assertEqual((sorted(issue), issue["code"]), (["code", "message", "offset", "seq"], code))
            self.assertTrue(report["remediation_hints"])

    def test_b1_6_doctor_lines__begin_with_ok_or_corrupt(self):
        self.path("q").write_bytes(b"x" * 9000)
        self.assertEqual(self.pls("doctor", "p").stdout, b"OK: p\n")
        self.assertRegex(self.pls("doctor", "q", code=7).stdout.decode(), r"^CORRUPT: q .*issue=.")
        lines = self.pls("doctor", "--all", code=7).stdout.decode().splitlines()
        self.assertEqual(lines[0], f"OK: {self.path('p')}")
        self.assertTrue(lines[1].startswith(f"CORRUPT: {self.path('q')} "), lines)

    def test_b1_6_doctor_missing__is_not_found(self):
        self.refused("doctor", "gone", code=3, kind="NotFound")
        self.refused("--dir", self.dir / "none", "doctor", "--all", code=3, kind="NotFound")

    def test_b1_6_doctor_all_ends__at_a_pool_that_cannot_be_opened(self):
        self.path("q").symlink_to(self.dir / "nothing")
        result = self.pls("doctor", "--all", code=3)
        self.assertEqual(json.loads(result.stderr)["error"]["kind"], "NotFound")

    def test_b1_6_version__is_json_in_a_pipe(self):
        result = self.pls("version")
        self.assertRegex(result.stdout, rb'^\{"name":"plasmite","version":"\d+\.\d+\.\d+"\}\n$')
        self.assertEqual(result.stderr, b"")
        self.assertRegex(self.on_terminal("version"), r"^plasmite \d+\.\d+\.\d+\n$")

    def test_b1_6_completion__prints_scripts_for_bash_zsh_and_fish(self):
        for shell, words in (("bash", ["_plasmite"]), ("zsh", ["#compdef"]), ("fish", ["complete", "plasmite"])):
            text = self.pls("completion", shell).stdout.decode()
            for word in (*words, "follow", "pool"):
                self.assertIn(word, text, shell)
        self.refused("completion", "nope", message="invalid value", hint="plasmite --help", **USAGE)


if __name__ == "__main__":
    unittest.main()
