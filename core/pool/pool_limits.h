// What a pool of a given size can take, for whoever plans pools before they exist. Pure functions.
#pragma once

#include <cstdint>

#include "core/base/error.h"

namespace plasmite {

struct PoolLimits {
  uint64_t max_record_bytes = 0;  // the largest body that one append takes, tags not counted
  uint64_t checkpoints = 0;       // names that can be remembered
};

// Of a pool whose file has `size_bytes`, rounded up to 4096. Usage: no pool has this size.
Result<PoolLimits> pool_limits(uint64_t size_bytes);

// The smallest size, in whole MiB from 1 MiB on, whose pools take that. Usage: none does.
Result<uint64_t> smallest_pool_for(const PoolLimits& wanted);

}  // namespace plasmite
