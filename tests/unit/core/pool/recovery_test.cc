// What a copy of a pool holds: its live page means nothing on another inode, so opening it
// recovers, as after a restart. Ring smaller and larger than the reserved window, never wrapped and
// wrapped often.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "core/pool/pool_sync.h"
#include "tests/support/child.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

struct Shape {
  const char* name;
  uint64_t sync_window;  // 0: far larger than the ring of 32 KiB
  int batches;
  bool flushed;  // the last thing done was a flush
};

constexpr uint64_t kSmallWindow = 16384;

class Recovery : public testing::TestWithParam<Shape> {
 protected:
  static CreateOptions options() {
    return {.size_bytes = kMinPoolBytes,
            .sync_window_bytes = GetParam().sync_window,
            .seq_window = GetParam().sync_window == 0 ? 0u : 500u};
  }

  Recovery() {
    Pool pool = must(Pool::create(path_, options()));
    for (int i = 0; i < GetParam().batches; ++i) append_batch(pool, i);
    if (GetParam().flushed) must(pool.flush());
    live_ = read_all(pool);
    seq_limit_ = RawPool(path_).live().seq_limit;
    checkpoints_ = checkpoints_of(pool);
    copy_as_after_restart(path_, copy_);
  }

  void append_batch(Pool& pool, int i) {
    const TagBlock tags = must(TagBlock::encode({"batch", std::to_string(i)}));
    std::vector<std::string> bodies;
    for (int k = 0; k < 1 + i % 5; ++k)
      bodies.push_back(body_of(written_.size() + bodies.size() + 1, 2 + (i * 131 + k * 37) % 700));
    std::vector<RecordView> records;
    for (const std::string& body : bodies)
      records.push_back({.body = body, .tags = i % 3 == 0 ? &tags : nullptr});
    const std::string value = std::to_string(i);
    std::optional<CheckpointView> checkpoint;
    if (i % 4 == 0) checkpoint = {i % 8 == 0 ? "even" : "odd", value};
    const AppendReceipt receipt = must(pool.append_batch(records, {.checkpoint = checkpoint}));
    for (size_t k = 0; k < bodies.size(); ++k)
      written_.push_back({receipt.first_seq + k, receipt.time_ns,
                          std::string(records[k].tags ? tags.bytes() : std::string_view()),
                          bodies[k]});
    last_batch_ = receipt;
  }

  static std::map<std::string, std::string> checkpoints_of(const Pool& pool) {
    std::map<std::string, std::string> values;
    for (const Checkpoint& checkpoint : must(pool.checkpoints()))
      values[checkpoint.name] = checkpoint.value;
    return values;
  }

  // Exactly the newest of what was written, up to and with `last_seq`.
  void expect_newest(const std::vector<ReadRecord>& records, uint64_t last_seq) {
    ASSERT_FALSE(records.empty());
    ASSERT_EQ(records.back().seq, last_seq);
    const auto first = written_.begin() + static_cast<ptrdiff_t>(last_seq - records.size());
    EXPECT_TRUE(std::equal(records.begin(), records.end(), first));
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
  const std::filesystem::path copy_ = dir_ / "copy";
  std::vector<ReadRecord> written_;
  std::vector<ReadRecord> live_;
  uint64_t seq_limit_ = 0;
  std::map<std::string, std::string> checkpoints_;
  AppendReceipt last_batch_;
};

TEST_P(Recovery, FindsEveryRecordThatWasRetained) {
  const auto recovered = read_all(must(Pool::open(copy_)));
  expect_newest(recovered, written_.size());
  // The frame that tells of the recovery retires up to two records, the batch cut by the tail is
  // not whole.
  EXPECT_LE(recovered.front().seq, live_.front().seq + 2 + 5);
}

TEST_P(Recovery, LeavesAHealthyPool) {
  const Pool pool = must(Pool::open(copy_));
  const PoolInfo info = must(pool.info());
  EXPECT_LE(info.used_bytes, info.ring_size);
  const DoctorReport report = must(examine_pool(copy_));
  EXPECT_TRUE(report.healthy()) << report.issues[0].message;
}

// The index is no part of what an anchor vouches for, but for records whose bytes it vouches for.
TEST_P(Recovery, RebuildsTheIndexOfEverythingItWalked) {
  {
    const RawPool raw(copy_);
    AnchorState anchor{};
    ASSERT_TRUE(read_anchor_copy(raw.view(), raw.live().anchor_copy, &anchor));
    const uint64_t ring_size = raw.geometry().ring_size;
    const uint64_t safe_from = anchor.pos_limit > ring_size ? anchor.pos_limit - ring_size : 0;
    for (uint64_t slot = 0; slot < raw.geometry().index_slots; ++slot) {
      uint64_t& position = raw.view().index[slot];
      if (position < safe_from || position >= anchor.head) position = 8;
    }
  }
  must(Pool::open(copy_));
  const DoctorReport report = must(examine_pool(copy_));
  EXPECT_TRUE(report.healthy()) << report.issues[0].message;
}

TEST_P(Recovery, GoesOnAboveTheReservationAndTellsReadersWhy) {
  Pool pool = must(Pool::open(copy_));
  EXPECT_GE(must(pool.info()).next_seq, seq_limit_);
  EXPECT_EQ(must(pool.info()).newest_seq, written_.size());
  const AppendReceipt receipt = must(pool.append({.body = "{}"}));
  EXPECT_GE(receipt.first_seq, seq_limit_);
  EXPECT_GT(receipt.time_ns, written_.back().time_ns);
  const Reading reading = read_from(pool, Start::at_seq(written_.size()));
  ASSERT_EQ(reading.gaps.size(), 1u);
  EXPECT_EQ(reading.gaps[0].first, written_.size() + 1);
  EXPECT_EQ(reading.gaps[0].last, receipt.first_seq - 1);
  EXPECT_EQ(reading.gaps[0].cause, Gap::Cause::power_loss);
}

TEST_P(Recovery, HasTheCheckpointsOfTheRecoveredRecords) {
  EXPECT_EQ(checkpoints_of(must(Pool::open(copy_))), checkpoints_);
}

TEST_P(Recovery, IsTheSameAgainAndAgain) {
  auto before = read_all(must(Pool::open(copy_)));
  uint64_t next_seq = must(must(Pool::open(copy_)).info()).next_seq;
  for (int i = 0; i < 5; ++i) {
    const auto again = dir_ / ("again" + std::to_string(i));
    copy_as_after_restart(i == 0 ? copy_ : dir_ / ("again" + std::to_string(i - 1)), again);
    const Pool pool = must(Pool::open(again));
    const auto records = read_all(pool);
    expect_newest(records, written_.size());
    EXPECT_LE(before.size(), records.size() + 7);
    EXPECT_GT(must(pool.info()).next_seq, next_seq) << "each may have shown records that were lost";
    EXPECT_EQ(checkpoints_of(pool), checkpoints_);
    next_seq = must(pool.info()).next_seq;
    before = records;
  }
}

TEST_P(Recovery, EverySequenceAndTimeIsFoundAfterwards) {
  Pool pool = must(Pool::open(copy_));
  // Around the ring, with a second jump in the middle.
  auto expected = read_all(pool);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 150; ++i) {
      const std::string body = body_of(static_cast<uint64_t>(i), 2 + i % 90);
      const AppendReceipt receipt = must(pool.append({.body = body}));
      expected.push_back({receipt.first_seq, receipt.time_ns, "", body});
    }
    const auto next = dir_ / ("next" + std::to_string(round));
    copy_as_after_restart(pool.path(), next);
    pool = must(Pool::open(next));
    const auto records = read_all(pool);
    ASSERT_TRUE(std::equal(records.rbegin(), records.rend(), expected.rbegin()));
    for (const ReadRecord& record : records) {
      ASSERT_EQ(must(pool.get(record.seq)).body, record.body);
      const Reading by_time = read_from(pool, Start::at_time(record.time_ns));
      ASSERT_EQ(by_time.records[0].time_ns, record.time_ns) << record;
      ASSERT_LE(by_time.records[0].seq, record.seq);
    }
    const auto report = must(examine_pool(next));
    ASSERT_TRUE(report.healthy()) << report.issues[0].message;
  }
}

TEST_P(Recovery, CutsABatchOfWhichAnyFrameIsMissing) {
  if (GetParam().flushed) return;  // the anchor is behind the last batch then: nothing to cut
  const uint64_t kept = last_batch_.first_seq - 1;
  for (uint64_t seq = last_batch_.first_seq; seq <= written_.size(); ++seq) {
    copy_as_after_restart(path_, copy_);
    const RawPool original(path_);
    const uint64_t offset = original.file_offset(original.position_of(seq));
    RawPool(copy_).flip(offset + sizeof(FrameHeader));
    const Pool pool = must(Pool::open(copy_));
    expect_newest(read_all(pool), kept);
  }
}

TEST_P(Recovery, MayDieAtAnyPointAndBeDoneAgain) {
  for (const Step step :
       {Step::recovery_repaired, Step::anchor_half_written, Step::recovery_anchored}) {
    copy_as_after_restart(path_, copy_);
    Child opener([&] {
      ScopedProbes probes;
      probes.reached = [&](Step reached) {
        if (reached == step) ::raise(SIGKILL);
      };
      (void)Pool::open(copy_);
      return 1;
    });
    ASSERT_EQ(opener.wait(), kKilled);
    Pool pool = must(Pool::open(copy_));
    expect_newest(read_all(pool), written_.size());
    EXPECT_EQ(checkpoints_of(pool), checkpoints_);
    EXPECT_GE(must(pool.append({.body = "{}"})).first_seq, seq_limit_);
  }
}

TEST_P(Recovery, IsDoneOnceByOneOfSeveralOpeners) {
  Pipe go;
  std::vector<Child> openers;
  for (int i = 0; i < 4; ++i)
    openers.emplace_back([&] {
      go.receive();
      const Pool pool = must(Pool::open(copy_));
      return read_all(pool).back().seq == written_.size() ? 0 : 1;
    });
  for (size_t i = 0; i < openers.size(); ++i) go.send(1);
  for (Child& opener : openers) EXPECT_EQ(opener.wait(), 0);
  RawPool raw(copy_);
  EXPECT_EQ(raw.live().anchor_gen, RawPool(path_).live().anchor_gen + 1);
}

INSTANTIATE_TEST_SUITE_P(
    , Recovery,
    testing::Values(Shape{"SmallRingBegun", 0, 10, false}, Shape{"SmallRingFlushed", 0, 10, true},
                    Shape{"SmallRingWrapped", 0, 300, false},
                    Shape{"SmallRingWrappedAndFlushed", 0, 301, true},
                    Shape{"LargeRingBegun", kSmallWindow, 10, false},
                    Shape{"LargeRingFlushed", kSmallWindow, 10, true},
                    Shape{"LargeRingWrapped", kSmallWindow, 300, false},
                    Shape{"LargeRingWrappedAndFlushed", kSmallWindow, 301, true}),
    [](const auto& shape) { return shape.param.name; });

}  // namespace
}  // namespace plasmite
