"""Rows B1.5 of spec/cli-behaviour.md: what goes to stdout and in what shape."""

import json
import re
import unittest

from cli_harness import CliTest

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"
NUMBER = (int, float)
# Keys and types of what `pool info` tells.
POOL_INFO = {
    "bounds": dict, "file_size": int, "index_capacity": int, "index_offset": int, "index_size_bytes": int,
    "metrics": dict, "name": str, "path": str, "ring_offset": int, "ring_size": int,
}
METRICS = {"age": dict, "message_count": int, "seq_span": int, "utilization": dict}
UTILIZATION = {"free_bytes": int, "used_bytes": int, "used_percent": NUMBER}
AGE = {"newest_age_ms": int, "newest_time": str, "oldest_age_ms": int, "oldest_time": str}


class Output(CliTest):
    def check_types(self, value, types):
        for key, kind in types.items():
            self.assertIsInstance(value[key], kind, key)
            self.assertNotIsInstance(value[key], bool, key)

    def setUp(self):
        super().setUp()
        self.create("p", size="64K")
        self.pls("feed", "p", '{"s":"x","n":1,"b":true,"z":null,"o":{},"l":[]}', "--tag", "t")

    # JSON output.

    def test_b1_5_compact__is_what_pipes_get(self):
        for command in (["fetch", "p", "1"], ["pool", "info", "p", "--json"], ["pool", "list", "--json"],
                        ["doctor", "p", "--json"], ["version"]):
            out = self.pls(*command).stdout
            self.assertEqual(out.count(b"\n"), 1)
            self.assertNotIn(b'": ', out)

    def test_b1_5_pretty__is_what_terminals_get(self):
        shown = self.on_terminal("--color", "never", "fetch", "p", "1")
        self.assertTrue(shown.startswith('{\n  "data": {\n    "s": "x",\n'), shown)
        self.assertIn('    "o": {},\n    "l": []\n  },\n', shown)

    def test_b1_5_color_always__is_pretty_and_coloured_in_a_pipe(self):
        out = self.pls("--color", "always", "fetch", "p", "1").stdout.decode()
        self.assertIn("\x1b[", out)
        stripped = re.sub(r"\x1b\[\d+m", "", out)
        self.assertEqual(stripped, self.on_terminal("--color", "never", "fetch", "p", "1"))

    def test_b1_5_color_never__is_plain_on_a_terminal(self):
        self.assertNotIn("\x1b", self.on_terminal("--color", "never", "pool", "info", "p", "--json"))
        self.assertIn("\x1b", self.on_terminal("pool", "info", "p", "--json"))

    def test_b1_5_colours__of_keys_and_values(self):
        out = self.pls("--color", "always", "fetch", "p", "1").stdout.decode()
        for piece in ('\x1b[36m"s"\x1b[0m', '\x1b[32m"x"\x1b[0m', "\x1b[33m1\x1b[0m", "\x1b[35mtrue\x1b[0m",
                      "\x1b[39mnull\x1b[0m", "\x1b[39m{\x1b[0m"):
            self.assertIn(piece, out)

    def test_b1_5_jsonl_plain__whatever_color_says(self):
        out = self.pls("--color", "always", "follow", "p", "-n", "1", "--one", "--jsonl").stdout
        self.assertNotIn(b"\x1b", out)
        self.assertNotIn(b"\x1b", self.pls("--color", "always", "feed", "p", "{}").stdout)

    # Shapes.

    def test_b1_5_message__has_data_meta_seq_and_time(self):
        out = self.pls("fetch", "p", "1").stdout.decode()
        self.assertRegex(out, r'^\{"data":\{.*\},"meta":\{"tags":\["t"\]\},"seq":1,"time":"' + TIME + r'"\}\n$')

    def test_b1_5_receipt__has_meta_seq_and_time_and_never_data(self):
        out = self.pls("feed", "p", '{"a":1}', "--tag", "x").stdout.decode()
        self.assertRegex(out, r'^\{"meta":\{"tags":\["x"\]\},"seq":2,"time":"' + TIME + r'"\}\n$')
        out = self.pls("feed", "p", '{"a":1}').stdout.decode()
        self.assertIn('{"meta":{"tags":[]},"seq":3,', out)

    def test_b1_5_pool_info__has_these_keys_and_types(self):
        self.feed("p", {"n": 2})
        info = self.info("p")
        self.check_types(info, POOL_INFO)
        self.check_types(info["metrics"], METRICS)
        self.check_types(info["metrics"]["utilization"], UTILIZATION)
        self.check_types(info["metrics"]["age"], AGE)
        self.assertEqual(info["bounds"], {"newest": 2, "oldest": 1})
        self.assertEqual((info["metrics"]["message_count"], info["metrics"]["seq_span"]), (2, 2))
        self.assertEqual((info["name"], info["path"], info["file_size"]), ("p", str(self.path("p")), 65536))
        use = info["metrics"]["utilization"]
        self.assertEqual(use["used_percent"], use["used_bytes"] * 10000 // info["ring_size"] / 100)
        self.assertEqual(use["used_bytes"] + use["free_bytes"], info["ring_size"])
        for key in ("newest_time", "oldest_time"):
            self.assertRegex(info["metrics"]["age"][key], f"^{TIME}$")

    def test_b1_5_pool_info_empty__has_all_keys_with_nulls_and_no_bounds(self):
        self.create("empty", size="64K")
        info = self.info("empty")
        self.check_types(info, POOL_INFO)
        self.assertEqual(info["bounds"], {})
        self.assertEqual(info["metrics"]["age"], dict.fromkeys(AGE))
        self.assertEqual((info["metrics"]["message_count"], info["metrics"]["seq_span"]), (0, 0))

    def test_b1_5_pool_name__is_the_ref_as_typed(self):
        for ref in ("p", "p.plasmite", str(self.path("p"))):
            self.assertEqual(self.info(ref)["name"], ref)

    def test_b1_5_notice__is_one_line_of_json_on_stderr(self):
        before = len(self.retained("p"))
        result = self.pls("feed", "p", "-e", "skip", stdin=b"nope\n", code=1)
        for line in result.stderr.splitlines():
            self.assertNotIn(b'": ', line)
            notice = json.loads(line)["notice"]
            self.assertEqual(list(notice), ["cmd", "details", "kind", "message", "pool", "time"])
            self.assertEqual((notice["cmd"], notice["pool"]), ("feed", "p"))
            self.assertIsInstance(notice["details"], dict)
            self.assertRegex(notice["time"], f"^{TIME}$")
        self.assertEqual(len(self.retained("p")), before)

    def test_b1_5_notice_terminal__is_a_line_with_a_label(self):
        path = self.dir / "in"
        path.write_text("nope\n")
        shown = self.on_terminal("--color", "never", "feed", "p", "-e", "skip", "-f", path, code=1)
        self.assertTrue(shown.startswith("notice: Skipped invalid JSON.\n"), shown)

    def test_b1_5_tables__have_a_header_and_columns_two_spaces_apart(self):
        self.create("longer-name", "a\nb", size="64K")
        lines = self.pls("pool", "list").stdout.decode().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertTrue(lines[1].startswith(r"a\nb         "), lines)
        self.assertTrue(lines[2].startswith("longer-name  OK  "), lines)
        self.assertEqual({line.index("64K" if "64K" in line else "65536") for line in lines[1:]},
                         {lines[0].index("SIZE")})
        self.assertEqual({len(line) for line in lines}, {len(lines[0])}, "the last column, too")


if __name__ == "__main__":
    unittest.main()
