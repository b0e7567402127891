// Where the parts of a pool file lie, computed from its size. Pure functions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/error.h"
#include "core/pool/pool_format.h"

namespace plasmite {

inline constexpr uint64_t kLargestBatchBytes = 64ull << 20;
// A batch may exceed its limit by one checkpoint frame: committing a checkpoint with the records must
// not make a batch that fits too large.
inline constexpr uint64_t kCheckpointAllowanceBytes =
    frame_bytes(sizeof(CheckpointBody) + kCheckpointNameBytes + kCheckpointValueBytes);

struct Geometry {
  uint64_t file_size;
  uint64_t anchor_bytes;
  uint64_t checkpoint_offset;
  uint32_t checkpoint_slots;
  uint64_t index_offset;
  uint64_t index_slots;
  uint64_t ring_offset;
  uint64_t ring_size;

  uint64_t anchor_offset(uint64_t copy) const { return kAnchorsOffset + copy * anchor_bytes; }
  uint64_t superblock_copy_offset() const { return file_size - kPageBytes; }
  // What one append may take: a quarter of the ring, so that no batch retires more than that, and
  // little enough that reservations (pos_limit, seq_limit) always cover one batch.
  uint64_t max_batch_bytes() const { return std::min(ring_size / 4, kLargestBatchBytes); }

  bool operator==(const Geometry&) const = default;
};

// For a file of `size_bytes` (rounded up to a page). Usage error below kMinPoolBytes and above
// kMaxPoolBytes.
Result<Geometry> plan_geometry(uint64_t size_bytes);

// What `superblock` says, checked against itself and the file's size: Corrupt when it does not fit.
Result<Geometry> geometry_of(const Superblock& superblock, uint64_t file_size);

}  // namespace plasmite
