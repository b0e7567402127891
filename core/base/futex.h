// Sleeping on a 32-bit word shared between processes. The protocol on top (an "event": bit 0 says
// somebody may sleep, the rest counts) is the same everywhere it is used: see core/pool/event.h.
#pragma once

#include <chrono>
#include <cstdint>

namespace plasmite {

// Sleeps while *word == expected, at most `timeout`. Returns early for any reason or none.
void futex_wait(const uint32_t* word, uint32_t expected, std::chrono::nanoseconds timeout);
void futex_wake_one(uint32_t* word);
void futex_wake_all(uint32_t* word);

}  // namespace plasmite
