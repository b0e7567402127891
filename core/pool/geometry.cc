#include "core/pool/geometry.h"

#include <algorithm>
#include <string>

#include "core/pool/pool.h"

namespace plasmite {

namespace {

constexpr uint64_t round_to_page(uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

// Two more than the buckets a full ring of the smallest frames can touch, so that the slots of
// retained records never collide, not even with those of a batch being written.
constexpr uint64_t index_slots_for(uint64_t ring_size) {
  return ring_size / (kMinFrameBytes * kIndexStride) + 2;
}

}  // namespace

Result<Geometry> plan_geometry(uint64_t size_bytes) {
  if (size_bytes < kMinPoolBytes || size_bytes > kMaxPoolBytes) {
    return std::unexpected(Error(ErrorKind::Usage, "pool size of " + std::to_string(size_bytes) +
                                                       " bytes is out of range")
                               .with_hint("Use a size from 64K to 16384G."));
  }
  Geometry g{};
  g.file_size = round_to_page(size_bytes);
  g.checkpoint_slots = static_cast<uint32_t>(std::clamp<uint64_t>(
      g.file_size / (32u << 10), kMinCheckpointSlots, kMaxCheckpointSlots));
  g.anchor_bytes =
      round_to_page(sizeof(AnchorHeader) + g.checkpoint_slots * sizeof(CheckpointSlot));
  g.checkpoint_offset = kAnchorsOffset + 2 * g.anchor_bytes;
  g.index_offset =
      g.checkpoint_offset + round_to_page(2 * g.checkpoint_slots * sizeof(CheckpointSlot));
  // The index is sized for the ring it would serve if it took no space: never too small.
  const uint64_t rest = g.file_size - g.index_offset - kPageBytes;
  g.index_slots = index_slots_for(rest);
  g.ring_offset = g.index_offset + round_to_page(g.index_slots * sizeof(uint64_t));
  g.ring_size = g.file_size - kPageBytes - g.ring_offset;
  return g;
}

Result<Geometry> geometry_of(const Superblock& superblock, uint64_t file_size) {
  const auto corrupt = [](const char* message) {
    return std::unexpected(Error(ErrorKind::Corrupt, message));
  };
  if (superblock.file_size != file_size) return corrupt("invalid file size");
  auto planned = plan_geometry(file_size);
  if (!planned || planned->file_size != file_size) return corrupt("invalid file size");
  const Geometry stored{.file_size = superblock.file_size,
                        .anchor_bytes = superblock.anchor_bytes,
                        .checkpoint_offset = superblock.checkpoint_offset,
                        .checkpoint_slots = superblock.checkpoint_slots,
                        .index_offset = superblock.index_offset,
                        .index_slots = superblock.index_slots,
                        .ring_offset = superblock.ring_offset,
                        .ring_size = superblock.ring_size};
  // The layout is a function of the size alone in this version; anything else is not ours.
  if (!(stored == *planned) || superblock.index_stride != kIndexStride)
    return corrupt("superblock layout mismatch");
  if (superblock.sync_window < 2 * planned->max_batch_bytes() ||
      superblock.seq_window < 2 * planned->max_batch_bytes() / kMinFrameBytes ||
      superblock.sync_window > kMaxCount / 2 || superblock.seq_window > kMaxCount / 2)
    return corrupt("superblock windows are invalid");
  return stored;
}

}  // namespace plasmite
