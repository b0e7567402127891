// Carries frames from one pool file into another, while writers go on. Frames keep their positions,
// so whatever names one (checkpoints, cursors, sequences) stays right in a ring of another size;
// lap, CRC and index are made anew.
//
// Newest first: writers retire from the other end, so at worst the oldest are gone when it is their
// turn, never one in the middle, and a single pass ends with what a slow reader would have got.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/pool/checkpoint_table.h"
#include "core/pool/pool_handle.h"
#include "core/pool/pool_recovery.h"

namespace plasmite {

// What a pool held at one instant: the frames from tail to commit.head and these checkpoints.
struct PoolSnapshot {
  uint64_t tail = 0;
  CommitView commit;
  std::vector<CheckpointSlot> checkpoints;
};

// Without a lock. None: damage.
std::optional<PoolSnapshot> take_snapshot(const PoolView& view);

// Not thread-safe. The handles must outlive it; nobody else uses `to`.
class FrameTransfer {
 public:
  FrameTransfer(const PoolHandle& from, PoolHandle& to) : from_(from), to_(to) {}

  // Carries the frames up to `head`, which was published, as far as they are not there already.
  // Corrupt: a frame is damaged; nothing would tell readers of the copy.
  Result<void> advance_to(uint64_t head);

  // The frames that are there: begin() to end(). Both are ends of frames; equal when there are
  // none.
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }

  // What FreshPool::initialize needs. Slots of `snapshot` must fit.
  RecoveredPool state(const PoolSnapshot& snapshot) const;

 private:
  Result<uint64_t> first_frame_from(uint64_t floor, uint64_t head) const;
  void drop_below(uint64_t floor);
  uint64_t copy_newest_first(uint64_t begin, uint64_t head);
  Result<void> adopt(uint64_t begin, uint64_t head);
  Error damaged_error(uint64_t position) const;

  const PoolHandle& from_;
  PoolHandle& to_;
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  std::vector<uint64_t> buffer_;
};

}  // namespace plasmite
