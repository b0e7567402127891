#include "core/pool/retirement.h"

namespace plasmite {
namespace {

// What makes room may retire this part of the ring more than it must, to end where a bucket begins.
constexpr uint64_t kRetireAheadFraction = 64;

// Steps from bucket to bucket of the index, up to the first one at or behind `retire_to` if that is
// at most `limit`: one look at a cold header for 32 records instead of one for each, and none at
// all for the appends that follow. Stops early where the index or a header cannot be trusted.
uint64_t skip_buckets(const PoolView& view, uint64_t tail, uint64_t retire_to, uint64_t limit,
                      uint64_t head) {
  FrameWords frame = view.header_at(tail);
  if (!view.plausible(frame, tail, head)) return tail;
  while (tail < retire_to) {
    const uint64_t next_seq = (frame.seq() / kIndexStride + 1) * kIndexStride;
    const uint64_t next = load_relaxed(view.index[view.slot_of(next_seq)]);
    if (next <= tail || next > limit || next >= head || next % 8 != 0) break;
    frame = view.header_at(next);
    if (!view.plausible(frame, next, head) || frame.seq() != next_seq) break;
    tail = next;
  }
  return tail;
}

}  // namespace

uint64_t tail_from(const PoolView& view, uint64_t retire_to, uint64_t head) {
  const uint64_t limit = retire_to + view.geometry.ring_size / kRetireAheadFraction;
  uint64_t tail = skip_buckets(view, view.tail(), retire_to, limit, head);
  if (tail >= retire_to) return tail;
  uint64_t came_from = tail;       // the frame whose length led to `tail`
  uint64_t most_seq = UINT64_MAX;  // what may follow that one
  while (tail < head) {
    const FrameWords frame = view.header_at(tail);
    const bool is_due = view.plausible(frame, tail, head) && frame.seq() <= most_seq;
    if (is_due && tail >= retire_to) break;
    // Behind the last frame lies nothing that speaks for its length.
    const bool is_last = tail + frame.size() == head;
    if (is_due && (!is_last || view.intact(frame, tail, head))) {
      came_from = tail;
      most_seq = frame.seq() + (frame.is_control() ? 0 : 1);
      tail += frame.size();
      continue;
    }
    // This header is wrong, or the length that led here; or sequences were left out on purpose.
    tail = came_from = view.resync(came_from + 8, head);
    most_seq = UINT64_MAX;
  }
  return tail;
}

}  // namespace plasmite
