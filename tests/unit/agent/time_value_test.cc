#include "agent/time_value.h"

#include <cstdlib>
#include <ctime>
#include <limits>

#include <gtest/gtest.h>

#include "core/record/timestamp.h"

namespace plasmite {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kMinuteNs = 60 * kSecondNs;

// One zone with and one without summer time; the rules need no files.
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr const char* kNewfoundland = "NST3:30";

class TimeValue : public testing::Test {
 protected:
  void SetUp() override { use_zone(kBerlin); }
  static void use_zone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  static int64_t at(std::string_view rfc3339) { return parse_rfc3339(rfc3339).value(); }
  static std::string shown(const Result<int64_t>& time_ns) {
    if (!time_ns) return time_ns.error().message();
    std::string text;
    append_rfc3339(text, *time_ns);
    return text;
  }

  const int64_t now_ = at("2026-05-04T10:11:12.5Z");  // 12:11:12.5 in Berlin
};

TEST_F(TimeValue, AnAgeCountsBackFromNow) {
  EXPECT_EQ(parse_since("30s", now_), now_ - 30 * kSecondNs);
  EXPECT_EQ(parse_since("2H", now_), now_ - 120 * kMinuteNs);
  EXPECT_EQ(parse_since(" 3d ", now_), now_ - 3 * 1440 * kMinuteNs);
  EXPECT_EQ(parse_since("1h30m", now_), now_ - 90 * kMinuteNs);
  EXPECT_EQ(parse_since("1d 2h 3m 4 s", now_), now_ - 1563 * kMinuteNs - 4 * kSecondNs);
  EXPECT_EQ(parse_until("30m", now_), now_ - 30 * kMinuteNs);
}

TEST_F(TimeValue, LongerAgoThanTheClockKnowsIsEverything) {
  for (const char* text : {"999999d", "18446744073709551615s", "99999999999999999999999h",
                           "9223372036854775807d1h", "106751991167300d23h"})
    EXPECT_EQ(parse_since(text, now_), 0) << text;
}

TEST_F(TimeValue, APlusLooksAheadForAHundredYears) {
  EXPECT_EQ(parse_until("+10m", now_), now_ + 10 * kMinuteNs);
  EXPECT_EQ(parse_until("+1h30m", now_), now_ + 90 * kMinuteNs);
  EXPECT_EQ(parse_until("+36500d", now_), now_ + 36500 * 1440 * kMinuteNs);
  for (const char* text : {"+36500d1s", "+99999999999999999999h", "+", "+10", "+-1m", "++1m"})
    EXPECT_TRUE(shown(parse_until(text, now_)).starts_with("invalid --until value")) << text;
}

TEST_F(TimeValue, TakesTimesBefore1970AsPast) {
  EXPECT_EQ(parse_since("1970-01-01T00:00:01Z", now_), kSecondNs);
  EXPECT_EQ(parse_since("1969-12-31T23:59:59Z", now_), -kSecondNs);
  EXPECT_LT(*parse_since("0001-01-01T00:00:00Z", now_), -kSecondNs);
  EXPECT_GT(*parse_since("9999-01-01T00:00:00Z", now_), now_);
  EXPECT_LT(*parse_since("0001-01-01", now_), -kSecondNs);
  EXPECT_GT(*parse_since("9999-12-31 23:59", now_), now_);
}

TEST_F(TimeValue, AClockTimeIsTodaysAndLocal) {
  EXPECT_EQ(shown(parse_since("10:15", now_)), "2026-05-04T08:15:00Z");
  EXPECT_EQ(shown(parse_since("10:15:30", now_)), "2026-05-04T08:15:30Z");
  EXPECT_EQ(shown(parse_since("10:15:30.25", now_)), "2026-05-04T08:15:30.25Z");
  EXPECT_EQ(shown(parse_since("00:00", now_)), "2026-05-03T22:00:00Z");
  use_zone(kNewfoundland);
  EXPECT_EQ(shown(parse_since("06:00", now_)), "2026-05-04T09:30:00Z");
}

TEST_F(TimeValue, SinceAClockTimeStillToComeIsYesterdays) {
  EXPECT_EQ(shown(parse_since("12:11:13", now_)), "2026-05-03T10:11:13Z");
  EXPECT_EQ(shown(parse_since("23:50", now_)), "2026-05-03T21:50:00Z");
  EXPECT_EQ(shown(parse_until("23:50", now_)), "2026-05-04T21:50:00Z");
  EXPECT_EQ(shown(parse_since("today 23:50", now_)), "2026-05-04T21:50:00Z");
}

TEST_F(TimeValue, DaysHaveNamesAndDates) {
  EXPECT_EQ(parse_since("now", now_), now_);
  EXPECT_EQ(shown(parse_since("today", now_)), "2026-05-03T22:00:00Z");
  EXPECT_EQ(shown(parse_since("yesterday", now_)), "2026-05-02T22:00:00Z");
  EXPECT_EQ(shown(parse_until("tomorrow", now_)), "2026-05-04T22:00:00Z");
  EXPECT_EQ(shown(parse_since("yesterday 10:15", now_)), "2026-05-03T08:15:00Z");
  EXPECT_EQ(shown(parse_since("2026-01-01", now_)), "2025-12-31T23:00:00Z");
  EXPECT_EQ(shown(parse_since("2026-01-01 10:15", now_)), "2026-01-01T09:15:00Z");
  EXPECT_EQ(shown(parse_since("2026-01-01T10:15:30", now_)), "2026-01-01T09:15:30Z");
  EXPECT_EQ(shown(parse_since("2026-01-01 10:15:30Z", now_)), "2026-01-01T10:15:30Z");
  const int64_t new_year = at("2026-01-01T00:00:00Z");
  EXPECT_EQ(shown(parse_since("yesterday", new_year)), "2025-12-30T23:00:00Z");
}

TEST_F(TimeValue, ADayIsACalendarDayWhenTheClocksAreChanged) {
  const int64_t after_change =
      at("2026-03-29T12:00:00Z");  // the clocks went from 2 to 3 that night
  EXPECT_EQ(shown(parse_since("today", after_change)), "2026-03-28T23:00:00Z");
  EXPECT_EQ(shown(parse_until("tomorrow", after_change)), "2026-03-29T22:00:00Z");
  EXPECT_EQ(shown(parse_since("yesterday 12:00", after_change)), "2026-03-28T11:00:00Z");
  EXPECT_TRUE(parse_since("02:30", after_change).has_value()) << "which never was";
}

TEST_F(TimeValue, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "5",
                           "5w",
                           "5ms",
                           "-5m",
                           "1.5h",
                           "30m1h",
                           "1h1h",
                           "1h30",
                           "h",
                           "24:00",
                           "10:60",
                           "10:5",
                           "1:15",
                           "10:15:61",
                           "10:15 yesterday",
                           "yesterday10:15",
                           "someday",
                           "2026-13-01T00:00:00Z",
                           "2026-02-30",
                           "2026-00-10",
                           "2025-02-29",
                           "26-05-04",
                           "2026-5-4",
                           "2026-05-04T",
                           "2026-05-04 25:00",
                           "99999-01-01",
                           "2026-05-04 10:15+02:00",
                           "10:15Z",
                           "NOW",
                           "99:99",
                           "2026/05/04",
                           "yesterday\n10:15:00Z"}) {
    const auto since = parse_since(text, now_);
    ASSERT_FALSE(since.has_value()) << text;
    EXPECT_EQ(since.error().kind(), ErrorKind::Usage);
    EXPECT_EQ(since.error().message(), "invalid --since value '" + std::string(text) + "'");
    EXPECT_TRUE(since.error().hint().contains("1h30m"));
    EXPECT_TRUE(shown(parse_until(text, now_)).starts_with("invalid --until value")) << text;
  }
}

}  // namespace
}  // namespace plasmite
