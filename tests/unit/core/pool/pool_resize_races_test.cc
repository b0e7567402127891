// A pool is resized at the worst instant for somebody else: between two of its calls, or while it
// waits for a lock.
#include "core/pool/pool_resize.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/pool/pool.h"
#include "tests/support/child.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::seconds;

constexpr uint64_t kLarger = 1 << 20;

class PoolResizeRaces : public testing::Test {
 protected:
  void append(Pool& pool, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string body = body_of(++number_, 300);
      must(pool.append({.body = body}));
    }
  }

  ScratchDir dir_ = ScratchDir::in_memory();
  std::filesystem::path path_ = dir_ / "p";
  uint64_t number_ = 0;
};

// A pool that is replaced between two calls of those who open it, each time one call later.
TEST_F(PoolResizeRaces, OpeningAPoolThatIsReplacedMeanwhileFindsTheNewFile) {
  for (const Access access : {Access::append, Access::read}) {
    for (int n = 1;; ++n) {
      SCOPED_TRACE(n);
      std::filesystem::remove(path_);
      number_ = 0;
      {
        Pool pool = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
        append(pool, 10);
      }
      int calls = 0;
      bool resized = false;
      ScopedProbes probes;
      probes.fail = [&](Call) {
        if (calls++ < n || std::exchange(resized, true)) return 0;
        Child resizer([&] { return resize_pool(path_, {.size_bytes = kLarger}) ? 0 : 1; });
        EXPECT_EQ(resizer.wait(), 0);
        return 0;
      };
      const auto pool = Pool::open(path_, {.access = access});
      probes.fail = nullptr;
      ASSERT_TRUE(pool) << pool.error().message();
      EXPECT_EQ(read_all(*pool).size(), 10u);
      EXPECT_EQ(must(pool->info()).file_size, resized ? kLarger : kMinPoolBytes);
      if (!resized) break;
    }
  }
}

// It looked at the file before the resizing marked it, and gets the lock from the resizer's death.
TEST_F(PoolResizeRaces, AWriterThatWaitsWhileTheResizerDiesAppendsToTheFileThatHasTheName) {
  for (const Step death : {Step::replace_marked, Step::replace_renamed, Step::replace_done}) {
    SCOPED_TRACE(static_cast<int>(death));
    std::filesystem::remove(path_);
    number_ = 0;
    must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
    Pool writer = must(Pool::open(path_, {.lock_timeout = seconds(60)}));
    append(writer, 30);
    const RawPool old(path_);
    Child resizer([&] {
      ScopedProbes probes;
      probes.reached = [&](Step step) {
        if (step == Step::resize_filled) ::raise(SIGSTOP);  // holding the lock
        if (step == death) ::raise(SIGKILL);
      };
      (void)resize_pool(path_, {.size_bytes = kLarger});
      return 1;
    });
    resizer.wait_until_stopped();
    std::jthread appender([&] { append(writer, 1); });
    while ((load_acquire(old.wait_page().writer_lock) & 1) == 0) std::this_thread::yield();
    resizer.send(SIGCONT);
    ASSERT_EQ(resizer.wait(), kKilled);
    appender.join();
    EXPECT_EQ(read_all(must(Pool::open(path_))).size(), 31u);
    EXPECT_EQ(RawPool(path_).live().deleted, 0u);
  }
}

}  // namespace
}  // namespace plasmite
