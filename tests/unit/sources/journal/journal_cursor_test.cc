#include "sources/journal/journal_cursor.h"

#include <gtest/gtest.h>

#include <string>

namespace plasmite {
namespace {

constexpr std::string_view kText =
    "s=a104d6a5560542d2950caf71a625ecb5;i=7d0;b=0000000000000000000000000000b008;m=1e8098;"
    "t=640b6c5802498;x=e90b0471636d143";

JournalCursor cursor(uint64_t series, uint64_t number, uint64_t boot, uint64_t monotonic,
                     uint64_t realtime, uint64_t hash = 1) {
  return {.seqnum_id = {.high = 0, .low = series},
          .seqnum = number,
          .boot_id = {.high = 0, .low = boot},
          .monotonic_us = monotonic,
          .realtime_us = realtime,
          .xor_hash = hash};
}

constexpr JournalId kNow{.high = 0, .low = 9};

TEST(JournalCursor, TakesApartWhatSdJournalWrites) {
  const auto parsed = JournalCursor::parse(kText);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->seqnum_id, (JournalId{.high = 0xa104d6a5560542d2, .low = 0x950caf71a625ecb5}));
  EXPECT_EQ(parsed->seqnum, 2000u);
  EXPECT_EQ(parsed->boot_id, (JournalId{.high = 0, .low = 0xb008}));
  EXPECT_EQ(parsed->monotonic_us, 0x1e8098u);
  EXPECT_EQ(parsed->realtime_us, 0x640b6c5802498u);
  EXPECT_EQ(parsed->xor_hash, 0xe90b0471636d143u);
}

TEST(JournalCursor, TakesPartsInAnyOrderAndPartsItDoesNotKnow) {
  const std::string text = "q=anything;" + std::string(kText.substr(kText.find("i="))) +
                           ";s=a104d6a5560542d2950caf71a625ecb5";
  EXPECT_EQ(JournalCursor::parse(text), JournalCursor::parse(kText));
}

TEST(JournalCursor, RefusesEveryTextThatIsCutShort) {
  for (size_t length = 0; length < kText.size(); ++length) {
    const auto parsed = JournalCursor::parse(kText.substr(0, length));
    // A shorter last number is a number all the same.
    EXPECT_EQ(parsed.has_value(), length > kText.rfind('=') + 1) << length;
  }
}

TEST(JournalCursor, RefusesWhatIsNoCursor) {
  const std::string text(kText);
  for (const std::string& wrong :
       {std::string("garbage"), std::string(";"), std::string("="), text + ";i=1",
        text + std::string(400, ';'), "s=xyz" + text.substr(34), "i=12345678901234567" + text,
        text + "0000000000000000"})
    EXPECT_FALSE(JournalCursor::parse(wrong)) << wrong;
}

TEST(JournalCursor, KnowsAnEntryThatWasCopiedAndNumberedAnew) {
  EXPECT_TRUE(is_same_entry(cursor(1, 5, 2, 100, 1000, 7), cursor(3, 50, 2, 100, 1000, 7)));
  EXPECT_FALSE(is_same_entry(cursor(1, 5, 2, 100, 1000, 7), cursor(1, 5, 2, 100, 1000, 8)));
  EXPECT_FALSE(is_same_entry(cursor(1, 5, 2, 100, 1000, 7), cursor(1, 5, 3, 100, 1000, 7)));
}

TEST(JournalCursor, LaterIsByNumberThenByBootThenByTime) {
  const auto at = cursor(1, 5, 2, 100, 1000);
  EXPECT_TRUE(is_later_entry(cursor(1, 6, 2, 50, 500), at, kNow));
  EXPECT_FALSE(is_later_entry(cursor(1, 4, 2, 150, 1500), at, kNow));
  EXPECT_TRUE(is_later_entry(cursor(8, 1, 2, 101, 500), at, kNow));
  EXPECT_FALSE(is_later_entry(cursor(8, 9, 2, 99, 1500), at, kNow));
  EXPECT_TRUE(is_later_entry(cursor(8, 1, 3, 1, 1001), at, kNow));
  EXPECT_FALSE(is_later_entry(cursor(8, 9, 3, 1, 999), at, kNow));
  EXPECT_FALSE(is_later_entry(at, at, kNow));
}

TEST(JournalCursor, AnEntryOfTheRunningBootIsLaterThanAnyOther) {
  const auto at = cursor(1, 5, 2, 100, 1000);
  EXPECT_TRUE(is_later_entry(cursor(8, 1, kNow.low, 1, 10), at, kNow));
  EXPECT_TRUE(is_later_entry(cursor(1, 3, kNow.low, 1, 10), at, kNow)) << "numbers began anew";
  EXPECT_FALSE(is_later_entry(at, cursor(1, 3, kNow.low, 1, 10), kNow));
}

TEST(JournalCursor, CountsEntriesBetweenOnlyWithinOneSeries) {
  EXPECT_EQ(entries_between(cursor(1, 5, 2, 1, 1), cursor(1, 6, 2, 1, 1)), 0u);
  EXPECT_EQ(entries_between(cursor(1, 5, 2, 1, 1), cursor(1, 16, 2, 1, 1)), 10u);
  EXPECT_EQ(entries_between(cursor(1, 5, 2, 1, 1), cursor(2, 16, 2, 1, 1)), std::nullopt);
  EXPECT_EQ(entries_between(cursor(1, 5, 2, 1, 1), cursor(1, 5, 2, 1, 1)), std::nullopt);
}

}  // namespace
}  // namespace plasmite
