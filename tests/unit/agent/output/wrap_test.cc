#include "agent/output/wrap.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

TEST(WrapWords, BreaksBetweenWordsAndIndentsWhatFollows) {
  EXPECT_EQ(wrap_words("one two three", 0, 80), "one two three");
  EXPECT_EQ(wrap_words("one two three", 0, 7), "one two\nthree");
  EXPECT_EQ(wrap_words("one two three", 0, 6), "one\ntwo\nthree");
  EXPECT_EQ(wrap_words("one two three", 4, 11), "one two\n    three");
  EXPECT_EQ(wrap_words("one  two", 0, 80), "one two");
  EXPECT_EQ(wrap_words("", 3, 10), "");
}

TEST(WrapWords, KeepsCommandsWhole) {
  EXPECT_EQ(wrap_words("say `a b c` now", 2, 12), "say\n  `a b c`\n  now");
  EXPECT_EQ(wrap_words("say `a b c d e f g h`. Or not", 0, 10), "say\n`a b c d e f g h`.\nOr not");
  EXPECT_EQ(wrap_words("a ` b c d", 0, 5), "a ` b\nc d") << "a single one quotes nothing";
}

TEST(WrapWords, CountsColumnsNotBytes) {
  EXPECT_EQ(wrap_words("\u65e5\u672c x", 0, 6), "\u65e5\u672c x");
  EXPECT_EQ(wrap_words("\u65e5\u672c x", 0, 5), "\u65e5\u672c\nx");
}

TEST(WrapWords, WithoutAWidthThereIsOneLine) {
  EXPECT_EQ(wrap_words("one two three", 4, 0), "one two three");
}

}  // namespace
}  // namespace plasmite
