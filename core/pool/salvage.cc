#include "core/pool/salvage.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "core/pool/checkpoint_table.h"
#include "core/pool/frame_walk.h"
#include "core/pool/pool_open.h"
#include "core/pool/pool_sync.h"

namespace plasmite {
namespace {

// How many sequences the recovery frame at `position` stands for.
uint64_t skipped_by(const PoolView& view, const FrameWords& frame, uint64_t position) {
  RecoveryBody fixed{};
  const std::string body = read_body(view, frame, position);
  if (body.size() != sizeof(fixed)) return 0;
  std::memcpy(&fixed, body.data(), sizeof(fixed));
  return fixed.next_seq > fixed.found_next ? fixed.next_seq - fixed.found_next : 0;
}

}  // namespace

KnownLimits known_limits(const PoolHandle& handle) {
  const PoolView& view = handle.view;
  KnownLimits limits;
  const auto tag = live_tag(handle.fd.get(), handle.path.string());
  const bool tagged = tag && load_acquire(view.live->tag) == *tag;
  const auto commit = tagged ? view.read_commit() : std::nullopt;
  limits.live = commit && commit->next_seq <= kMaxCount / 2;
  for (uint64_t copy = 0; copy < 2; ++copy) {
    AnchorState anchor{};
    if (!read_anchor_copy(view, copy, &anchor) || anchor.seq_limit > kMaxCount / 2) continue;
    limits.anchored = true;
    limits.reference = std::max(limits.reference, anchor.head);
    limits.floor = std::max(limits.floor, anchor.tail);
    limits.next_seq = std::max(limits.next_seq, limits.live ? anchor.next_seq : anchor.seq_limit);
  }
  if (limits.live) {
    limits.reference = std::max(limits.reference, commit->head);
    limits.next_seq = std::max(limits.next_seq, commit->next_seq);
    limits.floor = std::max(limits.floor, std::min(view.tail(), commit->head));
    limits.ceiling = commit->head;
  }
  return limits;
}

FoundRecords find_records(const PoolView& view, const KnownLimits& limits) {
  FoundRecords found;
  const auto runs =
      scan_runs(view, limits.reference, [&](const FrameWords& frame, uint64_t position) {
        return position >= limits.floor && position < limits.ceiling &&
               frame.seq() <= kMaxCount / 2;
      });
  uint64_t skipped = 0;
  for (const FrameRun& run : runs) {
    for (uint64_t at = run.begin; at < run.end;) {
      const FrameWords frame = view.header_at(at);
      // Sequences grow with positions in everything that was ever published; a stale attempt beyond
      // head does not fit in and goes.
      if ((frame.flags() & kFrameRecovery) != 0) {
        skipped += skipped_by(view, frame, at);
      } else if (!frame.is_control() &&
                 (found.records.empty() || frame.seq() > found.records.back().seq)) {
        found.records.push_back({at, frame.seq(), std::exchange(skipped, 0)});
      }
      at += frame.size();
    }
  }
  found.skipped_at_end = skipped;
  if (!runs.empty()) found.end = runs.back().end;
  return found;
}

std::vector<CheckpointSlot> salvage_checkpoints(const PoolView& view, const KnownLimits& limits) {
  std::vector<CheckpointSlot> slots(view.geometry.checkpoint_slots);
  const auto commit = limits.live ? view.read_commit() : std::nullopt;
  const auto take = [&](uint32_t slot, const CheckpointSlot& value) {
    if (valid_checkpoint(value) && value.head <= limits.reference &&
        (!valid_checkpoint(slots[slot]) || value.head > slots[slot].head))
      slots[slot] = value;
  };
  for (uint32_t slot = 0; slot < slots.size(); ++slot) {
    for (uint64_t copy = 0; copy < 2; ++copy) {
      AnchorState anchor{};
      if (!read_anchor_copy(view, copy, &anchor)) continue;
      const std::byte* at = view.base + view.geometry.anchor_offset(copy) + sizeof(AnchorHeader);
      CheckpointSlot value;
      std::memcpy(&value, at + slot * sizeof(CheckpointSlot), sizeof(value));
      take(slot, value);
    }
    if (commit) {
      take(slot, view.checkpoints[2 * slot + (commit->checkpoint_sel >> slot & 1)]);
    } else {
      take(slot, view.checkpoints[2 * slot]);
      take(slot, view.checkpoints[2 * slot + 1]);
    }
    // Positions start over in the new file.
    slots[slot].head = 0;
    if (slots[slot].name_len != 0)
      slots[slot] = make_checkpoint_slot({slots[slot].name, slots[slot].name_len},
                                         {slots[slot].value, slots[slot].value_len}, 0);
  }
  return slots;
}

}  // namespace plasmite
