#include "agent/output/human.h"

#include <limits>

#include <gtest/gtest.h>

namespace plasmite {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

TEST(HumanSize, HasAtMostOneDecimal) {
  EXPECT_EQ(human_size(0), "0");
  EXPECT_EQ(human_size(1023), "1023");
  EXPECT_EQ(human_size(1024), "1K");
  EXPECT_EQ(human_size(1536), "1.5K");
  EXPECT_EQ(human_size(1025), "1.0K");
  EXPECT_EQ(human_size(2047), "2.0K");
  EXPECT_EQ(human_size(1 << 20), "1M");
  EXPECT_EQ(human_size((1 << 20) - 1), "1024.0K");
  EXPECT_EQ(human_size(28944), "28.3K");
  EXPECT_EQ(human_size(5ull << 40), "5T");
  EXPECT_EQ(human_size(std::numeric_limits<uint64_t>::max()), "16777216.0T");
}

TEST(HumanAge, CountsInTheLargestUnitThatFits) {
  const auto age = [](int64_t seconds) { return human_age(0, seconds * kSecondNs); };
  EXPECT_EQ(age(0), "1s ago");
  EXPECT_EQ(age(-5), "1s ago") << "a clock that was set back";
  EXPECT_EQ(age(59), "59s ago");
  EXPECT_EQ(age(60), "1m ago");
  EXPECT_EQ(age(3599), "59m ago");
  EXPECT_EQ(age(3600), "1h ago");
  EXPECT_EQ(age(86400), "1d ago");
  EXPECT_EQ(age(7 * 86400), "1w ago");
  EXPECT_EQ(age(100 * 86400), "14w ago");
  EXPECT_EQ(human_age(std::nullopt, 0), "-");
}

TEST(HumanTime, HasSecondsOnly) {
  EXPECT_EQ(human_time(1'500'000'000), "1970-01-01T00:00:01Z");
  EXPECT_EQ(human_time(-500'000'000), "1969-12-31T23:59:59Z");
  EXPECT_EQ(human_time(std::nullopt), "-");
}

TEST(Hundredths, AreJsonNumbers) {
  EXPECT_EQ(hundredths(0), "0.0");
  EXPECT_EQ(hundredths(5), "0.05");
  EXPECT_EQ(hundredths(290), "2.9");
  EXPECT_EQ(hundredths(295), "2.95");
  EXPECT_EQ(hundredths(10000), "100.0");
}

TEST(Counted, KnowsOne) {
  EXPECT_EQ(counted(0, "record"), "0 records");
  EXPECT_EQ(counted(1, "record"), "1 record");
  EXPECT_EQ(counted(2, "record"), "2 records");
}

}  // namespace
}  // namespace plasmite
