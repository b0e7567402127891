// What is synced when, and what may be promised after which sync: flushes, anchors, reservations.
#include <gtest/gtest.h>

#include "core/pool/pool.h"
#include "core/pool/pool_sync.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using Events = std::vector<std::string>;

const char* name_of(Step step) {
  switch (step) {
    case Step::flush_synced:
      return "flush_synced";
    case Step::anchor_half_written:
      return "anchor_half_written";
    case Step::anchor_written:
      return "anchor_written";
    case Step::anchor_synced:
      return "anchor_synced";
    case Step::published:
      return "published";
    default:
      return nullptr;
  }
}

class SyncTest : public testing::Test {
 protected:
  // Events of everything done with the pool from now on.
  void watch() {
    probes_.reached = [this](Step step) {
      if (const char* name = name_of(step)) events_.push_back(name);
      if (on_step_) on_step_(step);
    };
    probes_.synced = [this] { events_.push_back("synced"); };
  }

  Pool small_ring() { return must(Pool::create(path_, {.size_bytes = kMinPoolBytes})); }
  // A ring that the reserved window cannot lap.
  Pool large_ring() {
    return must(Pool::create(
        path_, {.size_bytes = kMinPoolBytes, .sync_window_bytes = 16384, .seq_window = 500}));
  }

  static const Events& anchor_events() {
    static const Events events = {"synced",         "flush_synced", "anchor_half_written",
                                  "anchor_written", "synced",       "anchor_synced"};
    return events;
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
  ScopedProbes probes_;
  std::function<void(Step)> on_step_;
  Events events_;
};

TEST_F(SyncTest, AFastAppendSyncsNothing) {
  Pool pool = small_ring();
  watch();
  for (int i = 0; i < 100; ++i) must(pool.append({.body = "{}"}));
  EXPECT_EQ(events_, Events(100, "published"));
}

TEST_F(SyncTest, AFlushInARingThatCannotBeLappedIsOneSyncAfterThePublish) {
  Pool pool = large_ring();
  watch();
  must(pool.append({.body = "{}"}, {.durability = Durability::flush}));
  EXPECT_EQ(events_, (Events{"published", "synced", "flush_synced"}));
}

TEST_F(SyncTest, AFlushInARingThatMayBeLappedIsAnAnchorDataFirst) {
  Pool pool = small_ring();
  watch();
  must(pool.append({.body = "{}"}, {.durability = Durability::flush}));
  Events expected = {"published"};
  expected.insert(expected.end(), anchor_events().begin(), anchor_events().end());
  EXPECT_EQ(events_, expected);
}

TEST_F(SyncTest, WhatIsOnDiskAlreadyIsNotSyncedAgain) {
  Pool pool = large_ring();
  must(pool.append({.body = "{}"}, {.durability = Durability::flush}));
  watch();
  must(pool.flush());
  EXPECT_TRUE(events_.empty());
}

TEST_F(SyncTest, TheLimitsRiseOnlyAfterTheAnchorIsOnDisk) {
  Pool pool = small_ring();
  const RawPool raw(path_);
  const uint64_t pos_limit = raw.live().pos_limit;
  const uint64_t seq_limit = raw.live().seq_limit;
  on_step_ = [&](Step step) {
    if (step < Step::flush_synced) return;
    EXPECT_EQ(raw.live().pos_limit, pos_limit);
    EXPECT_EQ(raw.live().seq_limit, seq_limit);
    EXPECT_EQ(raw.live().flushed_head, 0u);
  };
  watch();
  must(pool.append({.body = "{}"}, {.durability = Durability::flush}));
  EXPECT_EQ(raw.live().pos_limit, raw.live().head + kDefaultSyncWindow);
  EXPECT_EQ(raw.live().seq_limit, 2 + kDefaultSeqWindow);
  EXPECT_EQ(raw.live().flushed_head, raw.live().head);
}

TEST_F(SyncTest, AnAnchorNeverOverwritesTheCopyInForce) {
  Pool pool = small_ring();
  const RawPool raw(path_);
  on_step_ = [&](Step step) {
    if (step != Step::anchor_half_written && step != Step::anchor_written) return;
    AnchorState state{};
    EXPECT_TRUE(read_anchor_copy(raw.view(), raw.live().anchor_copy, &state));
    EXPECT_EQ(state.gen, raw.live().anchor_gen);
  };
  watch();
  for (uint64_t i = 0; i < 5; ++i) {
    const uint64_t before = raw.live().anchor_copy;
    must(pool.append({.body = "{}"}, {.durability = Durability::flush}));
    EXPECT_EQ(raw.live().anchor_copy, 1 - before);
  }
}

TEST_F(SyncTest, AnAnchorStatesWhatThePoolHolds) {
  Pool pool = small_ring();
  for (int i = 0; i < 200; ++i) must(pool.append({.body = body_of(1, 500)}));
  must(pool.append({.body = "{}"},
                   {.durability = Durability::flush, .checkpoint = CheckpointView{"a", "1"}}));
  const RawPool raw(path_);
  AnchorState state{};
  ASSERT_TRUE(read_anchor_copy(raw.view(), raw.live().anchor_copy, &state));
  EXPECT_EQ(state.head, raw.live().head);
  EXPECT_EQ(state.tail, raw.live().tail);
  EXPECT_EQ(state.next_seq, 202u);
  EXPECT_EQ(state.last_time, raw.view().read_commit()->last_time);
}

// Appends may run ahead of the durable reservation by no byte and no sequence.
TEST_F(SyncTest, AppendsNeverPassTheReservation) {
  Pool pool = large_ring();
  const RawPool raw(path_);
  uint64_t durable_pos = raw.live().pos_limit;
  uint64_t durable_seq = raw.live().seq_limit;
  on_step_ = [&](Step step) {
    if (step == Step::published) {
      EXPECT_LE(raw.live().head, durable_pos);
      EXPECT_LE(raw.view().read_commit()->next_seq, durable_seq);
    } else if (step == Step::anchor_synced) {
      AnchorState state{};
      EXPECT_TRUE(read_anchor_copy(raw.view(), 1 - raw.live().anchor_copy, &state));
      durable_pos = state.pos_limit;
      durable_seq = state.seq_limit;
    }
  };
  watch();
  for (uint64_t i = 0; i < 3000; ++i) must(pool.append({.body = body_of(i, 2 + i * 37 % 900)}));
  const std::vector<RecordView> many(200, RecordView{.body = "{}"});
  for (int i = 0; i < 50; ++i) must(pool.append_batch(many));
  EXPECT_GT(raw.live().anchors, 100u);
}

TEST_F(SyncTest, TheReservationIsRenewedEarlyAndOutsideTheLock) {
  Pool pool = large_ring();
  const RawPool raw(path_);
  on_step_ = [&](Step step) {
    if (step == Step::flush_synced) {
      EXPECT_EQ(raw.live().writer_pid, 0u) << "other writers go on meanwhile";
    }
  };
  watch();
  // 16 KiB are reserved: the batch that passes the half renews them.
  uint64_t renewed_at = 0;
  while (renewed_at == 0) {
    must(pool.append({.body = body_of(1, 500)}));
    if (raw.live().anchors != 0) renewed_at = raw.live().head;
  }
  EXPECT_GT(renewed_at, 8192u);
  EXPECT_LT(renewed_at, 8192u + 600);
}

TEST_F(SyncTest, CreationSyncsDataBeforeTheAnchorThatTrustsIt) {
  watch();
  const Pool pool = small_ring();
  EXPECT_EQ(events_, (Events{"synced", "anchor_half_written", "synced"}));
}

TEST_F(SyncTest, RecoverySyncsWhatItRepairedBeforeTheAnchorThatTrustsIt) {
  must(small_ring().append({.body = "{}"}));
  copy_as_after_restart(path_, dir_ / "copy");
  watch();
  must(Pool::open(dir_ / "copy"));
  EXPECT_EQ(events_, (Events{"synced", "anchor_half_written", "synced"}));
}

}  // namespace
}  // namespace plasmite
