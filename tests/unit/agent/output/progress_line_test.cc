#include "agent/output/progress_line.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

using std::chrono::milliseconds;

TEST(ProgressLineTest, IsDueAfterHalfASecondAndThenFiveTimesASecondAtMost) {
  const auto start = ProgressLine::Clock::time_point(std::chrono::hours(1));
  ProgressLine line(/*shown=*/true, start);
  EXPECT_FALSE(line.is_due(start));
  EXPECT_FALSE(line.is_due(start + milliseconds(499)));
  EXPECT_TRUE(line.is_due(start + milliseconds(500)));
  testing::internal::CaptureStderr();
  line.show("half", start + milliseconds(500));
  EXPECT_FALSE(line.is_due(start + milliseconds(699)));
  EXPECT_TRUE(line.is_due(start + milliseconds(700)));
  line.clear();
  line.clear();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "\rhalf\x1b[K\r\x1b[K");
}

TEST(ProgressLineTest, IsSilentWhenNobodyIsToSeeIt) {
  const auto start = ProgressLine::Clock::time_point(std::chrono::hours(1));
  ProgressLine line(/*shown=*/false, start);
  EXPECT_FALSE(line.is_due(start + std::chrono::hours(1)));
  testing::internal::CaptureStderr();
  line.show("x", start);
  line.clear();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ProgressLineTest, IsNeverWiderThanATerminal) {
  ProgressLine line(/*shown=*/true, {});
  testing::internal::CaptureStderr();
  line.show(std::string(500, 'x'), {});
  EXPECT_LE(testing::internal::GetCapturedStderr().size(), 79u + 4u);
}

TEST(FeedProgressText, SaysHowFarAndHowLong) {
  EXPECT_EQ(feed_progress_text({.bytes = 25 << 20,
                                .total_bytes = 100 << 20,
                                .messages = 1000,
                                .elapsed = milliseconds(3000)}),
            "25%  25M of 100M  1000 messages  9s left");
  EXPECT_EQ(feed_progress_text(
                {.bytes = 1, .total_bytes = 1000, .messages = 1, .elapsed = milliseconds(2000)}),
            "0%  1 of 1000  1 message  33m left");
  EXPECT_EQ(feed_progress_text({.bytes = 4096, .total_bytes = 0, .messages = 7, .elapsed = {}}),
            "4K  7 messages");
}

TEST(FeedProgressText, HoldsAtTheEdges) {
  EXPECT_EQ(feed_progress_text({.bytes = 0, .total_bytes = 10, .messages = 0, .elapsed = {}}),
            "0%  0 of 10  0 messages");
  EXPECT_EQ(feed_progress_text(
                {.bytes = 20, .total_bytes = 10, .messages = 2, .elapsed = milliseconds(1)}),
            "100%  10 of 10  2 messages  0s left");
  EXPECT_LT(feed_progress_text({.bytes = 1,
                                .total_bytes = UINT64_MAX,
                                .messages = UINT64_MAX,
                                .elapsed = std::chrono::hours(1)})
                .size(),
            79u);
}

}  // namespace
}  // namespace plasmite
