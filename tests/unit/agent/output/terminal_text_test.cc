#include "agent/output/terminal_text.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

TEST(EscapeForTerminal, LeavesWhatCanBeSeen) {
  EXPECT_EQ(escape_for_terminal("plain ~ text"), "plain ~ text");
  EXPECT_EQ(escape_for_terminal("é 日本 👩‍🔧"), "é 日本 👩‍🔧");
  EXPECT_EQ(escape_for_terminal(""), "");
}

TEST(EscapeForTerminal, EscapesWhatCannot) {
  EXPECT_EQ(escape_for_terminal("a\nb\tc\r"), "a\\nb\\tc\\r");
  EXPECT_EQ(escape_for_terminal("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(escape_for_terminal(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(escape_for_terminal("\u009b31m"), "\\u{9b}31m");
  EXPECT_EQ(escape_for_terminal("\u202e\u2066\u200f\u2028"),
            "\\u{202e}\\u{2066}\\u{200f}\\u{2028}");
  EXPECT_EQ(escape_for_terminal("\U000e0041\U0010ffff"), "\\u{e0041}\\u{10ffff}");
}

TEST(EscapeForTerminal, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(escape_for_terminal("a\xff\xc3"), "a\\xff\\xc3");
  EXPECT_EQ(escape_for_terminal("\xe6\x97"), "\\xe6\\x97");
  EXPECT_EQ(escape_for_terminal("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(escape_for_terminal("\xc0\xaf"), "\\xc0\\xaf") << "an overlong form";
}

TEST(EscapeJsonForTerminal, KeepsTheDocument) {
  std::string buffer;
  const std::string_view plain = "{\n  \"a\": \"é\"\n}";
  EXPECT_EQ(escape_json_for_terminal(plain, buffer), plain);
  EXPECT_EQ(escape_json_for_terminal("{\"\u009b\":\"\u202e\x7f\U000e0041\"}", buffer),
            "{\"\\u009b\":\"\\u202e\\u007f\\udb40\\udc41\"}");
  EXPECT_EQ(escape_json_for_terminal("\"\xff\"", buffer), "\"\\ufffd\"");
}

TEST(EscapeJsonForTerminal, CopiesNothingWhenAllIsWell) {
  std::string buffer;
  const std::string_view json = "{\"a\":1}\n";
  EXPECT_EQ(escape_json_for_terminal(json, buffer).data(), json.data());
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(display_width("🙂"), 2u);
  EXPECT_EQ(display_width("\xff"), 1u);
}

}  // namespace
}  // namespace plasmite
