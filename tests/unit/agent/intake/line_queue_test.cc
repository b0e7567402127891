// Whole lines are kept or left out, none is cut, none is glued to another, and the count is exact.
#include "agent/intake/line_queue.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace plasmite {
namespace {

std::string take(LineQueue& queue, size_t most = SIZE_MAX) {
  std::string taken;
  for (const std::string_view part : queue.front()) taken += part;
  taken.resize(std::min(taken.size(), most));
  queue.pop(taken.size());
  return taken;
}

TEST(LineQueue, GivesOutWhatCameIn) {
  LineQueue queue(16);
  EXPECT_TRUE(queue.empty());
  for (int round = 0; round < 10; ++round) {  // over the end of the memory
    queue.push("ab\nc");
    EXPECT_EQ(take(queue, 2), "ab");
    queue.push("d\n");
    EXPECT_EQ(take(queue), "\ncd\n");
  }
  EXPECT_EQ(queue.take_left_out(UINT64_MAX), 0u);
}

TEST(LineQueue, LeavesOutALineThatDoesNotFitUpToItsEnd) {
  LineQueue queue(8);
  queue.push("123\n");
  queue.push("abc");   // fits so far
  queue.push("defg");  // no more
  EXPECT_EQ(take(queue), "123\n");
  queue.push("hij");  // there is room, but this is the rest of that line
  queue.push("k\nnext\n");
  EXPECT_EQ(take(queue), "next\n");
  EXPECT_EQ(queue.take_left_out(UINT64_MAX), 1u);
  EXPECT_EQ(queue.take_left_out(UINT64_MAX), 0u);
}

TEST(LineQueue, AfterALeftOutLineOthersAreLeftOutUntilAQuarterIsFree) {
  LineQueue queue(16);
  EXPECT_EQ(queue.push("123456789012\nabcdef\nx\n"), 2u) << "3 bytes are not enough";
  EXPECT_EQ(queue.push("y\n"), 1u);
  EXPECT_EQ(take(queue, 2), "12");
  EXPECT_EQ(queue.push("z\n"), 0u);
}

TEST(LineQueue, EachHoleHasItsPlaceAndItsCount) {
  LineQueue queue(8);
  queue.push("abcdef\nA1\nA2\n");
  EXPECT_EQ(take(queue, 5), "abcde");
  queue.push("123\nB\nB1\n");
  EXPECT_FALSE(queue.is_at_hole());
  EXPECT_EQ(take(queue), "f\n") << "no further than the first hole";
  EXPECT_TRUE(queue.is_at_hole());
  EXPECT_EQ(queue.take_left_out(queue.taken_out()), 2u);
  EXPECT_FALSE(queue.is_at_hole());
  EXPECT_EQ(take(queue), "123\nB\n");
  EXPECT_EQ(queue.take_left_out(queue.taken_out()), 1u);
}

TEST(LineQueue, RemembersABoundedNumberOfHoles) {
  LineQueue queue(1000);
  uint64_t left_out = 0;
  for (int i = 0; i < 300; ++i) left_out += queue.push("x\n" + std::string(2000, 'y') + "\n");
  EXPECT_EQ(left_out, 300u);
  int places = 0;
  uint64_t told = 0;
  while (!queue.empty()) {
    take(queue);
    const uint64_t here = queue.take_left_out(queue.taken_out());
    told += here;
    places += here > 0;
  }
  EXPECT_EQ(told, 300u);
  EXPECT_EQ(places, 64);
}

TEST(LineQueue, ALineThatWasBegunOutsideIsNotLeftOut) {
  LineQueue queue(8);
  queue.push("abc");
  EXPECT_EQ(queue.may_push(100), 100u) << "all of it may be left out";
  EXPECT_EQ(take(queue, 1), "a");
  EXPECT_EQ(queue.may_push(100), 6u);
  queue.push("defghi");
  EXPECT_EQ(queue.may_push(100), 0u);
  EXPECT_EQ(take(queue), "bcdefghi");
  queue.push("\n");
  EXPECT_EQ(take(queue), "\n");
  EXPECT_EQ(queue.may_push(100), 100u);
  EXPECT_EQ(queue.take_left_out(UINT64_MAX), 0u);
}

TEST(LineQueue, TellsOfLeftOutLinesWhenTheirPlaceIsReached) {
  LineQueue queue(4);
  queue.push("abc\nx\ny\n");
  EXPECT_EQ(queue.take_left_out(3), 0u);
  EXPECT_EQ(queue.take_left_out(4), 2u);
}

// Against the obvious: lines that say their number.
TEST(LineQueue, LinesInAreLinesOutAndLeftOutWhateverTheSizes) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto below = [&](size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random);
  };
  for (int round = 0; round < 300; ++round) {
    const size_t capacity = 1 + below(200);
    LineQueue queue(capacity);
    std::vector<std::string> lines;
    std::string input;
    const size_t count = below(100);
    for (size_t i = 0; i < count; ++i) {
      lines.push_back(std::to_string(i) + ":" + std::string(below(2 * capacity), 'x'));
      input += lines.back() + '\n';
    }
    if (count > 0 && below(2) == 0) input.pop_back();  // unterminated
    std::string output;
    uint64_t left_out = 0;
    while (!input.empty() || !queue.empty()) {
      const size_t bytes = std::min(input.size(), queue.may_push(below(2 * capacity)));
      queue.push(std::string_view(input).substr(0, bytes));
      input.erase(0, bytes);
      output += take(queue, below(capacity + 1));
      left_out += queue.take_left_out(queue.taken_out());
    }
    left_out += queue.take_left_out(UINT64_MAX);
    if (!output.empty() && output.back() != '\n') output += '\n';
    size_t out = 0, next = 0;
    for (size_t at = 0; at < output.size(); ++out) {
      const size_t end = output.find('\n', at);
      const std::string line = output.substr(at, end - at);
      while (next < lines.size() && lines[next] != line) ++next;
      ASSERT_LT(next++, lines.size()) << "no such line, or not in order: " << line;
      at = end + 1;
    }
    ASSERT_EQ(out + left_out, lines.size());
  }
}

}  // namespace
}  // namespace plasmite
