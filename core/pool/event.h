// An event: a futex word on which processes sleep until another one did something. Bit 0 says
// "somebody may sleep", the other bits count. Model-checked in spec/model/wait.pml.
//
// Proof of no lost wake-up without sequential consistency: the sleeper's announce() and the actor's
// signal() are both read-modify-writes of the same word. Whichever comes later in its modification
// order acquires the earlier: either the actor sees the bit and wakes, or the sleeper's second look
// sees what the actor did. A process that dies between acting and signalling is why every sleep is
// capped.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/base/futex.h"

namespace plasmite {

class Event {
 public:
  explicit Event(uint32_t& word) : word_(word) {}

  // The sleeper: announce, look again, then sleep on what announce() returned.
  uint32_t announce() {
    return std::atomic_ref(word_).fetch_or(1, std::memory_order_acq_rel) | 1;  // pairs with signal
  }
  void sleep(uint32_t announced, std::chrono::nanoseconds cap) {
    futex_wait(&word_, announced, cap);
  }

  // The actor, after acting: clears the announcement in the same step that reads it. True: wake.
  bool signal() {
    std::atomic_ref word(word_);
    const uint32_t seen = word.load(std::memory_order_relaxed);
    return (word.exchange((seen | 1) + 1, std::memory_order_acq_rel) & 1) != 0;  // pairs with announce
  }
  void wake_all() { futex_wake_all(&word_); }
  void wake_one() { futex_wake_one(&word_); }

  bool somebody_announced() const {
    return (std::atomic_ref(word_).load(std::memory_order_acquire) & 1) != 0;
  }

 private:
  uint32_t& word_;
};

}  // namespace plasmite
