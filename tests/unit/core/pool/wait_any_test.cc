// Waiting for several pools at once: who is announced where, what wakes, what a sandbox changes.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <thread>

#include "core/pool/pool.h"
#include "tests/support/child.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kForever{60};  // a wait that long means a lost wake-up

class WaitAny : public testing::Test {
 protected:
  explicit WaitAny(size_t count = 3) {
    for (size_t i = 0; i < count; ++i) {
      pools_.push_back(must(Pool::create(path(i), {.size_bytes = kMinPoolBytes})));
      raw_.push_back(std::make_unique<RawPool>(path(i)));
      cursors_.push_back(must(pools_.back().cursor(Start::newest())));
    }
  }
  std::filesystem::path path(size_t i) const { return dir_ / std::to_string(i); }
  bool is_announced(size_t i) const { return (load_acquire(raw_[i]->wait_page().event) & 1) != 0; }
  // Everybody is announced before anybody sleeps, so the last one says it for all.
  void until_it_sleeps() const {
    while (!is_announced(pools_.size() - 1)) std::this_thread::yield();
  }
  std::vector<Cursor*> all() {
    std::vector<Cursor*> cursors;
    cursors.reserve(cursors_.size());
    for (Cursor& cursor : cursors_) cursors.push_back(&cursor);
    return cursors;
  }
  auto wait(steady_clock::duration at_most) {
    return Cursor::wait_any(all(), steady_clock::now() + at_most);
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  std::vector<Pool> pools_;
  std::vector<std::unique_ptr<RawPool>> raw_;
  std::vector<Cursor> cursors_;
};

class WaitForMany : public WaitAny {
 protected:
  WaitForMany() : WaitAny(Cursor::kMostWaitedFor + 1) {}
};

TEST_F(WaitAny, APublishInAnyPoolWakes) {
  for (size_t i = 0; i < pools_.size(); ++i) {
    steady_clock::time_point woken;
    std::jthread sleeper([&] {
      EXPECT_TRUE(wait(kForever));
      woken = steady_clock::now();
    });
    until_it_sleeps();
    const auto appended = steady_clock::now();
    must(pools_[i].append({.body = "{}"}));
    sleeper.join();
    EXPECT_LT(woken - appended, kForever / 2);
    EXPECT_TRUE(must(cursors_[i].next()).has_value());
    // Of those nobody wrote to, which keep their announcement.
    for (size_t j = 0; j < pools_.size(); ++j) {
      EXPECT_EQ(is_announced(j), j != i);
      pools_[j].wake_waiters();
    }
  }
}

TEST_F(WaitAny, WhatIsThereAlreadyIsNotSleptOver) {
  must(pools_[1].append({.body = "{}"}));
  EXPECT_TRUE(wait(kForever));
  for (size_t i = 0; i < pools_.size(); ++i) EXPECT_FALSE(is_announced(i)) << "nobody slept";
}

TEST_F(WaitAny, EndsAtTheDeadline) {
  const auto begin = steady_clock::now();
  EXPECT_TRUE(Cursor::wait_any(all(), begin - milliseconds(1)));
  for (size_t i = 0; i < pools_.size(); ++i) EXPECT_FALSE(is_announced(i)) << "nobody slept";
  EXPECT_TRUE(wait(milliseconds(20)));
  EXPECT_TRUE(Cursor::wait_any({}, begin + milliseconds(30)));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(30));
}

TEST_F(WaitAny, SaysWhichPoolIsGone) {
  std::jthread remover([&] {
    until_it_sleeps();
    must(Pool::remove(path(1)));
  });
  const auto waited = wait(kForever);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().index, 1u);
  EXPECT_EQ(waited.error().error.kind(), ErrorKind::NotFound);
}

TEST_F(WaitAny, NoticesAFileThatWasRemovedByOtherMeans) {
  std::filesystem::remove(path(2));
  const auto begin = steady_clock::now();
  const auto waited = wait(kForever);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().index, 2u);
  EXPECT_LT(steady_clock::now() - begin, seconds(10));
}

// Each sleeper waits for all pools, the writers write to one after the other: every wake-up counts.
TEST_F(WaitAny, NoWakeUpIsLost) {
  constexpr uint64_t kRounds = 2000;
  std::atomic<uint64_t> read{0};
  std::jthread writer([&] {
    for (uint64_t round = 0; round < kRounds; ++round) {
      must(pools_[round % pools_.size()].append({.body = "{}"}));
      while (read.load(std::memory_order_acquire) <= round) std::this_thread::yield();
    }
  });
  const auto begin = steady_clock::now();
  while (read < kRounds) {
    EXPECT_TRUE(wait(kForever));
    for (Cursor& cursor : cursors_)
      while (must(cursor.next())) read.fetch_add(1, std::memory_order_release);
  }
  // A lost one costs the sleep cap, two seconds.
  EXPECT_LT(steady_clock::now() - begin, kForever);
}

TEST_F(WaitForMany, MorePoolsThanTheKernelTakesArePolled) {
  EXPECT_TRUE(wait(milliseconds(20)));
  for (size_t i = 0; i < pools_.size(); ++i) EXPECT_FALSE(is_announced(i)) << "nobody sleeps";
  std::jthread writer([&] { must(pools_.back().append({.body = "{}"})); });
  EXPECT_TRUE(wait(kForever));
  EXPECT_TRUE(must(cursors_.back().next()).has_value());
}

// Makes futex_waitv fail in this process, as old kernels and strict sandboxes do.
void forbid_futex_waitv(uint32_t error_number) {
  constexpr uint32_t kFutexWaitv = 449;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kFutexWaitv, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error_number),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = std::size(code), .filter = code};
  PLASMITE_CHECK(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  PLASMITE_CHECK(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

TEST_F(WaitAny, PollsWhereTheKernelRefusesTheCall) {
  for (const uint32_t error_number : {ENOSYS, EPERM}) {
    Pipe ready;
    Child sleeper([&] {
      forbid_futex_waitv(error_number);
      std::vector<Pool> pools;
      std::vector<Cursor> cursors;
      std::vector<Cursor*> all;
      for (size_t i = 0; i < 3; ++i) {
        pools.push_back(must(Pool::open(path(i), {.access = Access::read})));
        cursors.push_back(must(pools.back().cursor(Start::newest())));
      }
      all.reserve(cursors.size());
      for (Cursor& cursor : cursors) all.push_back(&cursor);
      ready.send(1);
      if (!Cursor::wait_any(all, steady_clock::now() + kForever)) return 1;
      return must(cursors[1].next()) ? 0 : 2;
    });
    ready.receive();
    must(pools_[1].append({.body = "{}"}));
    EXPECT_EQ(sleeper.wait(), 0);
    for (size_t i = 0; i < pools_.size(); ++i)
      EXPECT_FALSE(is_announced(i)) << "writers must not pay for somebody who polls";
  }
}

}  // namespace
}  // namespace plasmite
