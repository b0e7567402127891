// Where a cursor begins, what it expects, what it says of what it could not have.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/pool/pool.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class CursorTest : public testing::Test {
 protected:
  void fill(int records, size_t bytes = 500) {
    for (int i = 0; i < records; ++i)
      last_ = must(pool_.append({.body = body_of(static_cast<uint64_t>(i), bytes)}));
  }
  uint64_t offset_of(uint64_t seq) const { return raw_.file_offset(raw_.position_of(seq)); }

  // Changes the header of a record's frame and makes its checksum right again.
  template <class Change>
  void forge(uint64_t seq, Change change) {
    const uint64_t position = raw_.position_of(seq);
    FrameWords frame = raw_.view().header_at(position);
    change(frame);
    std::vector<uint64_t> body((frame.size() - sizeof(FrameHeader)) / 8);
    const uint32_t body_crc = raw_.view().ring.copy_out(position + sizeof(FrameHeader), body.data(),
                                                        body.size() * 8, kCrc32cInit);
    const uint32_t crc = frame_crc(raw_.view().crc_seed, frame, position, body_crc);
    frame.words[3] = frame.lap() | uint64_t{crc} << 32;
    Ring ring = raw_.view().ring;
    for (uint64_t i = 0; i < 4; ++i) ring.store(position + 8 * i, frame.words[i]);
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
  Pool pool_ = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  const RawPool raw_{path_};
  AppendReceipt last_;
};

TEST_F(CursorTest, WaitingEndsWhenAnotherThreadSaysSo) {
  Cursor cursor = must(pool_.cursor(Start::newest()));
  std::atomic<bool> stop = false;
  bool waited = false;
  std::jthread waiter([&] {
    waited = must(cursor.wait(steady_clock::now() + std::chrono::hours(1), &stop));
  });
  while ((load_acquire(raw_.wait_page().event) & 1) == 0) std::this_thread::yield();
  stop = true;
  pool_.wake_waiters();
  waiter.join();
  EXPECT_TRUE(waited);
  EXPECT_FALSE(must(cursor.next()).has_value());
}

TEST_F(CursorTest, BeingWokenForNothingIsNotTheEndOfWaiting) {
  Cursor cursor = must(pool_.cursor(Start::newest()));
  std::jthread waker([&] {
    for (int i = 0; i < 100; ++i) pool_.wake_waiters();
  });
  EXPECT_FALSE(must(cursor.wait(steady_clock::now() + milliseconds(20))));
}

TEST_F(CursorTest, FromTheOldestReportsNoGapForWhatWasGoneBefore) {
  fill(200);
  const Reading reading = read_from(pool_, Start::oldest());
  EXPECT_TRUE(reading.gaps.empty());
  EXPECT_GT(reading.records.front().seq, 1u);
}

TEST_F(CursorTest, FromASequenceReportsWhatIsGoneFromThere) {
  fill(200);
  const Reading reading = read_from(pool_, Start::at_seq(7));
  ASSERT_EQ(reading.gaps.size(), 1u);
  EXPECT_EQ(reading.gaps[0].first, 7u);
  EXPECT_EQ(reading.gaps[0].last, reading.records.front().seq - 1);
  EXPECT_EQ(reading.gaps[0].cause, Gap::Cause::retention);
}

TEST_F(CursorTest, FromTheNewestGetsOnlyWhatComes) {
  fill(10);
  Cursor cursor = must(pool_.cursor(Start::newest()));
  EXPECT_EQ(cursor.expected_seq(), 11u);
  EXPECT_TRUE(read_to_end(cursor).records.empty());
  fill(2);
  const Reading reading = read_to_end(cursor);
  ASSERT_EQ(reading.records.size(), 2u);
  EXPECT_EQ(reading.records[0].seq, 11u);
  EXPECT_EQ(cursor.expected_seq(), 13u);
}

TEST_F(CursorTest, FromASequenceThatIsNotThereYetWaitsForIt) {
  fill(10);
  Cursor cursor = must(pool_.cursor(Start::at_seq(13)));
  EXPECT_EQ(cursor.expected_seq(), 13u);
  fill(5);
  const Reading reading = read_to_end(cursor);
  EXPECT_TRUE(reading.gaps.empty());
  ASSERT_EQ(reading.records.size(), 3u);
  EXPECT_EQ(reading.records[0].seq, 13u);
}

TEST_F(CursorTest, FromATimeBeforeEverythingGetsEverythingAndAfterItNothing) {
  fill(20);
  const auto all = read_all(pool_);
  for (const int64_t time : {INT64_MIN, int64_t{-1}, int64_t{0}, all[0].time_ns})
    EXPECT_EQ(read_from(pool_, Start::at_time(time)).records, all) << time;
  for (const int64_t time : {last_.time_ns + 1, INT64_MAX})
    EXPECT_TRUE(read_from(pool_, Start::at_time(time)).records.empty()) << time;
  EXPECT_EQ(read_from(pool_, Start::at_time(last_.time_ns)).records.size(), 1u);
}

TEST_F(CursorTest, OvertakenGoesOnAtTheOldestAndSaysWhatWasLost) {
  fill(5);
  Cursor cursor = must(pool_.cursor(Start::oldest()));
  EXPECT_EQ(must(cursor.next())->seq, 1u);
  fill(200);
  const uint64_t oldest = *must(pool_.info()).oldest_seq;
  EXPECT_EQ(must(cursor.next())->seq, oldest);
  const auto gap = cursor.take_gap();
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->first, 2u);
  EXPECT_EQ(gap->last, oldest - 1);
  EXPECT_FALSE(cursor.take_gap()) << "told once";
}

TEST_F(CursorTest, WhatWasReadStaysReadableWhileItsPlaceIsReused) {
  fill(1);
  Cursor cursor = must(pool_.cursor(Start::oldest()));
  const MessageView message = *must(cursor.next());
  fill(200);
  EXPECT_EQ(message.body, body_of(0, 500));
}

TEST_F(CursorTest, DamageAmongUnwantedRecordsIsNotBlamedForALaterLoss) {
  fill(20);
  raw_.view().index[0] = 8;  // of no use: the cursor walks from the tail
  raw_.flip(offset_of(5) + 40);
  Cursor cursor = must(pool_.cursor(Start::at_seq(10)));
  EXPECT_EQ(must(cursor.next())->seq, 10u);
  EXPECT_FALSE(cursor.take_gap());
  fill(200);
  must(cursor.next());
  EXPECT_EQ(cursor.take_gap()->cause, Gap::Cause::retention);
}

TEST_F(CursorTest, ADamagedNewestRecordIsToldWithTheNextOne) {
  fill(10);
  raw_.flip(offset_of(10) + 40);
  EXPECT_EQ(pool_.get(10).error().kind(), ErrorKind::Corrupt);
  Cursor cursor = must(pool_.cursor(Start::at_seq(9)));
  EXPECT_EQ(read_to_end(cursor).records.size(), 1u);
  fill(1);
  EXPECT_EQ(must(cursor.next())->seq, 11u);
  const auto gap = cursor.take_gap();
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->first, 10u);
  EXPECT_EQ(gap->last, 10u);
  EXPECT_EQ(gap->cause, Gap::Cause::damage);
}

TEST_F(CursorTest, AFrameThatRepeatsASequenceIsNotDelivered) {
  fill(5);
  forge(3, [](FrameWords& frame) { frame.words[1] = 2; });
  std::vector<uint64_t> seqs;
  for (const ReadRecord& record : read_all(pool_)) seqs.push_back(record.seq);
  EXPECT_EQ(seqs, (std::vector<uint64_t>{1, 2, 4, 5}));
}

TEST_F(CursorTest, AForgedTagBlockThatIsTooLongDoesNotReachOutside) {
  fill(3);
  forge(2, [](FrameWords& frame) { frame.words[0] |= kFrameTags; });
  // The first two bytes of the text are taken for the length of the tags.
  const auto records = read_all(pool_);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_LE(records[1].tags.size() + records[1].body.size(), 500u);
  TagsView(records[1].tags).for_each([](std::string_view tag) { EXPECT_LE(tag.size(), 255u); });
}

TEST_F(CursorTest, ASequenceInTheHoleOfARecoveryIsNotFound) {
  fill(5);
  copy_as_after_restart(path_, dir_ / "copy");
  Pool copy = must(Pool::open(dir_ / "copy"));
  const uint64_t next = must(copy.append({.body = "{}"})).first_seq;
  for (const uint64_t seq : {uint64_t{6}, next / 2, next - 1}) {
    const auto missing = copy.get(seq);
    ASSERT_FALSE(missing) << seq;
    EXPECT_EQ(missing.error().kind(), ErrorKind::NotFound);
    EXPECT_EQ(missing.error().seq(), seq);
  }
  EXPECT_EQ(must(copy.get(next)).body, "{}");
  EXPECT_EQ(must(copy.get(5)).seq, 5u);
}

TEST_F(CursorTest, AHeadThatWentBackIsDamageNotTheEnd) {
  fill(10);
  Cursor cursor = must(pool_.cursor(Start::newest()));
  raw_.live().head -= 8;
  EXPECT_EQ(cursor.next().error().kind(), ErrorKind::Corrupt);
}

TEST_F(CursorTest, WaitingEndsAtTheDeadlineAlsoIfThatIsPast) {
  Cursor cursor = must(pool_.cursor(Start::newest()));
  EXPECT_FALSE(must(cursor.wait(steady_clock::now() - milliseconds(10))));
  const auto begin = steady_clock::now();
  EXPECT_FALSE(must(cursor.wait(begin + milliseconds(10))));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(10));
}

TEST_F(CursorTest, WaitingEndsAtOnceIfThereIsSomething) {
  Cursor cursor = must(pool_.cursor(Start::newest()));
  fill(1);
  EXPECT_TRUE(must(cursor.wait(steady_clock::now() - milliseconds(10))));
}

}  // namespace
}  // namespace plasmite
