// Random bytes from the kernel.
#pragma once

#include <sys/random.h>

#include <cstdint>
#include <span>

namespace plasmite {

// getrandom(2) does not fail for up to 256 bytes once the pool is initialised.
inline void fill_random(std::span<uint8_t> bytes) {
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got > 0) filled += static_cast<size_t>(got);
  }
}

}  // namespace plasmite
