// Recovery where there is little to recover from: empty pools, damaged anchors, clocks that lie.
#include <gtest/gtest.h>

#include <cstring>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "core/pool/pool_sync.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

class RecoveryEdges : public testing::Test {
 protected:
  Pool recovered() {
    copy_as_after_restart(path_, copy_);
    return must(Pool::open(copy_));
  }
  // The copy of the anchors that is known durable, and the other one.
  uint64_t durable_offset() const {
    const RawPool raw(path_);
    return raw.geometry().anchor_offset(raw.live().anchor_copy);
  }
  uint64_t other_offset() const {
    const RawPool raw(path_);
    return raw.geometry().anchor_offset(1 - raw.live().anchor_copy);
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
  const std::filesystem::path copy_ = dir_ / "copy";
  Pool pool_ = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
};

TEST_F(RecoveryEdges, AnEmptyPoolStaysEmptyAndTakesRecords) {
  Pool pool = recovered();
  EXPECT_TRUE(read_all(pool).empty());
  EXPECT_FALSE(must(pool.info()).oldest_seq);
  const uint64_t seq = must(pool.append({.body = "{}"})).first_seq;
  EXPECT_GT(seq, kDefaultSeqWindow);
  EXPECT_EQ(must(pool.info()).oldest_seq, seq);
}

TEST_F(RecoveryEdges, APoolOfCheckpointsOnlyKeepsThem) {
  for (int i = 0; i < 1000; ++i)
    must(pool_.append_batch({}, {.checkpoint = CheckpointView{"a", std::to_string(i)}}));
  const Pool pool = recovered();
  EXPECT_EQ(must(pool.checkpoint("a"))->value, "999");
  EXPECT_TRUE(read_all(pool).empty());
}

TEST_F(RecoveryEdges, OneRecordOfTheLargestSize) {
  const std::string body = body_of(1, must(pool_.info()).max_record_bytes);
  must(pool_.append({.body = body}));
  EXPECT_EQ(read_all(recovered())[0].body, body);
}

TEST_F(RecoveryEdges, ARingFilledToTheLastByteKeepsAllButTheOldest) {
  const RawPool raw(path_);
  const std::string body = body_of(1, 1024 - sizeof(FrameHeader));
  for (int i = 0; i < 32; ++i) must(pool_.append({.body = body}));
  ASSERT_EQ(raw.view().head(), raw.geometry().ring_size);
  EXPECT_EQ(read_all(pool_).size(), 32u);
  const auto records = read_all(recovered());
  EXPECT_EQ(records.size(), 31u) << "one made room for the recovery frame";
  EXPECT_EQ(records.back().seq, 32u);
}

TEST_F(RecoveryEdges, ADamagedAnchorThatWasNotInForceChangesNothing) {
  must(pool_.append({.body = "{}"}, {.durability = Durability::flush}));
  const uint64_t other = other_offset();
  copy_as_after_restart(path_, copy_);
  RawPool(copy_).flip(other + 16);
  EXPECT_EQ(read_all(must(Pool::open(copy_))).size(), 1u);
}

TEST_F(RecoveryEdges, ADamagedAnchorInForceFallsBackToTheOneBefore) {
  must(pool_.append({.body = "{}"}, {.durability = Durability::flush}));
  const uint64_t durable = durable_offset();
  copy_as_after_restart(path_, copy_);
  RawPool(copy_).flip(durable + 16);
  const Pool pool = must(Pool::open(copy_));
  EXPECT_EQ(read_all(pool).size(), 1u) << "found by walking on from the anchor before";
}

TEST_F(RecoveryEdges, WithoutAnyAnchorThePoolIsCorruptAndSaysWhatToDo) {
  must(pool_.append({.body = "{}"}, {.durability = Durability::flush}));
  const uint64_t durable = durable_offset();
  const uint64_t other = other_offset();
  copy_as_after_restart(path_, copy_);
  RawPool(copy_).flip(durable + 16);
  RawPool(copy_).flip(other + 16);
  for (int i = 0; i < 2; ++i) {
    const auto opened = Pool::open(copy_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind(), ErrorKind::Corrupt);
    EXPECT_NE(opened.error().hint().find("--repair"), std::string::npos);
  }
}

TEST_F(RecoveryEdges, AnAnchorThatContradictsItselfIsNotBelieved) {
  must(pool_.append({.body = "{}"}, {.durability = Durability::flush}));
  copy_as_after_restart(path_, copy_);
  {
    const RawPool raw(copy_);
    AnchorState state{};
    const uint64_t copy = raw.live().anchor_copy;
    ASSERT_TRUE(read_anchor_copy(raw.view(), copy, &state));
    const std::vector<CheckpointSlot> slots(raw.geometry().checkpoint_slots);
    for (AnchorState bad :
         {AnchorState{state.gen, state.head + 8, state.head, 2, 1, 1 << 20, 99},
          AnchorState{state.gen, 4, 8, 2, 1, 1 << 20, 99},
          AnchorState{state.gen, 0, 8, 2, 1, 0, 99}, AnchorState{state.gen, 0, 8, 2, 1, 1 << 20, 1},
          AnchorState{state.gen, 0, 8, 2, 1, UINT64_MAX, 99},
          AnchorState{state.gen, 0, 8, 0, 1, 1 << 20, 99}}) {
      write_anchor_copy(raw.view(), copy, bad, slots.data());
      AnchorState again{};
      EXPECT_FALSE(read_anchor_copy(raw.view(), copy, &again));
      copy_as_after_restart(copy_, dir_ / "bad");
      EXPECT_EQ(read_all(must(Pool::open(dir_ / "bad"))).size(), 1u);
    }
    write_anchor_copy(raw.view(), copy, state, slots.data());
    EXPECT_TRUE(read_anchor_copy(raw.view(), copy, &state)) << "written like the bad ones";
  }
}

TEST_F(RecoveryEdges, ALivePageWithImpossibleCountsRefusesAppends) {
  must(pool_.append({.body = "{}"}));
  const RawPool raw(path_);
  const LivePage sound = raw.live();
  const auto refused = [&] {
    const auto receipt = pool_.append({.body = "{}"});
    raw.live() = sound;
    return !receipt && receipt.error().kind() == ErrorKind::Corrupt;
  };
  for (const uint64_t next_seq : {uint64_t{0}, kMaxCount / 2, UINT64_MAX - 1}) {
    raw.change_commit([&](CommitView& commit) { commit.next_seq = next_seq; });
    EXPECT_TRUE(refused()) << next_seq;
  }
  for (const uint64_t head : {kMaxCount / 2, UINT64_MAX - 7}) {
    raw.change_commit([&](CommitView& commit) { commit.head = head; });
    raw.live().head = raw.live().tail = head;
    EXPECT_TRUE(refused()) << head;
  }
  raw.change_commit([](CommitView& commit) { commit.last_time = kMaxTime; });
  EXPECT_TRUE(refused());
  raw.live().attempt_time = UINT64_MAX;
  EXPECT_TRUE(refused());
  raw.change_commit([](CommitView& commit) { --commit.next_seq; }, /*sealed=*/false);
  EXPECT_TRUE(refused()) << "a sequence would be given out twice";
  EXPECT_FALSE(refused()) << "nothing was changed";
}

TEST_F(RecoveryEdges, AClockThatWasAheadIsClampedOn) {
  // A batch from the year 2200, as if the clock had been wrong.
  const uint64_t future = 7'258'118'400'000'000'000;
  RawPool(path_).live().attempt_time = future;
  const int64_t time = must(pool_.append({.body = "{}"})).time_ns;
  EXPECT_EQ(time, static_cast<int64_t>(future + 1));
  Pool pool = recovered();
  EXPECT_GT(must(pool.append({.body = "{}"})).time_ns, time);
  EXPECT_GT(must(pool_.append({.body = "{}"})).time_ns, time);
}

TEST_F(RecoveryEdges, ALiveTagOfAnotherFileIsNotTrusted) {
  must(pool_.append({.body = "{}"}));
  RawPool(path_).live().tag ^= 1;
  Pool pool = must(Pool::open(path_));
  EXPECT_EQ(read_all(pool).size(), 1u);
  EXPECT_GT(must(pool.append({.body = "{}"})).first_seq, kDefaultSeqWindow);
}

TEST_F(RecoveryEdges, AStickySyncErrorIsForgotten) {
  RawPool(path_).live().io_error = 5;
  EXPECT_FALSE(pool_.flush());
  Pool pool = recovered();
  EXPECT_TRUE(pool.append({.body = "{}"}, {.durability = Durability::flush}));
}

TEST_F(RecoveryEdges, RecoveredPoolsAreHealthy) {
  for (int i = 0; i < 700; ++i)
    must(pool_.append({.body = body_of(static_cast<uint64_t>(i), 2 + i % 100)}));
  copy_as_after_restart(path_, copy_);
  const auto report = must(examine_pool(copy_));
  EXPECT_TRUE(report.healthy()) << report.issues[0].message;
  EXPECT_EQ(report.last_good_seq, 700u);
}

}  // namespace
}  // namespace plasmite
