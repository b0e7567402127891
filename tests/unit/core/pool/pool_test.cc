// The pool through its public interface, one process, no faults.
#include "core/pool/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::vector<uint64_t> read_all(Cursor& cursor) {
  std::vector<uint64_t> seqs;
  for (;;) {
    auto message = cursor.next();
    if (!message || !*message) return seqs;
    seqs.push_back((*message)->seq);
  }
}

TEST(Pool, ReadsBackWhatWasAppendedWithTagsTimeAndSequence) {
  const ScratchDir dir;
  auto pool = Pool::create(dir / "p");
  ASSERT_TRUE(pool) << pool.error().message();
  const auto tags = TagBlock::encode({"ci", "ci", "ünï"});
  ASSERT_TRUE(tags);
  const auto first = pool->append({.body = R"({"a":1})", .tags = &*tags});
  ASSERT_TRUE(first);
  const auto second = pool->append({.body = "{}"});
  ASSERT_TRUE(second);
  EXPECT_EQ(first->first_seq, 1u);
  EXPECT_EQ(second->first_seq, 2u);
  EXPECT_GT(second->time_ns, first->time_ns);

  auto cursor = pool->cursor(Start::oldest());
  ASSERT_TRUE(cursor);
  auto message = cursor->next();
  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->body, R"({"a":1})");
  EXPECT_THAT((*message)->tags.to_vector(), testing::ElementsAre("ci", "ci", "ünï"));
  EXPECT_EQ((*message)->time_ns, first->time_ns);
  message = cursor->next();
  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->body, "{}");
  EXPECT_TRUE((*message)->tags.empty());
  message = cursor->next();
  ASSERT_TRUE(message);
  EXPECT_FALSE(*message);
}

TEST(Pool, KeepsSequencesAcrossReopening) {
  const ScratchDir dir;
  {
    ASSERT_TRUE(Pool::create(dir / "p")->append({.body = "{}"}));
  }
  auto pool = Pool::open(dir / "p");
  ASSERT_TRUE(pool) << pool.error().message();
  const auto receipt = pool->append({.body = "{}"});
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->first_seq, 2u);
}

TEST(Pool, RetiresTheOldestAndReportsExactlyWhatAReaderLost) {
  const ScratchDir dir;
  auto pool = Pool::create(dir / "p", {.size_bytes = kMinPoolBytes});
  ASSERT_TRUE(pool);
  auto cursor = pool->cursor(Start::at_seq(1));
  ASSERT_TRUE(cursor);
  const std::string body(1000, 'x');
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool->append({.body = body}));
  const auto info = pool->info();
  ASSERT_TRUE(info);
  ASSERT_GT(*info->oldest_seq, 400u);
  EXPECT_EQ(*info->newest_seq, 500u);
  auto message = cursor->next();
  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->seq, *info->oldest_seq);
  const auto gap = cursor->take_gap();
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->first, 1u);
  EXPECT_EQ(gap->last, *info->oldest_seq - 1);
  EXPECT_EQ(gap->cause, Gap::Cause::retention);
  EXPECT_EQ(read_all(*cursor).size(), *info->newest_seq - *info->oldest_seq);
}

// What makes room retires whole buckets of the index at once, but never much more than it must.
TEST(Pool, RetainsAllButA64thOfItsRing) {
  for (const size_t batch : {1, 3, 100}) {
    for (const size_t bytes : {8, 200, 3000}) {
      const ScratchDir dir;
      auto pool = Pool::create(dir / "p", {.size_bytes = 1 << 20});
      ASSERT_TRUE(pool);
      const std::string body(bytes, 'x');
      const RecordView record{.body = body};
      const uint64_t frame = Pool::stored_bytes(record);
      const std::vector<RecordView> records(std::min(batch, pool->max_batch_bytes() / frame),
                                            record);
      const uint64_t ring = 4 * pool->max_batch_bytes();
      uint64_t least = UINT64_MAX;
      for (uint64_t written = 0; written < 3 * ring; written += records.size() * frame) {
        ASSERT_TRUE(pool->append_batch(records, {}));
        if (written < ring) continue;
        const auto info = pool->info();
        ASSERT_TRUE(info);
        const uint64_t retained = *info->newest_seq - *info->oldest_seq + 1;
        ASSERT_LE(retained * frame, ring);
        least = std::min(least, retained * frame);
      }
      EXPECT_GT(least, ring - ring / 64 - frame) << batch << " of " << bytes;
    }
  }
}

TEST(Pool, FindsEverySequenceByNumberAndByTime) {
  const ScratchDir dir;
  auto pool = Pool::create(dir / "p", {.size_bytes = kMinPoolBytes});
  ASSERT_TRUE(pool);
  std::vector<int64_t> times;
  for (int i = 0; i < 2000; ++i) {
    const std::string body(static_cast<size_t>(2 + i % 300), 'x');
    const auto receipt = pool->append({.body = body});
    ASSERT_TRUE(receipt);
    times.push_back(receipt->time_ns);
  }
  const auto info = pool->info();
  ASSERT_TRUE(info);
  for (uint64_t seq = *info->oldest_seq; seq <= *info->newest_seq; ++seq) {
    const auto message = pool->get(seq);
    ASSERT_TRUE(message) << seq << " " << message.error().message();
    EXPECT_EQ(message->body.size(), 2 + (seq - 1) % 300);
    auto by_time = pool->cursor(Start::at_time(times[seq - 1]));
    ASSERT_TRUE(by_time);
    auto found = by_time->next();
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->seq, seq);
  }
  for (const uint64_t missing : {uint64_t{0}, *info->oldest_seq - 1, *info->newest_seq + 1}) {
    const auto message = pool->get(missing);
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().kind(), ErrorKind::NotFound);
    EXPECT_EQ(message.error().seq(), missing);
  }
  auto later = pool->cursor(Start::at_time(times.back() + 1));
  ASSERT_TRUE(later);
  EXPECT_THAT(read_all(*later), testing::IsEmpty());
}

TEST(Pool, CommitsACheckpointWithItsBatchAndAlone) {
  const ScratchDir dir;
  auto pool = Pool::create(dir / "p");
  ASSERT_TRUE(pool);
  ASSERT_TRUE(pool->append({.body = "{}"}, {.checkpoint = CheckpointView{"journal", "s=1"}}));
  ASSERT_TRUE(pool->append_batch({}, {.checkpoint = CheckpointView{"journal", "s=2"}}));
  ASSERT_TRUE(pool->append_batch({}, {.checkpoint = CheckpointView{"other", ""}}));
  EXPECT_EQ((*pool->checkpoint("journal"))->value, "s=2");
  EXPECT_EQ((*pool->checkpoint("other"))->value, "");
  EXPECT_FALSE(*pool->checkpoint("unknown"));
  // Control frames take no sequence.
  EXPECT_EQ(pool->append({.body = "{}"})->first_seq, 2u);
  auto cursor = pool->cursor(Start::oldest());
  EXPECT_THAT(read_all(*cursor), testing::ElementsAre(1, 2));
}

TEST(Pool, RefusesWhatExceedsAQuarterOfTheRing) {
  const ScratchDir dir;
  auto pool = Pool::create(dir / "p", {.size_bytes = kMinPoolBytes});
  ASSERT_TRUE(pool);
  const std::string fits(pool->info()->max_record_bytes, 'x');
  EXPECT_TRUE(pool->append({.body = fits}));
  const auto refused = pool->append({.body = fits + "x"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Usage);
}

TEST(Pool, WaitReturnsWhenSomethingIsAppendedAndTimesOutOtherwise) {
  const ScratchDir dir;
  auto pool = Pool::create(dir / "p");
  auto cursor = pool->cursor(Start::newest());
  ASSERT_TRUE(cursor);
  const auto timed_out = cursor->wait(steady_clock::now() + milliseconds(20));
  ASSERT_TRUE(timed_out);
  EXPECT_FALSE(*timed_out);
  ASSERT_TRUE(pool->append({.body = "{}"}));
  EXPECT_TRUE(*cursor->wait(steady_clock::now() + milliseconds(2000)));
}

TEST(Pool, FlushSurvivesAndGroupsWithoutError) {
  const ScratchDir dir;
  auto pool = Pool::create(dir / "p", {.size_bytes = kMinPoolBytes});
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(pool->append({.body = "{}"}, {.durability = Durability::flush}));
  EXPECT_TRUE(pool->flush());
}

TEST(Pool, DeletionReachesReadersAndWriters) {
  const ScratchDir dir;
  auto pool = Pool::create(dir / "p");
  auto reader = Pool::open(dir / "p", {.access = Access::read});
  ASSERT_TRUE(reader);
  auto cursor = reader->cursor(Start::oldest());
  ASSERT_TRUE(Pool::remove(dir / "p"));
  EXPECT_EQ(pool->append({.body = "{}"}).error().kind(), ErrorKind::NotFound);
  EXPECT_EQ(cursor->next().error().kind(), ErrorKind::NotFound);
  EXPECT_EQ(Pool::open(dir / "p").error().kind(), ErrorKind::NotFound);
}

TEST(Pool, RefusesToCreateOverAnExistingFile) {
  const ScratchDir dir;
  ASSERT_TRUE(Pool::create(dir / "p"));
  EXPECT_EQ(Pool::create(dir / "p").error().kind(), ErrorKind::AlreadyExists);
}

}  // namespace
}  // namespace plasmite
