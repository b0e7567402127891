// The rules that make frames a batch, and batches a pool; in memory, without a file.
#include "core/pool/frame_walk.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "tests/support/reading.h"
#include "tests/unit/core/pool/frames_in_memory.h"

namespace plasmite {
namespace {

constexpr uint8_t kBegin = kFrameBegin;
constexpr uint8_t kEnd = kFrameEnd;
constexpr uint8_t kOnly = kFrameBegin | kFrameEnd;

class FrameWalk : public FramesInMemory {
 protected:
  // Walks from the start, with sequences from 1 on and times above 0.
  WalkState walk(uint64_t end = UINT64_MAX / 2, uint64_t seq_limit = 1000) {
    visited_.clear();
    return walk_batches(view_, {start_, 1, 0}, end, seq_limit,
                        [&](const FrameWords& frame, uint64_t, uint64_t batch_end) {
                          visited_.push_back({frame.seq(), batch_end});
                        });
  }

  uint64_t start_ = 0;
  std::vector<std::pair<uint64_t, uint64_t>> visited_;
};

TEST_F(FrameWalk, FollowsWholeBatchesToTheEnd) {
  put(kOnly, 1, 10);
  const uint64_t first_end = at_;
  put(kBegin, 2, 20);
  put(0, 3, 20);
  put(kEnd, 4, 20);
  const WalkState end = walk();
  EXPECT_EQ(end.position, at_);
  EXPECT_EQ(end.next_seq, 5u);
  EXPECT_EQ(end.last_time, 20u);
  EXPECT_EQ(visited_, (decltype(visited_){{1, first_end}, {2, at_}, {3, at_}, {4, at_}}));
}

TEST_F(FrameWalk, WhereNothingIsItStaysWhereItBegan) {
  const WalkState end = walk();
  EXPECT_EQ(end.position, 0u);
  EXPECT_EQ(end.next_seq, 1u);
}

TEST_F(FrameWalk, ControlFramesTakeNoSequence) {
  put(kBegin | kFrameCheckpoint, 1, 10);
  put(kEnd, 1, 10);
  put(kOnly | kFrameCheckpoint, 2, 20);
  EXPECT_EQ(walk().next_seq, 2u);
  EXPECT_EQ(walk().position, at_);
}

TEST_F(FrameWalk, ABatchWithoutAnEndIsNotVisited) {
  put(kOnly, 1, 10);
  const uint64_t whole = at_;
  put(kBegin, 2, 20);
  put(0, 3, 20);
  EXPECT_EQ(walk().position, whole);
  EXPECT_EQ(walk().next_seq, 2u);
  EXPECT_EQ(visited_.size(), 1u);
}

TEST_F(FrameWalk, ABatchMustBegin) {
  put(kEnd, 1, 10);
  EXPECT_EQ(walk().position, 0u);
}

TEST_F(FrameWalk, ABatchCannotBeginInsideAnother) {
  put(kBegin, 1, 10);
  put(kOnly, 2, 20);
  EXPECT_EQ(walk().position, 0u);
}

TEST_F(FrameWalk, SequencesHaveNoHoles) {
  put(kOnly, 1, 10);
  const uint64_t whole = at_;
  put(kOnly, 3, 20);
  EXPECT_EQ(walk().position, whole);
}

TEST_F(FrameWalk, EachBatchIsYoungerThanTheOneBefore) {
  put(kOnly, 1, 10);
  const uint64_t whole = at_;
  put(kOnly, 2, 10);
  EXPECT_EQ(walk().position, whole) << "the frame of an attempt that died there";
}

TEST_F(FrameWalk, AllFramesOfABatchHaveOneTime) {
  put(kBegin, 1, 10);
  put(kEnd, 2, 11);
  EXPECT_EQ(walk().position, 0u) << "frames of two attempts at the same place";
}

TEST_F(FrameWalk, ARecoveryFrameEndsTheWalk) {
  put(kOnly, 1, 10);
  const uint64_t whole = at_;
  put(kOnly | kFrameRecovery, 2, 20);
  EXPECT_EQ(walk().position, whole);
}

TEST_F(FrameWalk, NothingBeyondTheReservationIsTaken) {
  put(kOnly, 1, 10);
  const uint64_t first = at_;
  put(kOnly, 2, 20);
  const uint64_t second = at_;
  put(kOnly | kFrameCheckpoint, 3, 30);
  EXPECT_EQ(walk(second - 8).position, first) << "by position";
  EXPECT_EQ(walk(UINT64_MAX / 2, 2).position, first) << "by sequence";
  EXPECT_EQ(walk(UINT64_MAX / 2, 3).position, at_) << "a control frame carries the next sequence";
}

TEST_F(FrameWalk, ADamagedFrameEndsTheWalkBeforeItsBatch) {
  put(kOnly, 1, 10);
  const uint64_t whole = at_;
  put(kBegin, 2, 20);
  put(kEnd, 3, 20);
  view_.ring.store(at_ - 8, view_.ring.load(at_ - 8) ^ 1);
  EXPECT_EQ(walk().position, whole);
}

TEST_F(FrameWalk, FramesOfAnEarlierLapAreNotTaken) {
  put(kOnly, 1, 10);
  start_ = ring_size();
  EXPECT_EQ(walk().position, start_);
  const FrameWords frame = view_.header_at(0);
  EXPECT_TRUE(view_.intact(frame, 0, ring_size()));
  EXPECT_FALSE(view_.intact(frame, ring_size(), 2 * ring_size()));
}

TEST_F(FrameWalk, FramesOfAnotherPoolAreNotTaken) {
  put(kOnly, 1, 10);
  ++view_.crc_seed;
  EXPECT_EQ(walk().position, 0u);
}

TEST_F(FrameWalk, AFrameMayWrapAtAnyWord) {
  for (uint64_t before = 8; before < 32 + 200; before += 8) {
    std::fill(memory_.begin(), memory_.end(), 0);
    start_ = at_ = 5 * ring_size() - before;
    put(kOnly, 1, 10, 200);
    EXPECT_EQ(walk().position, at_) << before;
    EXPECT_EQ(read_body(view_, view_.header_at(start_), start_), body_of(1, 200));
  }
}

TEST_F(FrameWalk, ResyncFindsTheNextIntactFrame) {
  put(kOnly, 1, 10);
  const uint64_t second = at_;
  put(kOnly, 2, 20);
  const uint64_t third = at_;
  put(kOnly, 3, 30);
  EXPECT_EQ(view_.resync(8, at_), second);
  view_.ring.store(second + 40, 0);
  EXPECT_EQ(view_.resync(8, at_), third);
  EXPECT_EQ(view_.resync(third + 8, at_), at_);
  EXPECT_EQ(view_.resync(8, third + 16), third + 16) << "a frame must end before the end";
}

TEST_F(FrameWalk, RunsAreFoundWhereverTheyLieAndJoinedAcrossTheRingsEnd) {
  at_ = 3 * ring_size() - 200;
  const uint64_t first = at_;
  for (uint64_t seq = 1; seq <= 5; ++seq) put(kOnly, seq, 10 * seq, 60);
  const uint64_t first_end = at_;
  ASSERT_GT(first_end, 3 * ring_size());
  at_ += 4096;
  const uint64_t second = at_;
  put(kOnly, 9, 90);
  const auto runs =
      scan_runs(view_, 3 * ring_size(), [](const FrameWords&, uint64_t) { return true; });
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].begin, first);
  EXPECT_EQ(runs[0].end, first_end);
  EXPECT_EQ(runs[1].begin, second);
  EXPECT_EQ(runs[1].end, at_);
}

TEST_F(FrameWalk, RunsHoldOnlyWhatIsAccepted) {
  for (uint64_t seq = 1; seq <= 5; ++seq) put(kOnly, seq, 10 * seq);
  const auto runs =
      scan_runs(view_, 0, [](const FrameWords& frame, uint64_t) { return frame.seq() != 3; });
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].begin, 0u);
  EXPECT_EQ(runs[1].end, at_);
}

TEST(PositionNear, FindsTheLapOnEitherSideOfTheReference) {
  constexpr uint64_t kRing = 4096;
  const uint64_t laps = uint64_t{1} << 32;  // the frame keeps the low half of the lap
  for (const uint64_t reference_lap : {uint64_t{5}, laps - 1, laps, laps + 1, 7 * laps + 3}) {
    for (const int64_t distance : {-3, -1, 0, 1, 3}) {
      const uint64_t lap = reference_lap + static_cast<uint64_t>(distance);
      EXPECT_EQ(position_near(reference_lap * kRing + 100, static_cast<uint32_t>(lap), 24, kRing),
                lap * kRing + 24);
    }
  }
}

TEST_F(FrameWalk, ACommitRecordCountsWhenItNamesTheHead) {
  LivePage& live = *view_.live;
  live.head = 80;
  live.tail = 40;
  live.commit[0] = make_commit_record(view_.crc_seed, {40, 2, 10, 0});
  live.commit[1] = make_commit_record(view_.crc_seed, {80, 3, 20, 1});
  ASSERT_TRUE(view_.read_commit());
  EXPECT_EQ(view_.read_commit()->next_seq, 3u);
  live.head = 40;
  EXPECT_EQ(view_.read_commit()->next_seq, 2u);
  live.head = 48;
  EXPECT_FALSE(view_.read_commit()) << "no record names it";
  live.head = 80;
  live.tail = 88;
  EXPECT_FALSE(view_.read_commit()) << "tail beyond head";
  live.tail = 41;
  EXPECT_FALSE(view_.read_commit()) << "not on a word";
  const uint64_t far = 80 + (view_.geometry.ring_size + 8);
  live.commit[1] = make_commit_record(view_.crc_seed, {far, 3, 20, 1});
  live.head = far;
  live.tail = 88;
  EXPECT_TRUE(view_.read_commit()) << "the ring is full";
  live.tail = 80;
  EXPECT_FALSE(view_.read_commit()) << "more than the ring holds";
  live.head = 80;
  live.commit[1] = make_commit_record(view_.crc_seed, {80, 3, 20, 1});
  live.tail = 40;
  for (uint64_t* word : {&live.commit[1].next_seq, &live.commit[1].last_time,
                         &live.commit[1].sel_and_crc}) {
    *word ^= 1;
    EXPECT_FALSE(view_.read_commit()) << "its checksum is wrong";
    *word ^= 1;
  }
  EXPECT_TRUE(view_.read_commit());
}

}  // namespace
}  // namespace plasmite
