#include "sources/journal/journal_series.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

namespace plasmite {
namespace {

JournalCursor entry(uint64_t series, uint64_t seqnum) {
  JournalCursor cursor;
  cursor.seqnum_id = {.high = series << 24, .low = series};
  cursor.seqnum = seqnum;
  cursor.boot_id = {.high = 1, .low = 1};
  cursor.monotonic_us = cursor.realtime_us = 1'000'000 + 1000 * seqnum;
  cursor.xor_hash = series ^ seqnum;
  return cursor;
}

// As sd-journal writes it.
std::string text_of(const JournalCursor& cursor) {
  char text[256];
  std::snprintf(text, sizeof text, "s=%016lx%016lx;i=%lx;b=%016lx%016lx;m=%lx;t=%lx;x=%lx",
                cursor.seqnum_id.high, cursor.seqnum_id.low, cursor.seqnum, cursor.boot_id.high,
                cursor.boot_id.low, cursor.monotonic_us, cursor.realtime_us, cursor.xor_hash);
  return text;
}

std::vector<JournalFiles::Range> files_of(uint64_t first, uint64_t last) {
  std::vector<JournalFiles::Range> files;
  for (uint64_t series = first; series <= last; ++series) {
    JournalFiles::Range file;
    file.first = entry(series, 1);
    file.last = entry(series, 9);
    files.push_back(file);
  }
  return files;
}

JournalSeries loaded(const std::string& checkpoint, const JournalCursor& position) {
  JournalSeries series;
  series.load(checkpoint, position, {});
  return series;
}

TEST(JournalSeries, GoesOnWhereItsCheckpointWas) {
  JournalSeries series;
  series.note(entry(1, 5));
  series.note(entry(2, 3));
  const std::string stored = series.checkpoint(text_of(entry(2, 3)));
  const JournalSeries again = loaded(stored, entry(2, 3));
  for (uint64_t number = 1; number < 9; ++number) {
    EXPECT_EQ(again.has_read(entry(1, number)), number <= 5) << number;
    EXPECT_EQ(again.has_read(entry(2, number)), number <= 3) << number;
    EXPECT_FALSE(again.has_read(entry(3, number))) << number;
  }
}

TEST(JournalSeries, BeforeTheLastItIsAsIfThatHadNotBeenRead) {
  JournalSeries series;
  series.note(entry(2, 3));
  series.note(entry(1, 5));
  const std::string stored = series.checkpoint_before_last(text_of(entry(2, 3)));
  EXPECT_FALSE(loaded(stored, entry(2, 3)).has_read(entry(1, 5)));
  EXPECT_TRUE(loaded(stored, entry(2, 3)).has_read(entry(2, 3)));
}

TEST(JournalSeries, APositionThatIsNotTheLastOfItsSeriesDoesNotHideTheRest) {
  JournalSeries series;
  series.note(entry(1, 8));
  const std::string stored = series.checkpoint(text_of(entry(1, 2)));
  EXPECT_TRUE(loaded(stored, entry(1, 2)).has_read(entry(1, 8)));
}

TEST(JournalSeries, ACursorAloneLeavesTheOthersToTheClock) {
  const JournalSeries series = loaded(text_of(entry(1, 5)), entry(1, 5));
  EXPECT_TRUE(series.is_incomplete());
  EXPECT_TRUE(series.has_read(entry(2, 4)));
  EXPECT_FALSE(series.has_read(entry(2, 6)));
}

TEST(JournalSeries, SaysThatNotAllThatHaveFilesHadRoom) {
  JournalSeries series;
  series.see(files_of(1, 40));
  for (uint64_t number = 1; number <= 40; ++number) series.note(entry(number, 5));
  const std::string stored = series.checkpoint(text_of(entry(40, 5)));
  EXPECT_LE(stored.size(), kMaxJournalCursorBytes);
  EXPECT_TRUE(stored.ends_with('+'));
  series.see(files_of(36, 40));
  EXPECT_FALSE(series.checkpoint(text_of(entry(40, 5))).ends_with('+'));
}

TEST(JournalSeries, OneThatCameAfterTheLastLookCountsAsThere) {
  JournalSeries series;
  series.see(files_of(1, 11));
  for (uint64_t number = 1; number <= 30; ++number) series.note(entry(number, 5));
  // Not all had room; what is left out must not look new to whoever resumes.
  const std::string stored = series.checkpoint(text_of(entry(30, 5)));
  EXPECT_TRUE(stored.ends_with('+'));
  for (uint64_t number = 1; number <= 30; ++number)
    EXPECT_TRUE(loaded(stored, entry(30, 5)).has_read(entry(number, 4))) << number;
}

}  // namespace
}  // namespace plasmite
