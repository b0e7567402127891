// How large the pool is that somebody asked for.
#pragma once

#include <cstdint>

#include "core/pool/pool.h"

namespace plasmite {

// Scripts written for Plasmite 0.8.0 may ask for pools that are too small for format 4: they get
// the smallest. What was too small there, too, stays as it is, to be refused.
constexpr uint64_t pool_size_for(uint64_t asked_bytes) {
  constexpr uint64_t kHeaderOfFormat3 = 4096;
  const bool was_enough = asked_bytes > kHeaderOfFormat3;
  return was_enough && asked_bytes < kMinPoolBytes ? kMinPoolBytes : asked_bytes;
}

}  // namespace plasmite
