#include "agent/shell_line.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

using Words = std::vector<std::string>;

TEST(ShellLineTest, WordsAreThoseOfTheShell) {
  EXPECT_EQ(parse_shell_line("pls follow jo").words, (Words{"pls", "follow", "jo"}));
  EXPECT_EQ(parse_shell_line("pls  follow ").words, (Words{"pls", "follow", ""}));
  EXPECT_EQ(parse_shell_line("pls 'a b' \"c d\" e\\ f").words, (Words{"pls", "a b", "c d", "e f"}));
  EXPECT_EQ(parse_shell_line("pls '' x").words, (Words{"pls", "", "x"}));
  EXPECT_EQ(parse_shell_line("pls 'it'\\''s").words, (Words{"pls", "it's"}));
  EXPECT_EQ(parse_shell_line("").words, Words{""});
}

TEST(ShellLineTest, TellsWhereReadlinePutsACompletion) {
  EXPECT_EQ(parse_shell_line("pls --format=js").last_kept, "--format=");
  EXPECT_EQ(parse_shell_line("pls a:b:c").last_kept, "a:b:");
  EXPECT_EQ(parse_shell_line("pls 'a b").last_kept, "");
  EXPECT_EQ(parse_shell_line("pls 'a b").open_quote, '\'');
  EXPECT_EQ(parse_shell_line("pls --dir=\"a:").last_kept, "--dir=");
  EXPECT_EQ(parse_shell_line("pls --dir=\"a:").open_quote, '"');
  EXPECT_EQ(parse_shell_line("pls 'a' b").open_quote, 0);
}

TEST(ShellLineTest, AQuotedWordIsReadBackAsItWas) {
  const std::string words[] = {"plain", "a b",   "it's", "\"q\"", "$x`y`",
                               "a\\b",  "*?[x]", "é",    "~x",    "!"};
  for (const std::string& word : words) {
    EXPECT_EQ(parse_shell_line("pls " + quote_for_shell(word, 0)).words.back(), word);
    EXPECT_EQ(parse_shell_line("pls '" + quote_for_shell(word, '\'') + "'").words.back(), word);
    EXPECT_EQ(parse_shell_line("pls \"" + quote_for_shell(word, '"') + "\"").words.back(), word);
  }
}

}  // namespace
}  // namespace plasmite
