// A writer is killed at every step of an append. Whoever comes next finds everything acknowledged,
// the batch under way wholly or not at all, its checkpoint with it, and a pool that goes on.
#include <gtest/gtest.h>

#include <thread>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "core/pool/pool_locks.h"
#include "core/pool/pool_open.h"
#include "tests/support/child.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr uint64_t kLater = 1'000'000;  // numbers of records that are written after the death

struct Scenario {
  const char* name;
  uint64_t records_before;  // each in its own batch
  size_t bytes_before;
  std::vector<size_t> dying_batch;  // bytes of its bodies
  bool checkpoint;
};

void kill_at(ScopedProbes& probes, Step step) {
  probes.reached = [step](Step reached) {
    if (reached == step) ::raise(SIGKILL);
  };
}

void append_numbered(Pool& pool, uint64_t first_number, const std::vector<size_t>& sizes,
                     std::optional<CheckpointView> checkpoint = std::nullopt) {
  std::vector<std::string> bodies;
  for (size_t i = 0; i < sizes.size(); ++i) bodies.push_back(body_of(first_number + i, sizes[i]));
  std::vector<RecordView> records;
  for (const std::string& body : bodies) records.push_back({.body = body});
  must(pool.append_batch(records, {.checkpoint = checkpoint}));
}

class WriterDeath : public testing::TestWithParam<Scenario> {
 protected:
  void SetUp() override {
    const Scenario& s = GetParam();
    std::filesystem::remove(path_);
    Pool pool = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
    must(pool.append_batch({}, {.checkpoint = CheckpointView{"src", "old"}}));
    for (uint64_t seq = 1; seq <= s.records_before; ++seq)
      append_numbered(pool, seq, {s.bytes_before});
  }

  void die_at(Step step) {
    Child writer([&] {
      Pool pool = must(Pool::open(path_));
      ScopedProbes probes;
      kill_at(probes, step);
      append_numbered(
          pool, first_dying(), GetParam().dying_batch,
          GetParam().checkpoint ? std::optional(CheckpointView{"src", "new"}) : std::nullopt);
      return 1;
    });
    ASSERT_EQ(writer.wait(), kKilled);
  }

  static uint64_t first_dying() { return GetParam().records_before + 1; }
  static uint64_t after_dying() { return first_dying() + GetParam().dying_batch.size(); }

  static std::string expected_body(uint64_t seq) {
    const Scenario& s = GetParam();
    if (seq < first_dying()) return body_of(seq, s.bytes_before);
    return body_of(seq, s.dying_batch[seq - first_dying()]);
  }

  // Records from some sequence on without a hole, each what was appended, up to the last before the
  // death or to the last of the dying batch. True: the dying batch is there.
  static bool expect_whole(const Pool& pool) {
    const Reading reading = read_from(pool, Start::at_seq(1));
    EXPECT_FALSE(reading.error);
    const auto& records = reading.records;
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_EQ(records[i].seq, records[0].seq + i);
      if (records[i].seq < after_dying()) {
        EXPECT_EQ(records[i].body, expected_body(records[i].seq));
      }
    }
    for (const Gap& gap : reading.gaps) {
      EXPECT_EQ(gap.first, 1u);
      EXPECT_EQ(gap.last + 1, records[0].seq);
      EXPECT_EQ(gap.cause, Gap::Cause::retention);
    }
    if (records.empty()) {
      EXPECT_TRUE(GetParam().records_before == 0);
      return false;
    }
    const uint64_t end = records.back().seq + 1;
    EXPECT_TRUE(end == first_dying() || end == after_dying()) << end;
    return end == after_dying();
  }

  static std::string checkpoint_value(const Pool& pool) {
    const auto checkpoint = must(pool.checkpoint("src"));
    return checkpoint ? checkpoint->value : "(none)";
  }
  static std::string expected_checkpoint(bool published) {
    return published && GetParam().checkpoint ? "new" : "old";
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
};

TEST_P(WriterDeath, TheNextWriterGoesOnAndNothingAcknowledgedIsLost) {
  for (int k = 0; k < kAppendSteps; ++k) {
    SCOPED_TRACE("step " + std::to_string(k));
    const auto step = static_cast<Step>(k);
    SetUp();
    die_at(step);
    const uint64_t attempt_time = RawPool(path_).live().attempt_time;

    Pool pool = must(Pool::open(path_));
    const bool published = step >= Step::published;
    EXPECT_EQ(expect_whole(pool), published);
    const uint64_t next = published ? after_dying() : first_dying();
    const std::string body = body_of(kLater, 300);
    const AppendReceipt receipt = must(pool.append({.body = body}));
    EXPECT_EQ(receipt.first_seq, next);
    EXPECT_GT(static_cast<uint64_t>(receipt.time_ns), attempt_time) << "times are given out once";
    EXPECT_EQ(must(pool.get(next)).body, body);
    EXPECT_EQ(checkpoint_value(pool), expected_checkpoint(published));
    EXPECT_EQ(RawPool(path_).live().writing, 0u);
    const DoctorReport report = must(examine_pool(path_));
    EXPECT_TRUE(report.healthy()) << report.issues[0].message;
    // And round the ring once more.
    for (int i = 0; i < 100; ++i) append_numbered(pool, kLater + 1, {500});
    EXPECT_EQ(must(pool.info()).next_seq, next + 101);
  }
}

TEST_P(WriterDeath, ACopyOfWhatItLeftRecoversTheBatchWhollyOrNotAtAll) {
  for (int k = 0; k < kAppendSteps; ++k) {
    SCOPED_TRACE("step " + std::to_string(k));
    const auto step = static_cast<Step>(k);
    SetUp();
    die_at(step);
    const auto copy = dir_ / "copy";
    copy_as_after_restart(path_, copy);
    const Pool pool = must(Pool::open(copy));
    const bool recovered = expect_whole(pool);
    // Complete but unpublished it may come back: nobody saw anything else under its sequences.
    if (step >= Step::published) {
      EXPECT_TRUE(recovered);
    }
    if (step <= Step::frames_half_written) {
      EXPECT_FALSE(recovered);
    }
    EXPECT_EQ(checkpoint_value(pool), expected_checkpoint(recovered));
  }
}

TEST_P(WriterDeath, WhatWasNeverPublishedDoesNotComeBackAfterTheRepair) {
  for (int k = 0; k < static_cast<int>(Step::published); ++k) {
    SCOPED_TRACE("step " + std::to_string(k));
    SetUp();
    die_at(static_cast<Step>(k));
    {
      const auto handle = must(open_pool(path_, {}));
      Deadline deadline{seconds(5)};
      must(WriterLock::acquire(*handle, deadline));
    }
    EXPECT_EQ(RawPool(path_).live().writing, 0u);
    const auto copy = dir_ / "copy";
    copy_as_after_restart(path_, copy);
    EXPECT_FALSE(expect_whole(must(Pool::open(copy))));
    // Nor its checkpoint, when others have published beyond it.
    {
      Pool pool = must(Pool::open(path_));
      for (int i = 0; i < 30; ++i) append_numbered(pool, kLater, {500});
      EXPECT_EQ(checkpoint_value(pool), "old");
    }
    copy_as_after_restart(path_, copy);
    EXPECT_EQ(checkpoint_value(must(Pool::open(copy))), "old");
  }
}

// The checkpoint of a batch of which a frame is damaged is newer than the records that are left.
TEST_P(WriterDeath, ACheckpointIsNeverRecoveredWithoutItsRecords) {
  if (!GetParam().checkpoint) return;
  SetUp();
  die_at(Step::commit_written);
  const auto copy = dir_ / "copy";
  copy_as_after_restart(path_, copy);
  {
    const RawPool raw(copy);
    uint64_t last_frame = raw.view().head();
    for (size_t i = 0; i < GetParam().dying_batch.size(); ++i)  // the control frame comes first
      last_frame += raw.view().header_at(last_frame).size();
    raw.flip(raw.file_offset(last_frame) + sizeof(FrameHeader));
  }
  const Pool pool = must(Pool::open(copy));
  EXPECT_FALSE(expect_whole(pool));
  EXPECT_EQ(checkpoint_value(pool), "old");
}

TEST_P(WriterDeath, TheRepairItselfMayDie) {
  for (const Step step : {Step::frames_half_written, Step::frames_written, Step::commit_written}) {
    SCOPED_TRACE("step " + std::to_string(static_cast<int>(step)));
    SetUp();
    die_at(step);
    const bool dirty = RawPool(path_).view().header_at(RawPool(path_).view().head()).words[0] != 0;
    Child repairer([&] {
      Pool pool = must(Pool::open(path_));
      ScopedProbes probes;
      kill_at(probes, Step::repair_scrubbed);
      append_numbered(pool, kLater, {100});
      return 0;
    });
    EXPECT_EQ(repairer.wait(), dirty ? kKilled : 0);
    if (!dirty) continue;
    EXPECT_EQ(RawPool(path_).live().writing, 1u) << "the duty goes on to the next";
    Pool pool = must(Pool::open(path_));
    append_numbered(pool, kLater, {100});
    EXPECT_EQ(must(pool.get(first_dying())).body, body_of(kLater, 100));
    EXPECT_EQ(RawPool(path_).live().writing, 0u);
    EXPECT_TRUE(must(examine_pool(path_)).healthy());
  }
}

// The clock may step back between two attempts at the same place; their frames must differ even so.
TEST_P(WriterDeath, TheTimeOfADeadAttemptIsNeverGivenOutAgain) {
  const uint64_t future = 7'258'118'400'000'000'000;  // as if the clock had been ahead before
  for (int k = static_cast<int>(Step::attempt_time_stored); k < static_cast<int>(Step::published);
       ++k) {
    SCOPED_TRACE("step " + std::to_string(k));
    SetUp();
    RawPool(path_).live().attempt_time = future;
    die_at(static_cast<Step>(k));  // its batch had future + 1
    Pool pool = must(Pool::open(path_));
    EXPECT_GT(must(pool.append({.body = "{}"})).time_ns, static_cast<int64_t>(future + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(
    , WriterDeath,
    testing::Values(Scenario{"EmptyPool", 0, 0, {100, 200}, true},
                    Scenario{"RoomLeft", 5, 300, {100, 2, 1000, 7}, true},
                    Scenario{"RingFull", 200, 300, {100, 2, 1000, 7}, true},
                    Scenario{"RingFullWithoutCheckpoint", 200, 301, {500}, false},
                    Scenario{"LargestBatch", 100, 700, {4000, 4000}, true},
                    Scenario{"BucketBoundary", 30, 40, {40, 40, 40, 40}, false}),
    [](const auto& scenario) { return scenario.param.name; });

// The writer died between publishing and waking; nobody publishes anything else. Whoever takes the
// lock next wakes the sleeper, long before its own cap.
// How long a sleeper goes on sleeping once the next holder of the lock was there.
steady_clock::duration until_woken_after_a_death() {
  const ScratchDir dir = ScratchDir::in_memory();
  must(Pool::create(dir / "p", {.size_bytes = kMinPoolBytes}));
  const RawPool raw(dir / "p");
  Pipe go;
  Child writer([&] {
    Pool pool = must(Pool::open(dir / "p"));
    ScopedProbes probes;
    kill_at(probes, Step::published);
    go.receive();
    append_numbered(pool, 1, {100});
    return 1;
  });
  const Pool pool = must(Pool::open(dir / "p", {.access = Access::read}));
  Cursor cursor = must(pool.cursor(Start::newest()));
  Result<bool> woken = false;
  steady_clock::time_point woken_at;
  std::jthread sleeper([&] {
    woken = cursor.wait(steady_clock::now() + seconds(60));
    woken_at = steady_clock::now();
  });
  while ((load_acquire(raw.wait_page().event) & 1) == 0) std::this_thread::yield();
  go.send(1);
  EXPECT_EQ(writer.wait(), kKilled);
  const auto handle = must(open_pool(dir / "p", {}));
  Deadline deadline{seconds(60)};
  must(WriterLock::acquire(*handle, deadline));
  const auto released_at = steady_clock::now();
  sleeper.join();
  EXPECT_TRUE(must(std::move(woken)));
  EXPECT_EQ(must(cursor.next())->seq, 1u);
  return woken_at - released_at;
}

TEST(WriterDeathWakes, TheNextHolderOfTheLockWakesSleepers) {
  // A busy machine has several attempts to be quick.
  steady_clock::duration quickest = seconds(60);
  for (int attempt = 0; attempt < 5 && quickest > seconds(1); ++attempt)
    quickest = std::min(quickest, until_woken_after_a_death());
  EXPECT_LT(quickest, seconds(1)) << "the cap is 2 s";
}

}  // namespace
}  // namespace plasmite
