#include "core/pool/pool_recovery.h"

#include <algorithm>
#include <cstring>
#include <ctime>

#include "core/base/probe.h"
#include "core/pool/checkpoint_table.h"
#include "core/pool/frame_walk.h"

namespace plasmite {
namespace {

// Frames written before the anchor: flushed, unless their space was reused.
bool is_flushed_frame(const AnchorState& anchor, const FrameWords& frame, uint64_t position) {
  return position >= anchor.tail && position + frame.size() <= anchor.head &&
         (frame.seq() < anchor.next_seq || (frame.is_control() && frame.seq() == anchor.next_seq));
}

// Frames that can only have been written since the anchor.
bool is_new_frame(const AnchorState& anchor, const FrameWords& frame, uint64_t position) {
  return position >= anchor.head && position + frame.size() <= anchor.pos_limit &&
         frame.seq() >= anchor.next_seq &&
         (frame.seq() < anchor.seq_limit ||
          (frame.is_control() && frame.seq() == anchor.seq_limit));
}

// Of several values of one slot the newest that is not newer than the records counts.
void take_checkpoint(std::vector<CheckpointSlot>& into, uint32_t slot, const CheckpointSlot& value,
                     uint64_t head) {
  if (!valid_checkpoint(value) || value.head > head) return;
  if (!valid_checkpoint(into[slot]) || value.head >= into[slot].head) into[slot] = value;
}

class Recovery {
 public:
  Recovery(const PoolView& view, const AnchorState& anchor, uint64_t copy) : view_(view) {
    pool_.anchor = anchor;
    pool_.anchor_copy = copy;
    pool_.checkpoints.resize(view.geometry.checkpoint_slots);
    const std::byte* slots =
        view.base + view.geometry.anchor_offset(copy) + sizeof(AnchorHeader);
    std::memcpy(pool_.checkpoints.data(), slots,
                pool_.checkpoints.size() * sizeof(CheckpointSlot));
  }

  RecoveredPool run() {
    const AnchorState& anchor = pool_.anchor;
    const uint64_t ring_size = view_.geometry.ring_size;
    // Nothing at or above this was overwritten since the anchor.
    const uint64_t safe_from = anchor.pos_limit > ring_size ? anchor.pos_limit - ring_size : 0;
    if (safe_from <= anchor.head) {
      keep_from(anchor.tail, safe_from);
      continue_from_anchor();
    } else {
      scan_small_ring();
    }
    choose_next_seq();
    return std::move(pool_);
  }

 private:
  // The tail is the first frame from which everything up to `to` is intact.
  void keep_from(uint64_t tail, uint64_t to) {
    const uint64_t head = pool_.anchor.head;
    pool_.index_from = tail;
    for (uint64_t at = tail; at < to && at < head;) {
      const FrameWords frame = view_.header_at(at);
      if (view_.intact(frame, at, head)) {
        at += frame.size();
      } else {
        at = tail = view_.resync(at + 8, head);
      }
    }
    pool_.tail = tail;
    pool_.index_to = to;
  }

  void continue_from_anchor() {
    const AnchorState& anchor = pool_.anchor;
    const WalkState end =
        walk_batches(view_, {anchor.head, anchor.next_seq, anchor.last_time}, anchor.pos_limit,
                     anchor.seq_limit,
                     [&](const FrameWords& frame, uint64_t position, uint64_t batch_end) {
                       visit_checkpoint(frame, position, batch_end);
                     });
    pool_.head = end.position;
    pool_.found_next = end.next_seq;
    pool_.last_time = end.last_time;
  }

  void visit_checkpoint(const FrameWords& frame, uint64_t position, uint64_t batch_end) {
    if ((frame.flags() & kFrameCheckpoint) == 0) return;
    const std::string body = read_body(view_, frame, position);
    const auto checkpoint = decode_checkpoint_body(body, view_.geometry.checkpoint_slots);
    if (!checkpoint) return;
    take_checkpoint(pool_.checkpoints, checkpoint->slot,
                    make_checkpoint_slot(checkpoint->name, checkpoint->value, batch_end), batch_end);
  }

  // The ring is smaller than the window: the writer may have gone round it since the anchor.
  void scan_small_ring() {
    const AnchorState& anchor = pool_.anchor;
    const uint64_t ring_size = view_.geometry.ring_size;
    uint64_t newest_end = anchor.head;
    const auto new_runs =
        scan_runs(view_, anchor.pos_limit, [&](const FrameWords& frame, uint64_t position) {
          return is_new_frame(anchor, frame, position);
        });
    if (!new_runs.empty()) newest_end = std::max(newest_end, new_runs.back().end);
    // Bytes up to `newest_end` were written, so what lay a ring's length before them is gone.
    const uint64_t floor = newest_end > ring_size ? newest_end - ring_size : 0;
    if (floor > anchor.head) {
      salvage(new_runs, floor);
      return;
    }
    const auto flushed_runs =
        scan_runs(view_, anchor.head, [&](const FrameWords& frame, uint64_t position) {
          return is_flushed_frame(anchor, frame, position);
        });
    pool_.tail = anchor.head;
    if (!flushed_runs.empty() && flushed_runs.back().end == anchor.head)
      pool_.tail = first_boundary(flushed_runs.back().begin, std::max(floor, anchor.tail));
    pool_.index_from = pool_.tail;
    continue_from_anchor();
    pool_.index_to = pool_.head;
  }

  uint64_t first_boundary(uint64_t at, uint64_t floor) const {
    while (at < floor) at += view_.header_at(at).size();
    return at;
  }

  // Every flushed record was retired since the anchor. Keep the longest run of whole batches.
  void salvage(const std::vector<FrameRun>& runs, uint64_t floor) {
    const AnchorState& anchor = pool_.anchor;
    WalkState best_begin{anchor.head, anchor.next_seq, anchor.last_time};
    WalkState best_end = best_begin;
    for (const FrameRun& run : runs) {
      for (uint64_t at = first_boundary(run.begin, floor); at < run.end;) {
        const FrameWords frame = view_.header_at(at);
        const WalkState begin{at, frame.seq(), frame.time() - 1};
        const WalkState end = walk_batches(view_, begin, run.end, anchor.seq_limit,
                                           [](const FrameWords&, uint64_t, uint64_t) {});
        if (end.position - at > best_end.position - best_begin.position) {
          best_begin = begin;
          best_end = end;
        }
        at = end.position > at ? end.position : at + frame.size();
      }
    }
    if (best_end.position == best_begin.position) {
      // Not one whole batch: start anew above everything that may have been written.
      pool_.tail = pool_.head = pool_.index_from = pool_.index_to = anchor.head;
      pool_.found_next = anchor.next_seq;
      pool_.last_time = anchor.last_time;
      return;
    }
    pool_.tail = pool_.index_from = best_begin.position;
    pool_.head = pool_.index_to = best_end.position;
    pool_.found_next = best_end.next_seq;
    pool_.last_time = best_end.last_time;
    for (uint32_t slot = 0; slot < view_.geometry.checkpoint_slots; ++slot)
      for (uint32_t copy = 0; copy < 2; ++copy)
        take_checkpoint(pool_.checkpoints, slot, view_.checkpoints[2 * slot + copy], pool_.head);
    walk_batches(view_, best_begin, best_end.position, anchor.seq_limit,
                 [&](const FrameWords& frame, uint64_t position, uint64_t batch_end) {
                   visit_checkpoint(frame, position, batch_end);
                 });
  }

  // Without a reservation beyond what was found nothing can have been lost.
  void choose_next_seq() {
    pool_.next_seq = seq_above(view_, pool_.found_next, pool_.anchor.seq_limit);
  }

  const PoolView& view_;
  RecoveredPool pool_;
};

void rebuild_index(const PoolView& view, uint64_t from, uint64_t to, uint64_t head) {
  for (uint64_t at = from; at < to;) {
    const FrameWords frame = view.header_at(at);
    if (!view.plausible(frame, at, head)) return;
    if (!frame.is_control() && frame.seq() % kIndexStride == 0)
      store_release(view.index[view.slot_of(frame.seq())], at);
    at += frame.size();
  }
}

uint64_t wall_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// Tells readers that the hole in the sequence before the next record comes from a lost live page.
void append_recovery_frame(const PoolView& view, const RecoveredPool& recovered, uint64_t* tail,
                           uint64_t* head, uint64_t* last_time) {
  const RecoveryBody fixed{.found_next = recovered.found_next, .next_seq = recovered.next_seq};
  const std::string_view body(reinterpret_cast<const char*>(&fixed), sizeof(fixed));
  const uint64_t new_head = *head + frame_bytes(body.size());
  while (*tail + view.geometry.ring_size < new_head) {
    const FrameWords frame = view.header_at(*tail);
    *tail = view.plausible(frame, *tail, *head) ? *tail + frame.size()
                                                : view.resync(*tail + 8, *head);
  }
  const uint64_t time = std::max(wall_clock_ns(), *last_time + 1);
  const FrameWords frame =
      make_frame(view.crc_seed, kFrameRecovery | kFrameBegin | kFrameEnd,
                 static_cast<uint32_t>(body.size()), recovered.next_seq, time, *head,
                 *head / view.geometry.ring_size, crc32c_padded(kCrc32cInit, body));
  Ring ring = view.ring;
  for (uint64_t i = 0; i < 4; ++i) ring.store(*head + 8 * i, frame.words[i]);
  ring.copy_in(*head + sizeof(FrameHeader), body);
  *head = new_head;
  *last_time = time;
}

}  // namespace

std::optional<RecoveredPool> recover(const PoolView& view) {
  AnchorState anchors[2];
  std::optional<uint64_t> newest;
  for (uint64_t copy = 0; copy < 2; ++copy) {
    if (!read_anchor_copy(view, copy, &anchors[copy])) continue;
    if (!newest || anchors[copy].gen > anchors[*newest].gen) newest = copy;
  }
  if (!newest) return std::nullopt;
  return Recovery(view, anchors[*newest], *newest).run();
}

uint64_t seq_above(const PoolView& view, uint64_t found_next, uint64_t limit) {
  if (limit <= found_next) return found_next;
  const uint64_t circle = view.geometry.index_slots * kIndexStride;
  return found_next + (limit - found_next + circle - 1) / circle * circle;
}

Result<void> initialize_live(PoolHandle& handle, const RecoveredPool& recovered, bool durable) {
  const PoolView& view = handle.view;
  LivePage& live = *view.live;
  uint64_t tail = recovered.tail;
  uint64_t head = recovered.head;
  uint64_t last_time = recovered.last_time;
  store_release(live.tag, uint64_t{0});
  rebuild_index(view, std::max(recovered.index_from, tail), recovered.index_to, head);
  rebuild_index(view, std::max(recovered.anchor.head, tail), head, head);
  if (recovered.next_seq != recovered.found_next)
    append_recovery_frame(view, recovered, &tail, &head, &last_time);
  for (size_t slot = 0; slot < recovered.checkpoints.size(); ++slot) {
    view.checkpoints[2 * slot] = recovered.checkpoints[slot];
    view.checkpoints[2 * slot + 1] = CheckpointSlot{};
  }
  probe(Step::recovery_repaired, view.base);

  const uint64_t copy = recovered.anchor.gen == 0 ? 0 : 1 - recovered.anchor_copy;
  const AnchorState anchor{.gen = recovered.anchor.gen + 1,
                           .tail = tail,
                           .head = head,
                           .next_seq = recovered.next_seq,
                           .last_time = last_time,
                           .pos_limit = head + view.sync_window,
                           .seq_limit = recovered.next_seq + view.seq_window};
  if (durable) {
    if (auto synced = sync_data(handle); !synced) return synced;
  }
  write_anchor_copy(view, copy, anchor, recovered.checkpoints.data());
  if (durable) {
    if (auto synced = sync_data(handle); !synced) return synced;
    probe(Step::recovery_anchored, view.base);
  }

  LivePage fresh{};
  fresh.anchor_copy = copy;
  fresh.anchor_gen = anchor.gen;
  fresh.anchor_head = head;
  fresh.flushed_head = head;
  fresh.pos_limit = anchor.pos_limit;
  fresh.seq_limit = anchor.seq_limit;
  fresh.head = head;
  fresh.tail = tail;
  fresh.commit[0] = make_commit_record(
      view.crc_seed, {.head = head, .next_seq = recovered.next_seq, .last_time = last_time});
  fresh.commit[1] = {UINT64_MAX, 0, 0, 0};
  fresh.attempt_time = last_time;
  uint64_t words[sizeof(LivePage) / 8];
  std::memcpy(words, &fresh, sizeof(words));
  auto* to = reinterpret_cast<uint64_t*>(&live);
  for (size_t i = 0; i < std::size(words); ++i) store_release(to[i], words[i]);
  return {};
}

}  // namespace plasmite
