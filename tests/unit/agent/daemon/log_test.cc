#include "agent/daemon/log.h"

#include <regex>

#include <gtest/gtest.h>

namespace plasmite {
namespace {

class LogTest : public testing::Test {
 protected:
  Log::Options options(LogLevel level = LogLevel::info, bool for_journal = false) {
    return {.level = level,
            .for_journal = for_journal,
            .write = [this](std::string_view line) { lines_.emplace_back(line); },
            .now = [this] { return now_; }};
  }
  // Without the time.
  std::string text(size_t line) const {
    return lines_.at(line).substr(lines_.at(line).find(' ') + 1);
  }

  std::vector<std::string> lines_;
  Log::Clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(LogTest, ALineHasTimeLevelMessageAndFields) {
  Log log(options());
  log.warning("source has trouble", {{"source", "web"}, {"error", "no space"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_TRUE(
      std::regex_match(lines_[0], std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z "
                                             "warning source has trouble source=web "
                                             "error=\"no space\"\n")))
      << lines_[0];
}

TEST_F(LogTest, UnderSystemdThereAreJournaldsPrioritiesAndNoTime) {
  Log log(options(LogLevel::debug, /*for_journal=*/true));
  log.debug("d");
  log.info("i");
  log.warning("w");
  log.error("e");
  EXPECT_EQ(lines_, (std::vector<std::string>{"<7>d\n", "<6>i\n", "<4>w\n", "<3>e\n"}));
}

TEST_F(LogTest, WhatComesFromOutsideStaysOnItsLineAndInItsField) {
  Log log(options());
  log.info("x", {{"name", "a\nb\x1b[1m"}, {"quoted", "say \"hi\" b=c"}, {"empty", ""}});
  EXPECT_EQ(text(0), "info x name=\"a\\nb\\x1b[1m\" quoted=\"say \\\"hi\\\" b=c\" empty=\"\"\n");
}

TEST_F(LogTest, WhatIsBelowTheLevelIsNotWritten) {
  Log log(options(LogLevel::warning));
  log.info("no");
  log.set_level(log_level_of("info"));
  log.info("yes");
  EXPECT_EQ(lines_.size(), 1u);
}

TEST_F(LogTest, ALineThatRepeatsIsLimitedAndCounted) {
  Log log(options());
  for (int n = 0; n < 10; ++n) log.warning("again");
  log.warning("other");
  EXPECT_EQ(lines_.size(), Log::kBurst + 1);
  now_ += Log::kWindow;
  log.warning("again");
  EXPECT_EQ(text(Log::kBurst + 1), "warning again repeated=7\n");
}

TEST_F(LogTest, WhatWasLeftOutIsToldAtTheEndAtLatest) {
  {
    Log log(options());
    for (int n = 0; n < 5; ++n) log.info("again");
  }
  EXPECT_EQ(text(Log::kBurst), "info again repeated=2\n");
}

TEST_F(LogTest, WhatWasLeftOutIsToldWithTheNextLineOfAnyKindOnceItsTimeIsOver) {
  Log log(options());
  for (int n = 0; n < 5; ++n) log.error("again");
  now_ += Log::kWindow;
  log.info("other");
  EXPECT_EQ(text(Log::kBurst), "error again repeated=2\n");
  EXPECT_EQ(text(Log::kBurst + 1), "info other\n");
}

TEST_F(LogTest, TheLimitHoldsAlsoAfterManyOtherLinesWereHeldBack) {
  Log log(options());
  for (int line = 0; line < 200; ++line)
    for (int n = 0; n < 5; ++n) log.info("old", {{"n", std::to_string(line)}});
  now_ += Log::kWindow;
  log.info("new");
  const size_t before = lines_.size();
  for (int n = 0; n < 10; ++n) log.info("new");
  EXPECT_EQ(lines_.size(), before + Log::kBurst - 1);
}

TEST_F(LogTest, ManyDifferentLinesTakeNoMemory) {
  Log log(options());
  for (int n = 0; n < 5000; ++n) log.info("line", {{"n", std::to_string(n)}});
  EXPECT_EQ(lines_.size(), 5000u);
}

}  // namespace
}  // namespace plasmite
