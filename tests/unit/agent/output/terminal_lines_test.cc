#include "agent/output/terminal_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace plasmite {
namespace {

std::string shown(std::string_view text, std::string_view eol = "\n") {
  std::string out;
  TerminalLines lines;
  lines.append_text(out, text);
  lines.append_end(out, eol);
  return out;
}

TEST(TerminalLines, TextAndTabsPass) {
  EXPECT_EQ(shown("a\tb \\ ö 漢 👍"), "a\tb \\ ö 漢 👍\n");
  EXPECT_EQ(shown(""), "\n");
}

TEST(TerminalLines, ColoursPass) {
  EXPECT_EQ(shown("\x1b[1;38:2:1:2:3mx\x1b[0m"), "\x1b[1;38:2:1:2:3mx\x1b[0m\n");
  EXPECT_EQ(shown("\x1b[31mx\x1b[m"), "\x1b[31mx\x1b[m\n");
  EXPECT_EQ(shown("\x1b[31mx\x1b[0m", ""), "\x1b[31mx\x1b[0m") << "also without a line end";
}

TEST(TerminalLines, ColoursLeftOpenAreClosedBeforeTheLineEnd) {
  EXPECT_EQ(shown("\x1b[31mred"), "\x1b[31mred\x1b[0m\n");
  EXPECT_EQ(shown("\x1b[31mred", "\r\n"), "\x1b[31mred\x1b[0m\n");
  EXPECT_EQ(shown("\x1b[m\x1b[31m"), "\x1b[m\x1b[31m\x1b[0m\n");
  EXPECT_EQ(shown("\x1b[38;5;0mblack"), "\x1b[38;5;0mblack\x1b[0m\n")
      << "ends in 0, resets nothing";
}

TEST(TerminalLines, ColoursOfAnUnterminatedLineAreClosedBehindIt) {
  EXPECT_EQ(shown("\x1b[31munterminated", ""), "\x1b[31munterminated\x1b[0m");
  EXPECT_EQ(shown("\x1b[31mx", "\r"), "\x1b[31mx\x1b[0m\\r");
  EXPECT_EQ(shown("x\x1b[31m", ""), "x\x1b[31m\x1b[0m") << "nothing behind it";
  EXPECT_EQ(shown("x\x1b[31", ""), "x\\x1b[31") << "a sequence that is not finished is none";
}

TEST(TerminalLines, EverythingElseIsEscaped) {
  EXPECT_EQ(shown("\x1b[2J\x1b[1A\x1b]0;title\x07"), "\\x1b[2J\\x1b[1A\\x1b]0;title\\x07\n");
  EXPECT_EQ(shown("\x1b[?25l\x1b[>4;2m\x1b[<1m\x1b[ m"),
            "\\x1b[?25l\\x1b[>4;2m\\x1b[<1m\\x1b[ m\n");
  EXPECT_EQ(shown("\x1b[31\x1b[31"), "\\x1b[31\\x1b[31\n");
  EXPECT_EQ(shown("\x1b\x1b[1mx\x1b["), "\\x1b\x1b[1mx\\x1b[\x1b[0m\n");
  EXPECT_EQ(shown("\x1b[" + std::string(500, '1') + "m"), "\\x1b[" + std::string(500, '1') + "m\n");
  EXPECT_EQ(shown("\xc2\x9b"
                  "31m\xe2\x80\xae"),
            "\\u{9b}31m\\u{202e}\n");
  EXPECT_EQ(shown(std::string_view("\0\x08\x7f\xff\xc3", 5)), "\\x00\\x08\\x7f\\xff\\xc3\n");
  EXPECT_EQ(shown("10%\r20%"), "10%\\r20%\n");
  EXPECT_EQ(shown("two\nlines"), "two\\nlines\n") << "one line stays one line";
}

TEST(TerminalLines, CarriageReturnsBeforeTheLineFeedAreTheLineEnd) {
  EXPECT_EQ(shown("a", "\r\n"), "a\n");
  EXPECT_EQ(shown("a", "\r\r\n"), "a\n");
  EXPECT_EQ(shown("a", "\r"), "a\\r");
  EXPECT_EQ(shown("a", ""), "a");
}

TEST(TerminalLines, KnowsWhereTheCursorIs) {
  std::string out;
  TerminalLines lines;
  EXPECT_FALSE(lines.in_line());
  lines.append_text(out, "a");
  EXPECT_TRUE(lines.in_line());
  lines.append_end(out, "");
  EXPECT_TRUE(lines.in_line());
  lines.append_end(out, "\n");
  EXPECT_FALSE(lines.in_line());
}

}  // namespace
}  // namespace plasmite
