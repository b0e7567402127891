// What a pool holds after the live page was lost (restart, power loss, copy): the longest valid prefix.
// The rules and why they suffice: spec/pool-format.md, Recovery.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/pool/pool_handle.h"
#include "core/pool/pool_sync.h"
#include "core/pool/pool_view.h"

namespace plasmite {

struct RecoveredPool {
  AnchorState anchor{};      // the one recovery started from
  uint64_t anchor_copy = 0;  // and which copy it was
  uint64_t tail = 0;
  uint64_t head = 0;
  uint64_t found_next = 1;  // one above the newest record found
  uint64_t next_seq = 1;    // above everything that may ever have been visible
  uint64_t last_time = 0;
  uint64_t index_from = 0;  // positions from here to head were walked: their index slots are rewritten
  uint64_t index_to = 0;
  std::vector<CheckpointSlot> checkpoints;
};

// Reads anchors and ring; changes nothing. None: no valid anchor.
std::optional<RecoveredPool> recover(const PoolView& view);

// The lowest sequence >= `limit` at which a pool that found records below `found_next` may continue:
// a whole number of index circles above it, so that the slots of the index stay in order.
uint64_t seq_above(const PoolView& view, uint64_t found_next, uint64_t limit);

// Writes the live page, checkpoint table, index and (if sequences were skipped) a recovery frame, then a
// durable anchor. The caller holds the file lock and stores the tag afterwards. `durable` is false for
// private copies and for new files that are synced as a whole.
Result<void> initialize_live(PoolHandle& handle, const RecoveredPool& recovered, bool durable);

}  // namespace plasmite
