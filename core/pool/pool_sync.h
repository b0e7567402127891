// Making data durable: plain syncs, anchors, group commit.
#pragma once

#include <cstdint>

#include "core/base/error.h"
#include "core/pool/pool_handle.h"

namespace plasmite {

// fdatasync of the whole file. A failure is remembered in the live page: the kernel may have marked the
// lost pages clean, so no later sync can promise anything about them.
Result<void> sync_data(PoolHandle& handle);

// The next two wait up to a minute (or the handle's lock timeout, if longer) for a sync under way.

// Makes everything before position `head` durable. Whoever queues behind a sync that covers it
// returns without one of its own. An Io error, whatever the reason,
// that says that the records are visible all the same; or that the file was truncated.
Result<void> flush_to(PoolHandle& handle, uint64_t head);

// Writes a durable anchor at the present head and raises the limits from it. Unless somebody else did
// since `seen_gen` (LivePage::anchor_gen) was read.
Result<void> reserve(PoolHandle& handle, uint64_t seen_gen);

// What an anchor states. Positions and sequences as in LivePage.
struct AnchorState {
  uint64_t gen;
  uint64_t tail;
  uint64_t head;
  uint64_t next_seq;
  uint64_t last_time;
  uint64_t pos_limit;
  uint64_t seq_limit;
};

// Fills copy `copy` of the anchors in memory, with the current checkpoints of `checkpoint_sel`.
void write_anchor_copy(const PoolView& view, uint64_t copy, const AnchorState& state,
                       const CheckpointSlot* checkpoints);

// Reads and verifies a copy; false when it is damaged.
bool read_anchor_copy(const PoolView& view, uint64_t copy, AnchorState* state);

}  // namespace plasmite
