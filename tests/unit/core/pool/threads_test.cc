// One Pool shared by many threads, through one mapping: the place where ThreadSanitizer sees races.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/pool/pool.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr uint64_t kBatches = 4000;

class ThreadsTest : public testing::Test {
 protected:
  // Batches of records that name their writer, the batch and their place in it.
  static void write_batches(Pool& pool, int writer) {
    const std::string name = "writer-" + std::to_string(writer);
    for (uint64_t batch = 0; batch < kBatches; ++batch) {
      std::vector<std::string> bodies;
      const uint64_t count = 1 + batch % 3;
      for (uint64_t i = 0; i < count; ++i)
        bodies.push_back(std::to_string(writer) + " " + std::to_string(batch) + " " +
                         std::to_string(i) + " " + body_of(batch * 10 + i, 2 + batch % 200));
      std::vector<RecordView> records;
      for (const std::string& body : bodies) records.push_back({.body = body});
      const std::string value = std::to_string(batch);
      must(pool.append_batch(
          records, {.durability = batch % 1000 == 999 ? Durability::flush : Durability::fast,
                    .checkpoint = CheckpointView{name, value}}));
    }
  }

  static void expect_record(const MessageView& message) {
    unsigned writer = 0;
    unsigned long long batch = 0;
    unsigned long long place = 0;
    int used = 0;
    const std::string text(message.body);
    ASSERT_EQ(std::sscanf(text.c_str(), "%u %llu %llu %n", &writer, &batch, &place, &used), 3)
        << text;
    ASSERT_EQ(text.substr(static_cast<size_t>(used)), body_of(batch * 10 + place, 2 + batch % 200));
  }

  // Every sequence is delivered or reported lost, in order; returns when `last` was.
  static void follow(const Pool& pool, uint64_t last) {
    Cursor cursor = must(pool.cursor(Start::at_seq(1)));
    uint64_t expected = 1;
    while (expected <= last) {
      const auto message = must(cursor.next());
      if (const auto gap = cursor.take_gap()) {
        ASSERT_EQ(gap->first, expected);
        ASSERT_EQ(gap->cause, Gap::Cause::retention);
        expected = gap->last + 1;
      }
      if (!message) {
        ASSERT_TRUE(must(cursor.wait(steady_clock::now() + seconds(60)))) << expected;
        continue;
      }
      ASSERT_EQ(message->seq, expected++);
      expect_record(*message);
    }
  }

  static constexpr uint64_t kRecords = kBatches / 3 * 6 + (kBatches % 3) * (kBatches % 3 + 1) / 2;

  const ScratchDir dir_ = ScratchDir::in_memory();
  Pool pool_ = must(Pool::create(
      dir_ / "p", {.size_bytes = kMinPoolBytes, .sync_window_bytes = 16384, .seq_window = 500}));
};

TEST_F(ThreadsTest, TwoWritersTwoFollowersAndOneWhoAsks) {
  std::atomic<bool> done{false};
  std::jthread asker([&] {
    uint64_t next_seq = 1;
    while (!done) {
      const PoolInfo info = must(pool_.info());
      ASSERT_GE(info.next_seq, next_seq);
      next_seq = info.next_seq;
      if (info.newest_seq) {
        ASSERT_LE(*info.oldest_seq, *info.newest_seq);
        ASSERT_LT(*info.newest_seq, info.next_seq);
        if (const auto message = pool_.get(*info.newest_seq)) {
          expect_record(message->view());
        } else {
          ASSERT_EQ(message.error().kind(), ErrorKind::NotFound) << message.error().message();
        }
      }
      for (const Checkpoint& checkpoint : must(pool_.checkpoints())) {
        ASSERT_TRUE(checkpoint.name == "writer-1" || checkpoint.name == "writer-2");
        ASSERT_LT(std::stoull(checkpoint.value), kBatches);
      }
      if (info.oldest_time_ns) {
        Cursor cursor = must(pool_.cursor(Start::at_time(*info.oldest_time_ns)));
        must(cursor.next());
      }
    }
  });
  std::jthread first([&] { write_batches(pool_, 1); });
  std::jthread second([&] { write_batches(pool_, 2); });
  std::jthread reader([&] { follow(pool_, 2 * kRecords); });
  follow(pool_, 2 * kRecords);
  reader.join();
  done = true;
}

TEST_F(ThreadsTest, FourThreadsThatFlushShareSyncs) {
  constexpr int kThreads = 4;
  constexpr int kFlushes = 50;
  std::atomic<int> syncs{0};
  ScopedProbes probes;
  probes.reached = [&](Step step) { syncs += step == Step::flush_synced ? 1 : 0; };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < kFlushes; ++n)
          must(pool_.append({.body = "{}"}, {.durability = Durability::flush}));
      });
  }
  EXPECT_EQ(must(pool_.info()).next_seq, uint64_t{kThreads * kFlushes + 1});
  EXPECT_LE(syncs, kThreads * kFlushes);
  const RawPool raw(dir_ / "p");
  EXPECT_EQ(raw.live().flushed_head, raw.live().head);
}

// Who queues behind a sync that covers what it wants returns without one of its own.
TEST_F(ThreadsTest, WhoComesWhileASyncIsUnderWayIsServedByTheNext) {
  std::atomic<int> syncs{0};
  std::atomic<bool> leader_inside{false};
  std::atomic<bool> go_on{false};
  ScopedProbes probes;
  probes.reached = [&](Step step) {
    if (step != Step::flush_synced || ++syncs != 1) return;
    leader_inside = true;
    while (!go_on) std::this_thread::yield();
  };
  const auto flush_one = [&] {
    must(pool_.append({.body = "{}"}, {.durability = Durability::flush}));
  };
  std::jthread leader(flush_one);
  while (!leader_inside) std::this_thread::yield();
  std::vector<std::jthread> followers;
  for (int i = 0; i < 3; ++i) followers.emplace_back(flush_one);
  // All have published and are about to queue, or already do.
  while (must(pool_.info()).next_seq < 5) std::this_thread::yield();
  go_on = true;
  leader.join();
  followers.clear();
  EXPECT_EQ(syncs, 2) << "one for the leader, one for all who came meanwhile";
}

TEST_F(ThreadsTest, EveryWaiterIsWoken) {
  std::atomic<int> woken{0};
  std::vector<std::jthread> waiters;
  for (int i = 0; i < 4; ++i)
    waiters.emplace_back([&] {
      Cursor cursor = must(pool_.cursor(Start::at_seq(1)));
      while (!must(cursor.next()))
        ASSERT_TRUE(must(cursor.wait(steady_clock::now() + seconds(60))));
      ++woken;
    });
  const RawPool raw(dir_ / "p");
  while ((load_acquire(raw.wait_page().event) & 1) == 0) std::this_thread::yield();
  must(pool_.append({.body = "{}"}));
  waiters.clear();
  EXPECT_EQ(woken, 4);
}

TEST_F(ThreadsTest, CursorsOutliveThePoolTheyCameFrom) {
  std::optional<Cursor> cursor;
  {
    Pool pool = must(Pool::open(dir_ / "p"));
    must(pool.append({.body = "{\"a\":1}"}));
    cursor.emplace(must(pool.cursor(Start::oldest())));
  }
  EXPECT_EQ(must(cursor->next())->body, "{\"a\":1}");
}

}  // namespace
}  // namespace plasmite
