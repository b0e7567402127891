"""feed POOL DATA: one record from the command line, kept as it was written."""

import json
import unittest

from cli_harness import CliTest


class FeedInline(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p")

    def test_receipt(self):
        result = self.pls("feed", "p", '{"x":1}', "--tag", "b", "--tag", "a", "--tag", "b")
        receipt = json.loads(result.stdout)
        self.assertEqual(list(receipt), ["meta", "seq", "time"])
        self.assertEqual((receipt["seq"], receipt["meta"]), (1, {"tags": ["b", "a", "b"]}))
        self.assertRegex(receipt["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")
        self.assertEqual(self.retained("p"), [dict(receipt, data={"x": 1})])

    def test_text_is_kept_as_written(self):
        for text in (
            '{"big":123456789012345678901234567890,"small":1e-400,"huge":1e400,"minus":-0}',
            '{"b":1,"a":2,"b":3}',
            '{"s":"\\u00e9\\/ é 日本 \\n","":null}',
            "{}",
        ):
            self.pls("feed", "p", text)
            shown = self.pls("follow", "p", "-n", "1", "--one", "--jsonl", "--data-only").stdout
            self.assertEqual(shown.decode(), text + "\n")

    def test_white_space_goes(self):
        self.pls("feed", "p", ' { "a" :\n [ 1 ,\t2 ] , "s" : " x  y " } ')
        shown = self.pls("follow", "p", "-n", "1", "--one", "--jsonl", "--data-only").stdout
        self.assertEqual(shown, b'{"a":[1,2],"s":" x  y "}\n')

    def test_quiet(self):
        self.assertEqual(self.pls("feed", "p", "{}", "-q").stdout, b"")
        self.assertEqual(len(self.retained("p")), 1)

    def test_what_is_no_json_object(self):
        usage = dict(code=2, kind="Usage")
        for text in ("[1]", "7", '"x"', "null"):
            self.refused("feed", "p", text, message="data must be object", **usage)
        for text in ("", "{", '{"a":}', "{'a':1}", '{"a":1}x', '{"a":NaN}', '{"a":01}', '{"a":"\t"}'):
            error = self.refused("feed", "p", text, message="invalid json", **usage)
            self.assertTrue(error["causes"], "it says what and where")
        self.refused("feed", "p", b'{"a":"\xff"}'.decode("utf-8", "surrogateescape"),
                     message="invalid json", **usage)
        self.assertEqual(self.retained("p"), [])

    def test_nesting(self):
        deepest = '{"a":' * 127 + "{}" + "}" * 127
        self.pls("feed", "p", deepest)
        self.refused("feed", "p", '{"a":' + deepest + "}", code=2, kind="Usage",
                     message="invalid json")
        self.refused("feed", "p", '{"a":' + "[" * 100_000, code=2, kind="Usage",
                     message="invalid json")
        self.assertEqual(len(self.retained("p")), 1)

    def test_record_limits(self):
        def text(size):
            return '{"a":"' + "x" * (size - 8) + '"}'

        self.refused("feed", "p", text(1025), "--max-record", "1K", code=2, kind="Usage",
                     message="record exceeds size limit")
        self.pls("feed", "p", text(1024), "--max-record", "1K", "-q")
        # A quarter of the ring is the most a pool takes, whatever --max-record says.
        self.create("small", size="64K")
        self.refused("feed", "small", text(20_000), code=2, kind="Usage", message="exceeds")
        for value in ("0", "-1", "x", "2G"):
            self.refused("feed", "p", "{}", "--max-record", value, code=2, kind="Usage")
        self.assertEqual(len(self.retained("p")), 1)

    def test_tags(self):
        for tag in ("x" * 256, b"\xff".decode("utf-8", "surrogateescape")):
            self.refused("feed", "p", "{}", "--tag", tag, code=2, kind="Usage", message="tag")
        self.pls("feed", "p", "{}", "--tag", "x" * 255, "--tag", '"\\ \x1b', "--tag", "[a,b]")
        self.assertEqual(self.retained("p")[0]["meta"]["tags"], ["x" * 255, '"\\ \x1b', "[a,b]"])

    def test_values_of_short_options(self):
        self.pls("feed", "p", "-i=jq", "-ff", stdin=b"", code=8)
        self.pls("feed", "p", "-f=-", "-i=jq", stdin=b'{"n":1}{"n":2}')
        self.assertEqual(self.pls("follow", "p", "-n=1", "--one", "--jsonl", "--data-only").stdout, b'{"n":2}\n')
        self.refused("follow", "p", "-n=", code=2, kind="Usage", message="'--tail'")
        self.assertEqual(self.pls("tap", "p", "--", "echo", "-n=1", "x").stdout, b"-n=1 x\n")

    def test_an_empty_value_takes_no_word_for_itself(self):
        self.pls("feed", "p", "--tag=", '{"n":1}', "--tag", "", "--tag", "--tag=", "--tag=a=b")
        self.assertEqual(self.data("p"), [{"n": 1}])
        self.assertEqual(self.retained("p")[0]["meta"]["tags"], ["", "", "--tag=", "a=b"])
        self.refused("follow", "p", "--since=", "1h", code=2, kind="Usage", message="invalid --since value ''")
        self.assertEqual(self.pls("tap", "p", "--", "echo", "--tag=", "x").stdout, b"--tag= x\n")

    def test_durability(self):
        self.pls("feed", "p", "{}", "--durability", "flush")
        self.refused("feed", "p", "{}", "--durability", "safe", code=2, kind="Usage",
                     message="invalid durability", hint="Use fast or flush.")

    def test_create(self):
        self.pls("feed", "new", '{"n":1}', "--create", "--create-size", "128K")
        self.assertEqual(self.info("new")["file_size"], 131072)
        self.pls("feed", "new", '{"n":2}', "--create")
        self.assertEqual(self.data("new"), [{"n": 1}, {"n": 2}])
        self.pls("feed", "other", "{}", "--create")
        self.assertEqual(self.info("other")["file_size"], 4 << 20)
        self.refused("feed", "q", "{}", "--create-size", "1M", code=2, kind="Usage",
                     message="--create-size requires --create")
        for size in ("-1", "1X", "99999999999G"):
            self.refused("feed", "q", "{}", "--create", "--create-size", size, code=2, kind="Usage",
                         message="size")
        self.assertFalse(self.path("q").exists())

    def test_missing_pool_gives_the_exact_command(self):
        error = self.refused(
            "feed", "gone", '{"a": 1}', "--errors", "skip", "--retry", "2", "--tag", "x y", "--in", "jsonl",
            "--durability", "flush", "--retry-delay", "1s", "--tag", "t", code=3, kind="NotFound",
            message="not found", hint="exact command", path=self.path("gone"))
        self.assertIn('plasmite feed gone --create --tag "x y" --tag t "{\\"a\\": 1}" --durability flush '
                      "--retry 2 --retry-delay 1s --in jsonl --errors skip", error["hint"])
        self.assertIn("No such file", error["causes"][0])
        self.refused("feed", "gone", "-f", "in.jsonl", code=3, kind="NotFound",
                     hint="plasmite feed gone --create --file in.jsonl")
        self.refused("feed", "gone", stdin=b"{}", code=3, kind="NotFound",
                     hint="plasmite feed gone --create")
        self.refused("feed", f"{self.dir}/gone.plasmite", "{}", code=3, kind="NotFound", hint="--dir")

    def test_wrong_options(self):
        usage = dict(code=2, kind="Usage")
        self.refused("feed", "p", "{}", "--retry-delay", "1s", message="--retry-delay requires --retry",
                     hint="--retry", **usage)
        self.refused("feed", "p", "{}", "--retry", "-1", message="--retry", **usage)
        self.refused("feed", "p", "{}", "--retry", "1", "--retry-delay", "1", message="invalid duration",
                     **usage)
        for duration in ("5", "-1s", "1S", "1.5s", "s", "99999999999999999999h", "9999999999h"):
            self.refused("feed", "p", "{}", "--lock-timeout", duration, message="invalid duration",
                         **usage)
        self.refused("feed", "p", "{}", "--errors", "ignore", message="'--errors'", **usage)
        self.refused("feed", "p", "{}", "--in", "xml", message="'--in'", **usage)
        self.refused("feed", "http://host:1/p", "{}", message="not here yet", **usage)
        self.refused("feed", "ftp://host/p", "{}", message="must use http or https scheme", **usage)
        for flag in (["--token", "t"], ["--token-file", "f"], ["--tls-ca", "f"], ["--tls-skip-verify"]):
            self.refused("feed", "p", "{}", *flag,
                         message="feed remote auth/TLS flags require a remote http(s) pool ref", **usage)
        self.assertEqual(self.retained("p"), [])

    def test_for_people(self):
        self.assertRegex(self.on_terminal("feed", "p", "{}", "--tag", "a", "--tag", "\x1b[1mb"),
                         r"^fed seq=1 at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  tags: a,\\x1b\[1mb\n$")


if __name__ == "__main__":
    unittest.main()
