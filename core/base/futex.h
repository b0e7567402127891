// Sleeping on a 32-bit word shared between processes. The protocol on top (an "event": bit 0 says
// somebody may sleep, the rest counts) is the same everywhere it is used: see core/pool/event.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace plasmite {

// Sleeps while *word == expected, at most `timeout`. Returns early for any reason or none.
void futex_wait(const uint32_t* word, uint32_t expected, std::chrono::nanoseconds timeout);
void futex_wake_one(uint32_t* word);
void futex_wake_all(uint32_t* word);

struct FutexWord {
  const uint32_t* word;
  uint32_t expected;
};

inline constexpr size_t kMostFutexWords = 128;  // the kernel's limit

// The same for several words at once, 1 to kMostFutexWords: sleeps while each is as expected.
// False: it did not sleep, because this kernel (before Linux 5.16) or a sandbox does not know the
// call.
bool futex_wait_any(std::span<const FutexWord> words, std::chrono::nanoseconds timeout);

// Whether it does. Asks the kernel: one system call.
bool can_futex_wait_any();

}  // namespace plasmite
