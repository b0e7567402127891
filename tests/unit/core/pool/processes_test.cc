// Several processes on one pool: they see each other's records, wait for each other, survive each
// other.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <cstdio>
#include <thread>
#include <vector>

#include "core/pool/pool.h"
#include "tests/support/child.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class ProcessesTest : public testing::Test {
 protected:
  ProcessesTest() { must(Pool::create(path_, {.size_bytes = kMinPoolBytes})); }

  // Sleeps on the pool until it has something or is gone; the exit code is the kind of the error.
  Child wait_in_a_process(Pipe& ready) const {
    return Child([&] {
      const Pool pool = must(Pool::open(path_, {.access = Access::read}));
      Cursor cursor = must(pool.cursor(Start::newest()));
      ready.send(1);
      const auto waited = cursor.wait(steady_clock::now() + seconds(60));
      if (waited) return *waited ? 0 : 100;
      return static_cast<int>(waited.error().kind());
    });
  }
  void until_somebody_sleeps() const {
    const RawPool raw(path_);
    while ((load_acquire(raw.wait_page().event) & 1) == 0) ::sched_yield();
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
};

constexpr int kWriters = 3;
constexpr uint64_t kPerWriter = 4000;

int write_numbered(const std::filesystem::path& path, int writer) {
  Pool pool = must(Pool::open(path));
  for (uint64_t n = 0; n < kPerWriter; ++n) {
    const std::string body = std::to_string(writer) + " " + std::to_string(n) + " " +
                             body_of(n * kWriters + static_cast<uint64_t>(writer), 2 + n % 150);
    must(pool.append({.body = body}));
  }
  return 0;
}

// Reads everything; each sequence once, or in a gap; of each writer in order. 0: all well.
int read_numbered(const std::filesystem::path& path) {
  const Pool pool = must(Pool::open(path, {.access = Access::read}));
  Cursor cursor = must(pool.cursor(Start::at_seq(1)));
  int64_t newest[kWriters] = {-1, -1, -1};
  uint64_t expected = 1;
  while (expected <= kWriters * kPerWriter) {
    const auto message = must(cursor.next());
    if (const auto gap = cursor.take_gap()) {
      if (gap->first != expected || gap->cause != Gap::Cause::retention) return 1;
      expected = gap->last + 1;
    }
    if (!message) {
      if (!must(cursor.wait(steady_clock::now() + seconds(60)))) return 2;
      continue;
    }
    if (message->seq != expected++) return 3;
    const std::string text(message->body);
    int writer = 0;
    unsigned long long n = 0;
    int used = 0;
    if (std::sscanf(text.c_str(), "%d %llu %n", &writer, &n, &used) != 2) return 4;
    if (text.substr(static_cast<size_t>(used)) !=
        body_of(n * kWriters + static_cast<uint64_t>(writer), 2 + n % 150))
      return 5;
    if (static_cast<int64_t>(n) <= newest[writer]) return 6;
    newest[writer] = static_cast<int64_t>(n);
  }
  return 0;
}

TEST_F(ProcessesTest, ThreeWritersAndThreeReadersMissNothing) {
  std::vector<Child> children;
  for (int i = 0; i < 3; ++i) children.emplace_back([&] { return read_numbered(path_); });
  for (int i = 0; i < kWriters; ++i)
    children.emplace_back([&, i] { return write_numbered(path_, i); });
  for (Child& child : children) EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(must(must(Pool::open(path_)).info()).next_seq, kWriters * kPerWriter + 1);
}

TEST_F(ProcessesTest, AStoppedHolderMakesOthersBusyAndGoesOnWhenContinued) {
  Pipe inside;
  Child holder([&] {
    Pool pool = must(Pool::open(path_));
    ScopedProbes probes;
    probes.reached = [&](Step step) {
      if (step != Step::frames_written) return;
      inside.send(1);
      ::raise(SIGSTOP);
    };
    must(pool.append({.body = "{\"by\":\"holder\"}"}));
    return 0;
  });
  inside.receive();
  holder.wait_until_stopped();
  Pool pool = must(Pool::open(path_, {.lock_timeout = milliseconds(50)}));
  EXPECT_EQ(pool.append({.body = "{}"}).error().kind(), ErrorKind::Busy);
  EXPECT_TRUE(read_all(pool).empty());
  holder.send(SIGCONT);
  EXPECT_EQ(holder.wait(), 0);
  EXPECT_EQ(must(pool.append({.body = "{}"})).first_seq, 2u);
  EXPECT_EQ(read_all(pool)[0].body, "{\"by\":\"holder\"}");
}

TEST_F(ProcessesTest, AnAppendWakesAWaiterInAnotherProcess) {
  Pipe ready;
  Child waiter = wait_in_a_process(ready);
  ready.receive();
  until_somebody_sleeps();
  must(must(Pool::open(path_)).append({.body = "{}"}));
  EXPECT_EQ(waiter.wait(), 0);
}

TEST_F(ProcessesTest, DeletionWakesAWaiterInAnotherProcessAtOnce) {
  // A busy machine has several attempts to be quick.
  steady_clock::duration quickest = seconds(60);
  for (int attempt = 0; attempt < 5 && quickest > seconds(1); ++attempt) {
    if (attempt > 0) must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
    Pipe ready;
    Child waiter = wait_in_a_process(ready);
    ready.receive();
    until_somebody_sleeps();
    const auto begin = steady_clock::now();
    must(Pool::remove(path_));
    EXPECT_EQ(waiter.wait(), static_cast<int>(ErrorKind::NotFound));
    quickest = std::min(quickest, steady_clock::now() - begin);
  }
  EXPECT_LT(quickest, seconds(1)) << "woken, not waited for its cap of 2 s";
}

TEST_F(ProcessesTest, AFileUnlinkedByOtherMeansIsNoticedWithinTwoSeconds) {
  Pipe ready;
  Child waiter = wait_in_a_process(ready);
  ready.receive();
  until_somebody_sleeps();
  const auto begin = steady_clock::now();
  std::filesystem::remove(path_);
  EXPECT_EQ(waiter.wait(), static_cast<int>(ErrorKind::NotFound));
  EXPECT_LT(steady_clock::now() - begin, seconds(15));
}

TEST_F(ProcessesTest, AFileTruncatedUnderASleeperIsNoticed) {
  Pipe ready;
  Child waiter = wait_in_a_process(ready);
  ready.receive();
  until_somebody_sleeps();
  std::filesystem::resize_file(path_, kPageBytes);
  EXPECT_EQ(waiter.wait(), static_cast<int>(ErrorKind::Io));
}

TEST_F(ProcessesTest, AWriterOfAnUnlinkedFileIsToldNotToGoOn) {
  Pool pool = must(Pool::open(path_));
  std::filesystem::remove(path_);
  // It asks the file system once a second at most; the first append of this handle is one such
  // time.
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(pool.append({.body = "{}"}).error().kind(), ErrorKind::NotFound) << i;
}

TEST_F(ProcessesTest, AWriterOfAnUnlinkedFileIsToldSoWhoeverHoldsItsLock) {
  Pool pool = must(Pool::open(path_, {.lock_timeout = milliseconds(50)}));
  const UniqueFd holder(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(holder.get(), LOCK_EX), 0);
  EXPECT_EQ(pool.append({.body = "{}"}).error().kind(), ErrorKind::Busy);
  std::filesystem::remove(path_);
  std::this_thread::sleep_for(milliseconds(1100));  // it asks the file system once a second
  EXPECT_EQ(pool.append({.body = "{}"}).error().kind(), ErrorKind::NotFound);
}

TEST_F(ProcessesTest, AWriterOfACutFileIsToldEachTime) {
  Pool pool = must(Pool::open(path_));
  std::filesystem::resize_file(path_, kMinPoolBytes - 1);  // nothing an append touches is missing
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(pool.append({.body = "{}"}).error().kind(), ErrorKind::Io) << i;
}

TEST_F(ProcessesTest, AfterDeletionTheSameNameIsANewPool) {
  Pool old = must(Pool::open(path_));
  const auto old_id = must(old.info()).id;
  must(old.append({.body = "{}"}));
  must(Pool::remove(path_));
  Pool fresh = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  EXPECT_NE(must(fresh.info()).id, old_id);
  EXPECT_EQ(must(fresh.append({.body = "{}"})).first_seq, 1u);
  EXPECT_EQ(old.append({.body = "{}"}).error().kind(), ErrorKind::NotFound);
}

TEST_F(ProcessesTest, DeletionWaitsForAWriterAndGivesUp) {
  Pipe inside;
  const Child holder([&] {
    Pool pool = must(Pool::open(path_));
    ScopedProbes probes;
    probes.reached = [&](Step step) {
      if (step != Step::locked) return;
      inside.send(1);
      for (;;) ::pause();
    };
    (void)pool.append({.body = "{}"});
    return 1;
  });
  inside.receive();
  EXPECT_EQ(Pool::remove(path_, milliseconds(20)).error().kind(), ErrorKind::Busy);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(ProcessesTest, DamagedAndForeignFilesCanBeDeletedOtherThingsCannot) {
  write_bytes(path_, "damaged");
  must(Pool::remove(path_));
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(Pool::remove(path_).error().kind(), ErrorKind::NotFound);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(Pool::remove(path_).error().kind(), ErrorKind::Usage);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace plasmite
