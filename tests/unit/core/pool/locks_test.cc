// Who may write, how long others wait, and what they are told.
#include "core/pool/pool_locks.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/pool/pool.h"
#include "core/pool/pool_open.h"
#include "core/pool/pool_sync.h"
#include "tests/support/child.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Result<WriterLock> lock_writer(PoolHandle& handle, int ms) {
  Deadline deadline{milliseconds(ms)};
  return WriterLock::acquire(handle, deadline);
}

Result<FlushLock> lock_flush(PoolHandle& handle, int ms) {
  Deadline deadline{milliseconds(ms)};
  return FlushLock::acquire(handle, deadline);
}

class LocksTest : public testing::Test {
 protected:
  LocksTest() { must(Pool::create(path_, {.size_bytes = kMinPoolBytes})); }

  // A process that stops for ever at `step` of an append, and says so before.
  Child stop_at(Step step, Durability durability = Durability::fast) {
    Child child([&] {
      Pool pool = must(Pool::open(path_));
      ScopedProbes probes;
      probes.reached = [&](Step reached) {
        if (reached != step) return;
        stopped_.send(1);
        for (;;) ::pause();
      };
      (void)pool.append({.body = "{}"}, {.durability = durability});
      return 1;
    });
    stopped_.receive();
    return child;
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
  Pipe stopped_;
};

TEST_F(LocksTest, BusyAfterTheTimeoutNamesTheHolder) {
  const Child holder = stop_at(Step::locked);
  Pool pool = must(Pool::open(path_, {.lock_timeout = milliseconds(30)}));
  const auto begin = steady_clock::now();
  const auto refused = pool.append({.body = "{}"});
  const auto waited = steady_clock::now() - begin;
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Busy);
  EXPECT_NE(refused.error().message().find(std::to_string(holder.pid())), std::string::npos)
      << refused.error().message();
  EXPECT_FALSE(refused.error().hint().empty());
  EXPECT_GE(waited, milliseconds(30));
}

TEST_F(LocksTest, AHolderThatDiesFreesTheLock) {
  Child holder = stop_at(Step::locked);
  holder.send(SIGKILL);
  EXPECT_EQ(holder.wait(), kKilled);
  Pool pool = must(Pool::open(path_));
  must(pool.append({.body = "{}"}));
  EXPECT_EQ(RawPool(path_).live().repairs, 0u) << "it died before it began to write";
}

TEST_F(LocksTest, AWaiterGoesOnWhenTheHolderDies) {
  Child holder = stop_at(Step::frames_written);
  Pool pool = must(Pool::open(path_, {.lock_timeout = milliseconds(60'000)}));
  Result<AppendReceipt> result;
  std::jthread waiter([&] { result = pool.append({.body = "{}"}); });
  const RawPool raw(path_);
  while ((load_acquire(raw.wait_page().writer_lock) & 1) == 0) std::this_thread::yield();
  holder.send(SIGKILL);
  waiter.join();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->first_seq, 1u);
}

TEST_F(LocksTest, ReadingNeedsNoLock) {
  must(must(Pool::open(path_)).append({.body = R"({"a":1})"}));
  const Child holder = stop_at(Step::frames_written);
  const Pool reader = must(Pool::open(path_, {.access = Access::read}));
  EXPECT_EQ(read_all(reader).size(), 1u);
  EXPECT_EQ(must(reader.get(1)).body, R"({"a":1})");
  EXPECT_EQ(must(reader.info()).next_seq, 2u);
}

TEST_F(LocksTest, AStuckFlushHoldsUpOnlyFlushes) {
  const Child holder = stop_at(Step::flush_synced, Durability::flush);
  Pool pool = must(Pool::open(path_, {.lock_timeout = milliseconds(30)}));
  must(pool.append({.body = "{}"}));
  const auto handle = must(open_pool(path_, {}));
  EXPECT_EQ(lock_flush(*handle, 20).error().kind(), ErrorKind::Busy);
  EXPECT_TRUE(lock_writer(*handle, 20));
}

TEST_F(LocksTest, AFlusherThatDiesFreesTheLockAndBreaksNothing) {
  for (const Step step :
       {Step::flush_synced, Step::anchor_half_written, Step::anchor_written, Step::anchor_synced}) {
    Child holder = stop_at(step, Durability::flush);
    holder.send(SIGKILL);
    holder.wait();
    Pool pool = must(Pool::open(path_));
    must(pool.append({.body = "{}"}, {.durability = Durability::flush}));
    const auto copy = dir_ / "copy";
    copy_as_after_restart(path_, copy);
    EXPECT_EQ(read_all(must(Pool::open(copy))), read_all(pool)) << static_cast<int>(step);
  }
}

TEST_F(LocksTest, ThreadsOfOneProcessWaitForEachOtherAndAreToldSo) {
  const auto handle = must(open_pool(path_, {.lock_timeout = milliseconds(20)}));
  const WriterLock held = must(lock_writer(*handle, 1000));
  std::jthread([&] {
    const auto refused = lock_writer(*handle, 20);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::Busy);
    EXPECT_NE(refused.error().message().find(std::to_string(::getpid())), std::string::npos);
  }).join();
}

TEST_F(LocksTest, TwoHandlesOfOneProcessExcludeEachOther) {
  const auto first = must(open_pool(path_, {}));
  const auto second = must(open_pool(path_, {}));
  {
    const WriterLock held = must(lock_writer(*first, 1000));
    EXPECT_EQ(lock_writer(*second, 10).error().kind(), ErrorKind::Busy);
  }
  EXPECT_TRUE(lock_writer(*second, 10));
  {
    const FlushLock held = must(lock_flush(*first, 1000));
    EXPECT_EQ(lock_flush(*second, 10).error().kind(), ErrorKind::Busy);
  }
  EXPECT_TRUE(lock_flush(*second, 10));
}

TEST_F(LocksTest, ReleaseIsHarmlessTwice) {
  const auto handle = must(open_pool(path_, {}));
  WriterLock lock = must(lock_writer(*handle, 10));
  lock.release();
  lock.release();
  EXPECT_TRUE(lock_writer(*handle, 10));
}

// Each of many waiters gets its turn: a wake-up that went astray costs at most the sleep cap.
TEST_F(LocksTest, ManyWaitersAllGetTheirTurn) {
  constexpr int kThreads = 4;
  constexpr int kTurns = 200;
  std::vector<Pool> pools;
  for (int i = 0; i < kThreads; ++i) pools.push_back(must(Pool::open(path_)));
  {
    std::vector<std::jthread> threads;
    for (Pool& pool : pools)
      threads.emplace_back([&pool] {
        for (int turn = 0; turn < kTurns; ++turn) must(pool.append({.body = "{}"}));
      });
  }
  EXPECT_EQ(must(pools[0].info()).next_seq, uint64_t{kThreads * kTurns + 1});
}

TEST_F(LocksTest, OpeningForRecoveryWaitsForTheLockAndThenGivesUp) {
  const auto copy = dir_ / "copy";
  copy_as_after_restart(path_, copy);
  const UniqueFd fd(::open(copy.c_str(), O_RDWR | O_CLOEXEC));
  Deadline soon{milliseconds(10)};
  must(lock_file(fd.get(), copy.string(), soon));
  const auto busy = Pool::open(copy, {.lock_timeout = milliseconds(20)});
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().kind(), ErrorKind::Busy);
  EXPECT_FALSE(busy.error().hint().empty());
  unlock_file(fd.get());
  EXPECT_TRUE(Pool::open(copy, {.lock_timeout = milliseconds(20)}));
}

TEST_F(LocksTest, TheLockDoesNotTravelWithACopyOfTheFile) {
  const Child holder = stop_at(Step::frames_written);
  const auto copy = dir_ / "copy";
  copy_as_after_restart(path_, copy);
  Pool pool = must(Pool::open(copy, {.lock_timeout = milliseconds(1000)}));
  must(pool.append({.body = "{}"}));
}

}  // namespace
}  // namespace plasmite
