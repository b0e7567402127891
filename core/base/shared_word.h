// Words in memory that other processes map, too: plain integers in the layout structs, touched
// only through these functions. Why no memcpy and no fences: see spec/pool-format.md, Ordering.
#pragma once

#include <atomic>
#include <cstdint>

namespace plasmite {

static_assert(std::atomic_ref<uint64_t>::is_always_lock_free);
static_assert(std::atomic_ref<uint32_t>::is_always_lock_free);

template <class Word>
Word load_acquire(const Word& word) {
  // atomic_ref wants a mutable object; a load never writes, so read-only mappings are fine.
  return std::atomic_ref<Word>(const_cast<Word&>(word)).load(std::memory_order_acquire);
}

template <class Word>
Word load_relaxed(const Word& word) {
  return std::atomic_ref<Word>(const_cast<Word&>(word)).load(std::memory_order_relaxed);
}

template <class Word>
void store_release(Word& word, Word value) {
  std::atomic_ref<Word>(word).store(value, std::memory_order_release);
}

template <class Word>
void store_relaxed(Word& word, Word value) {
  std::atomic_ref<Word>(word).store(value, std::memory_order_relaxed);
}

}  // namespace plasmite
