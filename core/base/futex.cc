#include "core/base/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <ctime>

#include "core/base/check.h"

namespace plasmite {
namespace {

// The kernel's, spelt out: the headers of older systems lack them. The number is the same on every
// machine.
constexpr long kFutexWaitv = 449;
constexpr uint32_t kFutex32 = 2;  // and not private: the sleepers are other processes
struct Waiter {
  uint64_t expected;
  uint64_t address;
  uint32_t flags;
  uint32_t reserved;
};

timespec after(std::chrono::nanoseconds timeout) {
  timespec limit{};
  ::clock_gettime(CLOCK_MONOTONIC, &limit);
  const int64_t nanoseconds = limit.tv_nsec + timeout.count() % 1'000'000'000;
  limit.tv_sec +=
      static_cast<time_t>(timeout.count() / 1'000'000'000 + nanoseconds / 1'000'000'000);
  limit.tv_nsec = static_cast<long>(nanoseconds % 1'000'000'000);
  return limit;
}

}  // namespace

// Not FUTEX_PRIVATE: the sleepers are other processes.
void futex_wait(const uint32_t* word, uint32_t expected, std::chrono::nanoseconds timeout) {
  if (timeout.count() <= 0) return;
  const timespec limit{.tv_sec = static_cast<time_t>(timeout.count() / 1'000'000'000),
                       .tv_nsec = static_cast<long>(timeout.count() % 1'000'000'000)};
  ::syscall(SYS_futex, word, FUTEX_WAIT, expected, &limit, nullptr, 0);
}

void futex_wake_one(uint32_t* word) {
  ::syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void futex_wake_all(uint32_t* word) {
  ::syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

bool futex_wait_any(std::span<const FutexWord> words, std::chrono::nanoseconds timeout) {
  PLASMITE_CHECK(!words.empty() && words.size() <= kMostFutexWords);
  if (timeout.count() <= 0) return true;
  std::array<Waiter, kMostFutexWords> waiters;
  for (size_t i = 0; i < words.size(); ++i) {
    waiters[i] = {.expected = words[i].expected,
                  .address = reinterpret_cast<uintptr_t>(words[i].word),
                  .flags = kFutex32,
                  .reserved = 0};
  }
  const timespec until = after(timeout);  // an instant, unlike that of futex_wait
  if (::syscall(kFutexWaitv, waiters.data(), words.size(), 0, &until, CLOCK_MONOTONIC) >= 0)
    return true;
  return errno == EAGAIN || errno == ETIMEDOUT || errno == EINTR;
}

bool can_futex_wait_any() {
  // A word that is not as expected: nobody sleeps.
  const uint32_t word = 0;
  const FutexWord other{.word = &word, .expected = 1};
  return futex_wait_any(std::span(&other, 1), std::chrono::seconds(1));
}

}  // namespace plasmite
