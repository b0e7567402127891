#include "core/record/timestamp.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <ctime>
#include <limits>
#include <random>
#include <string>

namespace plasmite {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::string text_of(int64_t time_ns) {
  std::string out;
  append_rfc3339(out, time_ns);
  return out;
}

TEST(Timestamp, PrintsNoFractionWhenItIsZero) {
  EXPECT_EQ(text_of(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text_of(1782898200 * kSecond), "2026-07-01T09:30:00Z");
}

TEST(Timestamp, RemovesTrailingZerosOfTheFraction) {
  EXPECT_EQ(text_of(1782898200 * kSecond + 250'000'000), "2026-07-01T09:30:00.25Z");
  EXPECT_EQ(text_of(100'000'000), "1970-01-01T00:00:00.1Z");
  EXPECT_EQ(text_of(1), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(text_of(123'456'789), "1970-01-01T00:00:00.123456789Z");
  EXPECT_EQ(text_of(10), "1970-01-01T00:00:00.00000001Z");
}

TEST(Timestamp, KnowsLeapDaysAndCenturies) {
  EXPECT_EQ(text_of(1709164800 * kSecond), "2024-02-29T00:00:00Z");
  EXPECT_EQ(text_of(951782400 * kSecond), "2000-02-29T00:00:00Z");
  EXPECT_EQ(text_of(4107542400 * kSecond), "2100-03-01T00:00:00Z");
  EXPECT_EQ(text_of(4107456000 * kSecond), "2100-02-28T00:00:00Z");
}

TEST(Timestamp, CountsBackwardsBefore1970) {
  EXPECT_EQ(text_of(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(text_of(-kSecond), "1969-12-31T23:59:59Z");
  EXPECT_EQ(text_of(std::numeric_limits<int64_t>::min()), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(text_of(std::numeric_limits<int64_t>::max()), "2262-04-11T23:47:16.854775807Z");
}

TEST(Timestamp, AgreesWithTheCLibrary) {
  std::mt19937_64 random(20260502);
  for (int round = 0; round < 20000; ++round) {
    const int64_t second = static_cast<int64_t>(random() % 18'000'000'000) - 9'000'000'000;
    const std::time_t c_time = second;
    std::tm parts{};
    gmtime_r(&c_time, &parts);
    char want[32];
    std::strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &parts);
    ASSERT_EQ(text_of(second * kSecond), want) << second;
  }
}

TEST(Timestamp, FormatterGivesTheSameAsAFreshOneInAnyOrder) {
  TimestampFormatter formatter;
  std::mt19937_64 random(20260503);
  int64_t time_ns = 0;
  for (int round = 0; round < 20000; ++round) {
    switch (random() % 4) {
      case 0:
        break;  // the same again
      case 1:
        time_ns = time_ns / kSecond * kSecond + static_cast<int64_t>(random() % kSecond);
        break;
      case 2:
        time_ns += kSecond;
        break;
      default:
        time_ns = static_cast<int64_t>(random());
        break;
    }
    ASSERT_EQ(formatter.format(time_ns), text_of(time_ns)) << time_ns;
  }
}

TEST(ParseTimestamp, ReadsBackWhatIsPrinted) {
  std::mt19937_64 random(20260504);
  for (int round = 0; round < 20000; ++round) {
    const auto time_ns = static_cast<int64_t>(random());
    const auto parsed = parse_rfc3339(text_of(time_ns));
    ASSERT_TRUE(parsed) << text_of(time_ns);
    ASSERT_EQ(*parsed, time_ns) << text_of(time_ns);
  }
}

TEST(ParseTimestamp, TakesOffsetsAndEveryFormOfTheStandard) {
  const int64_t want = 1782898200 * kSecond;
  for (const char* text :
       {"2026-07-01T09:30:00Z", "2026-07-01t09:30:00z", "2026-07-01 09:30:00Z",
        "2026-07-01T11:30:00+02:00", "2026-07-01T00:00:00-09:30", "2026-06-30T23:45:00-09:45",
        "2026-07-01T09:30:00+00:00", "2026-07-01T09:30:00-00:00", "2026-07-01T09:30:00.0Z",
        "2026-07-01T09:29:60Z", "2026-07-01T09:30:00.0000000009Z"}) {
    const auto parsed = parse_rfc3339(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, want) << text;
  }
  EXPECT_EQ(*parse_rfc3339("1970-01-01T00:00:00.5+01:00"), -3600 * kSecond + kSecond / 2);
}

TEST(ParseTimestamp, TakesTheNearestTimeItCanHold) {
  EXPECT_EQ(*parse_rfc3339("9999-12-31T23:59:59.999Z"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(*parse_rfc3339("0000-01-01T00:00:00Z"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(*parse_rfc3339("2262-04-11T23:47:16.854775808Z"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(*parse_rfc3339("1677-09-21T00:12:43.145224191Z"), std::numeric_limits<int64_t>::min());
}

TEST(ParseTimestamp, RefusesWhatIsNotATime) {
  for (const char* text : {"",
                           "now",
                           "2026-07-01",
                           "2026-07-01T09:30:00",
                           "2026-07-01T09:30Z",
                           "26-07-01T09:30:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-07-00T00:00:00Z",
                           "2026-07-01T24:00:00Z",
                           "2026-07-01T09:60:00Z",
                           "2026-07-01T09:30:61Z",
                           "2026-07-01T09:30:00.Z",
                           "2026-07-01T09:30:00+0200",
                           "2026-07-01T09:30:00+24:00",
                           "2026-07-01T09:30:00+02:60",
                           "2026-07-01T09:30:00Zz",
                           " 2026-07-01T09:30:00Z",
                           "2026-07-01T09:30:00Z ",
                           "+026-07-01T09:30:00Z",
                           "2026-07-01T09:30:00,5Z",
                           "2026-07-01T09:30:-1Z"}) {
    const auto parsed = parse_rfc3339(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::Usage);
    EXPECT_NE(parsed.error().hint(), "");
  }
}

}  // namespace
}  // namespace plasmite
