#include "core/pool/pool_limits.h"

#include "core/pool/geometry.h"
#include "core/pool/pool.h"

namespace plasmite {

Result<PoolLimits> pool_limits(uint64_t size_bytes) {
  const auto geometry = plan_geometry(size_bytes);
  if (!geometry) return std::unexpected(geometry.error());
  return PoolLimits{.max_record_bytes = geometry->max_batch_bytes() - sizeof(FrameHeader),
                    .checkpoints = geometry->checkpoint_slots};
}

Result<uint64_t> smallest_pool_for(const PoolLimits& wanted) {
  constexpr uint64_t kStep = 1ull << 20;
  // Beyond it neither limit grows any more.
  constexpr uint64_t kLargest = 8 * kLargestBatchBytes;
  for (uint64_t size = kMinPoolBytes; size <= kLargest;
       size = size < kStep ? size * 2 : size + kStep) {
    const auto limits = pool_limits(size);
    if (!limits) return std::unexpected(limits.error());
    if (limits->max_record_bytes >= wanted.max_record_bytes &&
        limits->checkpoints >= wanted.checkpoints)
      return size;
  }
  return std::unexpected(
      Error(ErrorKind::Usage, "no pool takes that much")
          .with_hint("A record has at most 64M, and a pool at most 32 checkpoints."));
}

}  // namespace plasmite
