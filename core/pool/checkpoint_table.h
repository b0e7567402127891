// Named checkpoints in the live table: two copies per slot, the commit record says which is current.
// Switching a bit there is what makes a checkpoint commit together with its batch; a death in between
// needs no repair.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/pool/pool.h"
#include "core/pool/pool_view.h"

namespace plasmite {

// A slot's content in memory, with a valid crc.
CheckpointSlot make_checkpoint_slot(std::string_view name, std::string_view value, uint64_t head);

// Whether the slot is used and intact.
bool valid_checkpoint(const CheckpointSlot& slot);

// The slot that `name` has, or the first free one: writer lock held. None: all are taken.
std::optional<uint32_t> find_checkpoint_slot(const PoolView& view, uint32_t checkpoint_sel,
                                             std::string_view name);

// Fills the copy of `slot` that `checkpoint_sel` does not select; returns the selection that does.
uint32_t store_checkpoint(const PoolView& view, uint32_t checkpoint_sel, uint32_t slot,
                          const CheckpointSlot& content);

// Spoils copies that an attempt filled which died before publishing: a later salvage would take them for
// newer than the records. Writer lock held.
void discard_unpublished_checkpoints(const PoolView& view, uint32_t checkpoint_sel, uint64_t head);

// What `checkpoint_sel` selects in every slot, zeros where that is no intact checkpoint. Consistent if the
// commit record that the selection came from still is current afterwards.
std::vector<CheckpointSlot> load_checkpoints(const PoolView& view, uint32_t checkpoint_sel);

// All current checkpoints, consistent, without a lock.
Result<std::vector<Checkpoint>> read_checkpoints(const PoolView& view);

// Body of a checkpoint frame.
std::string encode_checkpoint_body(uint32_t slot, const CheckpointView& checkpoint);
// None: the body contradicts itself.
struct DecodedCheckpoint {
  uint32_t slot;
  std::string_view name;
  std::string_view value;
};
std::optional<DecodedCheckpoint> decode_checkpoint_body(std::string_view body, uint32_t slots);

}  // namespace plasmite
