#include "agent/commands/replay_pace.h"

#include <limits>

#include <gtest/gtest.h>

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kStored = 1'700'000'000'000 * kMs;  // of the first message
const ReplayPace::Clock::time_point kBegin{std::chrono::hours(5)};

TEST(ReplayPace, GapsAreDividedBySpeed) {
  ReplayPace pace(2);
  EXPECT_EQ(pace.due(kStored, kBegin), kBegin) << "the first one at once";
  EXPECT_EQ(pace.due(kStored + 100 * kMs, kBegin), kBegin + milliseconds(50));
  EXPECT_EQ(pace.due(kStored + 100 * kMs, kBegin), kBegin + milliseconds(50));
  EXPECT_EQ(pace.due(kStored + 1100 * kMs, kBegin), kBegin + milliseconds(550));
}

TEST(ReplayPace, SmallDelaysDoNotAddUp) {
  ReplayPace pace(1);
  auto now = kBegin;
  for (int n = 0; n < 1000; ++n) {
    const auto due = pace.due(kStored + n * 10 * kMs, now);
    EXPECT_EQ(due, kBegin + milliseconds(10) * n);
    now = std::max(now, due) + milliseconds(7);  // printing took that long
  }
}

TEST(ReplayPace, AfterAPauseItGoesOnFromThere) {
  ReplayPace pace(1);
  pace.due(kStored, kBegin);
  const auto later = kBegin + seconds(60);
  EXPECT_EQ(pace.due(kStored + 10 * kMs, later), later);
  EXPECT_EQ(pace.due(kStored + 20 * kMs, later), later + milliseconds(10));
}

TEST(ReplayPace, ZeroNeverWaits) {
  ReplayPace pace(0);
  for (const int64_t time_ns : {kStored, kStored + 1'000'000 * kMs})
    EXPECT_EQ(pace.due(time_ns, kBegin), kBegin);
}

TEST(ReplayPace, NoGapAndNoSpeedOverflows) {
  for (const double speed : {5e-324, 1e-300, 1e300, std::numeric_limits<double>::max()}) {
    ReplayPace pace(speed);
    pace.due(0, kBegin);
    const auto due = pace.due(std::numeric_limits<int64_t>::max(), kBegin);
    EXPECT_GE(due, kBegin);
    EXPECT_LE(due, kBegin + std::chrono::hours(24) * 365 * 100);
  }
  ReplayPace pace(1);
  pace.due(kStored, kBegin);
  EXPECT_EQ(pace.due(kStored - kMs, kBegin), kBegin)
      << "times of several pools may be the same, never earlier";
}

}  // namespace
}  // namespace plasmite
