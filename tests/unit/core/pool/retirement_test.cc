// How many records an append gives up to make room: no more than it must, whatever is damaged.
#include "core/pool/retirement.h"

#include "tests/unit/core/pool/frames_in_memory.h"

namespace plasmite {
namespace {

constexpr uint8_t kOnly = kFrameBegin | kFrameEnd;

class Retirement : public FramesInMemory {
 protected:
  // Frames of `body_bytes` with sequences from `first` on, at the end of the second lap.
  void fill(uint64_t first, uint64_t count, size_t body_bytes) {
    at_ = 2 * ring_size() - 104;  // the second frame of 40 bytes wraps
    store_release(view_.live->tail, at_);
    for (uint64_t seq = first; seq < first + count; ++seq) {
      begins_.push_back(at_);
      if (seq % kIndexStride == 0) view_.index[view_.slot_of(seq)] = at_;
      put(kOnly, seq, 10 * seq, body_bytes);
    }
  }
  // Changes what the header of a frame says of its length.
  void lengthen(uint64_t frame, int64_t bytes) {
    const uint64_t word = view_.ring.load(begins_[frame]);
    view_.ring.store(begins_[frame], word + (static_cast<uint64_t>(bytes) << 32));
  }
  uint64_t tail_from(uint64_t retire_to) const {
    return plasmite::tail_from(view_, retire_to, at_);
  }

  std::vector<uint64_t> begins_;
};

TEST_F(Retirement, EndsWithTheFirstFrameThatLeavesRoom) {
  fill(1, 10, 40);
  EXPECT_EQ(tail_from(begins_[0] + 1), begins_[1]);
  EXPECT_EQ(tail_from(begins_[1]), begins_[1]);
  EXPECT_EQ(tail_from(begins_[4] - 8), begins_[4]);
  EXPECT_EQ(tail_from(at_), at_) << "all of them";
}

TEST_F(Retirement, GoesALittleFurtherToWhereABucketBegins) {
  fill(20, 30, 8);
  const uint64_t bucket = begins_[kIndexStride - 20];
  EXPECT_EQ(tail_from(begins_[1]), bucket);
  EXPECT_EQ(tail_from(bucket), bucket);
  EXPECT_EQ(tail_from(bucket + 8), begins_[kIndexStride - 20 + 1]) << "the next one is too far";
}

TEST_F(Retirement, ABucketThatIsTooFarIsNotWaitedFor) {
  fill(2, 40, 40);
  EXPECT_EQ(tail_from(begins_[1]), begins_[1]);
}

TEST_F(Retirement, AnIndexThatLeadsAstrayIsNotFollowed) {
  fill(20, 30, 8);
  for (const uint64_t stray : {uint64_t{0}, begins_[11], begins_[12] + 8, begins_[12] + 3, at_}) {
    view_.index[view_.slot_of(kIndexStride)] = stray;
    EXPECT_EQ(tail_from(begins_[1]), begins_[1]) << stray;
  }
}

TEST_F(Retirement, ADamagedLengthCostsNoOtherRecord) {
  fill(1, 100, 40);
  for (const int64_t wrong : {-32, -8, 8, 72, 72 * 20, 1 << 12, 1 << 20}) {
    for (const uint64_t frame : {0, 3}) {
      lengthen(frame, wrong);
      EXPECT_EQ(tail_from(begins_[frame] + 8), begins_[frame + 1]) << wrong << " at " << frame;
      lengthen(frame, -wrong);
    }
  }
}

TEST_F(Retirement, ALengthThatLeadsToTheHeadIsNotBelievedEither) {
  fill(1, 10, 40);
  lengthen(0, static_cast<int64_t>(at_ - begins_[1]));
  EXPECT_EQ(tail_from(begins_[0] + 8), begins_[1]);
}

TEST_F(Retirement, ADamagedLengthOfACheckpointCostsNoRecord) {
  at_ = 2 * ring_size();
  store_release(view_.live->tail, at_);
  begins_.push_back(at_);
  put(kFrameBegin | kFrameCheckpoint, 5, 50, 40);
  for (const uint64_t seq : {5, 6, 7}) {
    begins_.push_back(at_);
    put(seq == 7 ? kFrameEnd : 0, seq, 50, 40);
  }
  EXPECT_EQ(tail_from(begins_[0] + 8), begins_[1]);
  lengthen(0, 72);  // to the record behind the next one
  EXPECT_EQ(tail_from(begins_[0] + 8), begins_[1]);
}

// As recovery leaves them out.
TEST_F(Retirement, SequencesThatWereNeverGivenOutDoNotMatter) {
  fill(1, 10, 40);
  const uint64_t before = at_;
  put(kOnly, 1000, 10'000);
  EXPECT_EQ(tail_from(begins_[9] + 8), before);
}

TEST_F(Retirement, ADamagedHeaderIsPassedOver) {
  fill(1, 10, 40);
  for (const uint64_t frame : {0, 1, 5}) {
    const uint64_t word = view_.ring.load(begins_[frame]);
    view_.ring.store(begins_[frame], 0);
    EXPECT_EQ(tail_from(begins_[frame] + 8), begins_[frame + 1]) << frame;
    EXPECT_EQ(tail_from(begins_[7]), begins_[7]) << frame;
    view_.ring.store(begins_[frame], word);
  }
}

TEST_F(Retirement, WhereNothingIsIntactAllIsGivenUp) {
  fill(1, 10, 40);
  for (const uint64_t begin : begins_) view_.ring.store(begin, 0);
  EXPECT_EQ(tail_from(begins_[0] + 8), at_);
}

}  // namespace
}  // namespace plasmite
