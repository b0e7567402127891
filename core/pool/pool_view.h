// Pointers to the parts of a mapped pool file, and the few reads that everybody needs. A plain value;
// the mapping must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/pool/commit_record.h"
#include "core/pool/frame.h"
#include "core/pool/geometry.h"
#include "core/pool/pool_format.h"
#include "core/pool/ring.h"

namespace plasmite {

struct PoolView {
  std::byte* base = nullptr;
  Geometry geometry{};
  uint32_t crc_seed = 0;
  uint64_t sync_window = 0;
  uint64_t seq_window = 0;
  LivePage* live = nullptr;
  CheckpointSlot* checkpoints = nullptr;  // copy c of slot s is checkpoints[2 * s + c]
  uint64_t* index = nullptr;
  Ring ring;

  static PoolView of(std::byte* base, const Geometry& geometry, const Superblock& superblock);

  uint64_t slot_of(uint64_t seq) const { return seq / kIndexStride % geometry.index_slots; }

  FrameWords header_at(uint64_t position) const {
    return header_at_offset(ring.offset_of(position));
  }
  FrameWords header_at_offset(uint64_t offset) const {
    return {{ring.load_at(offset), ring.load_at(ring.step(offset, 8)),
             ring.load_at(ring.step(offset, 16)), ring.load_at(ring.step(offset, 24))}};
  }

  // Whether `frame`, read at `position`, can be a frame there with `end` as the first position that
  // does not belong to it or its successors. Does not look at the body.
  bool plausible(const FrameWords& frame, uint64_t position, uint64_t end) const {
    return plausible_in_lap(frame, position / geometry.ring_size, position, end);
  }
  // The same for callers that know the lap already.
  bool plausible_in_lap(const FrameWords& frame, uint64_t lap, uint64_t position,
                        uint64_t end) const {
    return frame.has_magic() && frame.lap() == static_cast<uint32_t>(lap) &&
           frame.size() <= end - position && frame.size() <= geometry.ring_size &&
           frame.seq() <= kMaxCount && frame.time() <= kMaxTime;
  }

  // Whether the frame at `position` is intact, body and all. Only for bytes that nobody writes
  // meanwhile (recovery, the lock's holder), or where a wrong answer is caught later.
  bool intact(const FrameWords& frame, uint64_t position, uint64_t end) const;

  // The first intact frame at or after `position`, or `end`.
  uint64_t resync(uint64_t position, uint64_t end) const;

  // Consistent without a lock: a commit record is complete while its head is live.head. None: no
  // intact record names head, or head and tail contradict each other; only damage does that.
  std::optional<CommitView> read_commit() const;

  uint64_t head() const { return load_acquire(live->head); }  // pairs with PoolWriter::publish
  uint64_t tail() const { return load_acquire(live->tail); }  // pairs with PoolWriter::make_room
};

}  // namespace plasmite
