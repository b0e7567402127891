// The checker must notice what it is there for.
#include "tests/acceptance/eight_writers/follower_check.h"

#include <gtest/gtest.h>

#include <string>

namespace plasmite::acceptance {
namespace {

std::string followed(uint64_t seq, RecordName name) {
  std::string line = R"({"data":)";
  append_record_text(line, name);
  return line + R"(,"meta":{"tags":[]},"seq":)" + std::to_string(seq) +
         R"(,"time":"2026-05-04T10:11:12.5Z"})";
}

std::string drop_notice(uint64_t first, uint64_t last) {
  return R"({"notice":{"cmd":"follow","details":{"dropped_count":)" +
         std::to_string(last - first + 1) + R"(,"gaps":[{"from":)" + std::to_string(first) +
         R"(,"to":)" + std::to_string(last) + R"(}]},"kind":"drop"}})" + "\n";
}

class FollowerCheckTest : public testing::Test {
 protected:
  SeenRecords seen_{10};
  FollowerCheck check_{seen_, 1};
};

TEST_F(FollowerCheckTest, AcceptsEverythingInOrder) {
  check_.line(followed(1, {0, 0}));
  check_.line(followed(2, {1, 0}));
  check_.line(followed(3, {0, 1}));
  EXPECT_TRUE(check_.finish(3)) << check_.problem();
  EXPECT_EQ(check_.delivered(), 3u);
}

TEST_F(FollowerCheckTest, AcceptsALossThatIsReportedExactly) {
  check_.line(followed(1, {0, 0}));
  check_.line(followed(5, {0, 3}));
  check_.notices(drop_notice(2, 4));
  EXPECT_TRUE(check_.finish(5)) << check_.problem();
  EXPECT_EQ(check_.lost(), 3u);
}

std::string short_notice(uint64_t dropped, uint64_t before, uint64_t after) {
  return R"({"notice":{"details":{"dropped_count":)" + std::to_string(dropped) +
         R"(,"last_seen_seq":)" + std::to_string(before) + R"(,"next_seen_seq":)" +
         std::to_string(after) + R"(},"kind":"drop"}})" + "\n";
}

TEST_F(FollowerCheckTest, AcceptsASingleGapByWhatStandsOnBothSides) {
  check_.line(followed(1, {0, 0}));
  check_.line(followed(5, {0, 3}));
  check_.notices(short_notice(3, 1, 5));
  EXPECT_TRUE(check_.finish(5)) << check_.problem();
}

TEST_F(FollowerCheckTest, NoticesThatMergedGapsAreNotTold) {
  check_.line(followed(1, {0, 0}));
  check_.line(followed(3, {0, 1}));
  check_.line(followed(5, {0, 3}));
  check_.notices(short_notice(2, 1, 5));
  EXPECT_FALSE(check_.finish(5));
}

TEST_F(FollowerCheckTest, NoticesALossThatIsNotReported) {
  check_.line(followed(1, {0, 0}));
  check_.line(followed(3, {0, 2}));
  EXPECT_FALSE(check_.finish(3));
}

TEST_F(FollowerCheckTest, NoticesAReportOfTooMuch) {
  check_.line(followed(1, {0, 0}));
  check_.line(followed(5, {0, 3}));
  check_.notices(drop_notice(1, 4));
  EXPECT_FALSE(check_.finish(5));
}

TEST_F(FollowerCheckTest, NoticesAnEarlyEnd) {
  check_.line(followed(1, {0, 0}));
  EXPECT_FALSE(check_.finish(2));
}

TEST_F(FollowerCheckTest, NoticesAnyFlippedByte) {
  const std::string good = followed(1, {3, 17});
  const size_t time_begins = good.find("2026");
  const size_t time_ends = good.rfind('Z');
  for (size_t i = 0; i < good.size(); ++i) {
    if (i >= time_begins && i < time_ends) continue;  // the time is not told beforehand
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    SeenRecords seen(10);
    FollowerCheck check(seen, 1);
    check.line(bad);
    EXPECT_FALSE(check.finish(1)) << bad;
  }
}

TEST_F(FollowerCheckTest, NoticesASequenceThatGoesBack) {
  check_.line(followed(2, {0, 0}));
  check_.line(followed(1, {0, 1}));
  EXPECT_FALSE(check_.finish(2));
}

TEST_F(FollowerCheckTest, NoticesAWriterOutOfOrder) {
  check_.line(followed(1, {0, 1}));
  check_.line(followed(2, {0, 0}));
  EXPECT_FALSE(check_.finish(2));
}

TEST_F(FollowerCheckTest, NoticesThatOthersSawAnotherRecord) {
  FollowerCheck other(seen_, 1);
  other.line(followed(1, {0, 0}));
  check_.line(followed(1, {1, 0}));
  EXPECT_TRUE(other.finish(1));
  EXPECT_FALSE(check_.finish(1));
}

TEST_F(FollowerCheckTest, NoticesErrorsOnStandardError) {
  check_.line(followed(1, {0, 0}));
  check_.notices("{\"error\":{\"kind\":\"Io\",\"message\":\"x\"}}\n");
  EXPECT_FALSE(check_.finish(1));
}

}  // namespace
}  // namespace plasmite::acceptance
