#include "core/record/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plasmite {
namespace {

struct Sequence {
  std::string bytes;
  int length;
  bool valid;
};

TEST(Utf8Step, TakesOneWellFormedCharacter) {
  for (const Sequence& want : std::vector<Sequence>{
           {"a", 1, true},
           {std::string(1, '\0'), 1, true},
           {"\x7F", 1, true},
           {"\xC2\x80", 2, true},
           {"\xDF\xBFzz", 2, true},
           {"\xE0\xA0\x80", 3, true},
           {"\xED\x9F\xBF", 3, true},  // the last one before the surrogates
           {"\xEE\x80\x80", 3, true},  // the first one after them
           {"\xF0\x90\x80\x80", 4, true},
           {"\xF4\x8F\xBF\xBF", 4, true},  // U+10FFFF
       }) {
    const Utf8Step step = utf8_step(want.bytes);
    EXPECT_EQ(step.length, want.length) << want.bytes;
    EXPECT_TRUE(step.valid) << want.bytes;
  }
}

TEST(Utf8Step, TakesTheMaximalSubpartOfWhatIsMalformed) {
  for (const Sequence& want : std::vector<Sequence>{
           {"\x80", 1, false},
           {"\xC0\x80", 1, false},  // overlong
           {"\xC1\xBF", 1, false},  // overlong
           {"\xC2", 1, false},      // cut short
           {"\xC2z", 1, false},
           {"\xE0\x9F\x80", 1, false},  // overlong: the second byte is out already
           {"\xE1\x80", 2, false},      // cut short: could still have become a character
           {"\xE1\x80z", 2, false},
           {"\xED\xA0\x80", 1, false},      // a surrogate
           {"\xF0\x8F\x80\x80", 1, false},  // overlong
           {"\xF1\x80\x80", 3, false},
           {"\xF1\x80\x80z", 3, false},
           {"\xF4\x90\x80\x80", 1, false},  // above U+10FFFF
           {"\xF5\x80\x80\x80", 1, false},
           {"\xFF", 1, false},
       }) {
    const Utf8Step step = utf8_step(want.bytes);
    EXPECT_EQ(step.length, want.length) << want.bytes;
    EXPECT_FALSE(step.valid) << want.bytes;
  }
}

TEST(Utf8Cut, NeverSplitsACharacter) {
  const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";  // a ä € 😀 z
  const std::vector<size_t> starts = {0, 1, 3, 6, 10, 11};
  for (size_t limit = 0; limit <= text.size() + 2; ++limit) {
    size_t want = 0;
    for (size_t start : starts)
      if (start <= limit) want = start;
    EXPECT_EQ(utf8_cut(text, limit), want) << "limit " << limit;
  }
}

TEST(Utf8Cut, CutsAtTheLimitWhereTheBytesAreNotUtf8) {
  EXPECT_EQ(utf8_cut("\x80\x80\x80\x80\x80\x80", 4), 4u);
  EXPECT_EQ(utf8_cut("abc\xFFz", 4), 4u);
  EXPECT_EQ(utf8_cut("abc\xC3zz", 4), 4u);  // begins a character that does not go on
}

TEST(Utf8Cut, DependsOnNothingBehindTheLimit) {
  const std::string text = "xx\xF0\x9F\x98\x80yyyy";
  for (size_t limit = 1; limit < text.size(); ++limit)
    for (size_t size = limit + 1; size <= text.size(); ++size)
      EXPECT_EQ(utf8_cut(text.substr(0, size), limit), utf8_cut(text, limit))
          << "limit " << limit << " size " << size;
}

}  // namespace
}  // namespace plasmite
