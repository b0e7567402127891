"""Rows B4.2 of spec/cli-behaviour.md: --where."""

import json
import unittest

from cli_harness import CliTest

USAGE = dict(code=2, kind="Usage")


class Where(CliTest):
    def setUp(self):
        super().setUp()
        self.create("p", size="1M")

    def matching(self, *expressions, options=()):
        """The sequences of the retained messages for which all expressions hold."""
        words = [word for expression in expressions for word in ("--where", expression)]
        result = self.pls("follow", "p", "--tail", "99", "--jsonl", "--replay", "0", *words, *options)
        self.stderr = result.stderr
        return [json.loads(line)["seq"] for line in result.stdout.splitlines()]

    def test_b4_2_input__is_the_whole_message(self):
        self.feed("p", {"x": 1}, tags=["a"])
        self.feed("p", {"x": 2}, tags=["b"])
        self.assertEqual(self.matching(".seq == 2"), [2])
        self.assertEqual(self.matching('.meta.tags[0] == "a"'), [1])
        self.assertEqual(self.matching('.time > "2001"'), [1, 2])
        self.assertEqual(self.matching(".data.x == 1"), [1])

    def test_b4_2_repeated__means_all_of_them(self):
        self.feed("p", *({"x": x} for x in range(5)))
        self.assertEqual(self.matching(".data.x > 0", ".data.x < 3", ".seq > 2"), [3])

    def test_b4_2_usual__expressions_work(self):
        self.feed("p", {"level": "error", "ok": True, "x": 7}, tags=["keep"])
        self.feed("p", {"level": "info", "ok": False, "x": 4})
        for expression in ('.data.level == "error"', '.meta.tags[]? == "keep"', ".data.x >= 5", ".data.ok == true",
                           ".data.ok", '.data.level == "error" and .data.x > 1', ".data.x - 3 == 4",
                           '.data.level | startswith("err")', '(.data.level | ascii_upcase) == "ERROR"',
                           "if .data.x > 5 then true else false end", "[.data.x, 1] == [7, 1]",
                           "(.data | {x}) == {x: 7}", '.data.level[0:3]? == "err"', "(.data.x | floor) == 7",
                           "first(range(5; 9; 1)) == 5 and .data.ok", ".data.nope? // false or .data.ok"):
            self.assertEqual(self.matching(expression), [1], expression)

    def test_b4_2_any_true__among_the_outputs_is_a_match(self):
        self.feed("p", {"x": 1})
        self.assertEqual(self.matching("false, true"), [1])
        self.assertEqual(self.matching("false, false"), [])
        self.assertEqual(self.matching('.meta.tags[]? == "none"'), [], "no output at all")

    def test_b4_2_not_boolean__is_a_usage_error_when_it_is_met(self):
        self.assertEqual(self.matching(".data.x"), [], "nothing to judge yet")
        self.feed("p", {"x": 1})
        for expression in (".data.x", '"s"', "true, 1", "{}", "[]"):
            self.refused("follow", "p", "-n", "1", "--where", expression,
                         message="filter expression must yield booleans", **USAGE)

    def test_b4_2_runtime_error__is_no_match_even_after_a_true(self):
        self.feed("p", {"x": 1}, {"x": "s"})
        self.assertEqual(self.matching("true, (.data.x - 1 == 0)"), [1])
        self.assertEqual(self.matching('true, error("x")'), [])

    def test_b4_2_invalid__is_a_usage_error_before_the_pool_is_opened(self):
        for expression in (".data.x ==", "nosuchfunction", "(", "$nope"):
            self.refused("follow", "gone", "--where", expression, message="invalid filter expression", **USAGE)

    def test_b4_2_numbers__are_doubles(self):
        self.pls("feed", "p", '{"x":18446744073709551615}')
        self.assertEqual(self.matching(".data.x == 0"), [])
        self.assertEqual(self.matching(".data.x == 18446744073709551616"), [1])
        self.assertEqual(self.matching('.data.x < "a" and .data.x > false'), [1], "types have an order")

    def test_b4_2_tags_first__an_expression_sees_only_what_has_the_tags(self):
        self.feed("p", {"x": 1}, tags=["t"])
        self.feed("p", {"x": "not a boolean"})
        self.assertEqual(self.matching("if .data.x == 1 then true else 7 end", options=["--tag", "t"]), [1])


if __name__ == "__main__":
    unittest.main()
