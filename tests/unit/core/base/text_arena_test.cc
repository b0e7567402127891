// Texts stay where they are until clear().
#include "core/base/text_arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace plasmite {
namespace {

TEST(TextArena, KeepsEveryViewValidWhileItGrows) {
  TextArena arena;
  std::vector<std::string_view> views;
  std::vector<std::string> texts;
  for (size_t i = 0; i < 3000; ++i) {
    texts.push_back(std::string(i % 1500, static_cast<char>('a' + i % 26)));
    views.push_back(arena.copy(texts.back()));
  }
  for (size_t i = 0; i < texts.size(); ++i) ASSERT_EQ(views[i], texts[i]) << i;
}

TEST(TextArena, TakesATextLargerThanAChunk) {
  TextArena arena;
  const auto before = arena.copy("before");
  const std::string large(3u << 20, 'x');
  const auto view = arena.copy(large);
  const auto after = arena.copy("after");
  EXPECT_EQ(view, large);
  EXPECT_EQ(before, "before");
  EXPECT_EQ(after, "after");
}

TEST(TextArena, GivesBackWhatWasReservedButNotCommitted) {
  TextArena arena;
  char* first = arena.reserve(1000);
  std::memcpy(first, "abc", 3);
  const auto view = arena.commit(3);
  char* second = arena.reserve(1000);
  EXPECT_EQ(second, first + 3);
  std::memcpy(second, "def", 3);
  EXPECT_EQ(view, "abc");
}

TEST(TextArena, ReusesItsFirstChunkAfterClear) {
  TextArena arena;
  const auto first = arena.copy("one");
  arena.copy(std::string(2u << 20, 'x'));
  arena.clear();
  const auto again = arena.copy("two");
  EXPECT_EQ(again.data(), first.data());
}

TEST(TextArena, ClearOfAnEmptyOneIsHarmless) {
  TextArena arena;
  arena.clear();
  EXPECT_EQ(arena.copy("x"), "x");
}

}  // namespace
}  // namespace plasmite
