// What an append needs, decided by arithmetic alone.
#include "core/pool/append_plan.h"

#include <gtest/gtest.h>

#include "core/pool/pool.h"
#include "tests/support/must.h"

namespace plasmite {
namespace {

constexpr uint64_t kRing = 32768;
constexpr uint64_t kSyncWindow = 1u << 20;
constexpr uint64_t kSeqWindow = 1000;

AppendPlan plan(const WriterState& state, uint64_t bytes, uint64_t records = 1) {
  return plan_append(state, {.bytes = bytes, .records = records, .largest = bytes}, kRing,
                     kSyncWindow, kSeqWindow);
}

WriterState state_at(uint64_t head, uint64_t tail) {
  return {.head = head,
          .tail = tail,
          .next_seq = 10,
          .pos_limit = kSyncWindow,
          .seq_limit = 10 + kSeqWindow};
}

TEST(SizeOfBatch, CountsHeadersTagsPaddingAndTheCheckpoint) {
  const TagBlock tags = must(TagBlock::encode({"ab"}));  // 2 + 1 + 2 bytes
  const RecordView records[] = {
      {.body = "{}"}, {.body = "{\"a\":1}", .tags = &tags}, {.body = "12345678"}};
  const BatchSize size = size_of_batch(records, 0);
  EXPECT_EQ(size.bytes, (32 + 8) + (32 + 16) + (32 + 8));
  EXPECT_EQ(size.largest, 48u);
  EXPECT_EQ(size.records, 3u);
  EXPECT_EQ(size_of_batch(records, 17).bytes, size.bytes + 32 + 24);
  EXPECT_EQ(size_of_batch(records, 17).largest, 48u) << "a checkpoint is not a record";
}

TEST(SizeOfBatch, AgreesWithStoredBytes) {
  const TagBlock tags = must(TagBlock::encode({"a", "bcd"}));
  for (size_t length = 2; length < 60; ++length) {
    const std::string body(length, 'x');
    for (const TagBlock* with : {static_cast<const TagBlock*>(nullptr), &tags}) {
      const RecordView record{.body = body, .tags = with};
      EXPECT_EQ(size_of_batch({&record, 1}, 0).bytes, Pool::stored_bytes(record));
    }
  }
}

TEST(AppendPlan, FitsWhileThereIsRoom) {
  const AppendPlan first = plan(state_at(0, 0), 400);
  EXPECT_EQ(first.verdict, AppendVerdict::fits);
  EXPECT_EQ(first.new_head, 400u);
  EXPECT_EQ(first.retire_to, 0u);
}

TEST(AppendPlan, FitsToTheLastByteOfTheRing) {
  EXPECT_EQ(plan(state_at(kRing - 40, 0), 40).verdict, AppendVerdict::fits);
  EXPECT_EQ(plan(state_at(0, 0), kRing).verdict, AppendVerdict::fits);
  EXPECT_EQ(plan(state_at(5000 + kRing - 40, 5000), 40).verdict, AppendVerdict::fits);
}

TEST(AppendPlan, RetiresExactlyWhatIsMissing) {
  const AppendPlan one_word = plan(state_at(kRing - 40, 0), 48);
  EXPECT_EQ(one_word.verdict, AppendVerdict::retire);
  EXPECT_EQ(one_word.retire_to, 8u);
  const AppendPlan full = plan(state_at(7 * kRing, 6 * kRing), 400);
  EXPECT_EQ(full.verdict, AppendVerdict::retire);
  EXPECT_EQ(full.retire_to, 6 * kRing + 400);
  EXPECT_EQ(full.new_head, 7 * kRing + 400);
}

TEST(AppendPlan, ABatchOfTheWholeRingRetiresEverything) {
  const AppendPlan all = plan(state_at(3 * kRing + 800, 2 * kRing + 900), kRing);
  EXPECT_EQ(all.verdict, AppendVerdict::retire);
  EXPECT_EQ(all.retire_to, 3 * kRing + 800) << "the tail meets the head";
}

TEST(AppendPlan, ReservesFirstOnlyWhenTheBatchReachesBeyondTheReservation) {
  const uint64_t near = kSyncWindow - 400;
  EXPECT_NE(plan(state_at(near, near), 400).verdict, AppendVerdict::reserve_first);
  EXPECT_EQ(plan(state_at(near, near), 408).verdict, AppendVerdict::reserve_first);

  WriterState sequences = state_at(0, 0);
  sequences.seq_limit = sequences.next_seq + 5;
  EXPECT_EQ(plan(sequences, 400, 5).verdict, AppendVerdict::fits);
  EXPECT_EQ(plan(sequences, 400, 6).verdict, AppendVerdict::reserve_first);
}

TEST(AppendPlan, ExactlyOneBatchCrossesHalfOfTheWindow) {
  int crossings = 0;
  uint64_t crossed_at = 0;
  for (uint64_t head = 0; head + 400 <= kSyncWindow; head += 400) {
    if (!plan(state_at(head, head), 400).crosses_half_window) continue;
    ++crossings;
    crossed_at = head;
  }
  EXPECT_EQ(crossings, 1);
  EXPECT_LE(crossed_at, kSyncWindow / 2);
  EXPECT_GT(crossed_at + 400, kSyncWindow / 2);
}

TEST(AppendPlan, ExactlyOneBatchCrossesHalfOfTheSequences) {
  int crossings = 0;
  WriterState state = state_at(0, 0);
  for (; state.next_seq + 7 <= state.seq_limit; state.next_seq += 7)
    crossings += plan(state, 40, 7).crosses_half_window ? 1 : 0;
  EXPECT_EQ(crossings, 1);
}

TEST(AppendPlan, ABatchThatEndsAtTheHalfLeavesTheCrossingToTheNext) {
  const uint64_t half = kSyncWindow / 2;
  EXPECT_FALSE(plan(state_at(half - 400, half - 400), 400).crosses_half_window);
  EXPECT_TRUE(plan(state_at(half, half), 8).crosses_half_window);
  EXPECT_FALSE(plan(state_at(half + 8, half), 8).crosses_half_window);
}

}  // namespace
}  // namespace plasmite
