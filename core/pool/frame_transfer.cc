#include "core/pool/frame_transfer.h"

#include <algorithm>
#include <string_view>

#include "core/base/probe.h"

namespace plasmite {
namespace {

// Small enough to stay in the processor's cache, large enough that looking at tail costs nothing.
constexpr uint64_t kBlockBytes = 64 << 10;

}  // namespace

std::optional<PoolSnapshot> take_snapshot(const PoolView& view) {
  for (;;) {
    const auto commit = view.read_commit();
    if (!commit) return std::nullopt;
    PoolSnapshot snapshot{.tail = view.tail(),
                          .commit = *commit,
                          .checkpoints = load_checkpoints(view, commit->checkpoint_sel)};
    // Two publishes later the selected copies may have been rewritten.
    if (view.head() == commit->head) return snapshot;
  }
}

Result<void> FrameTransfer::advance_to(uint64_t head) {
  const uint64_t room = to_.view.ring.size();
  const uint64_t fits = head > room ? head - room : 0;
  const uint64_t floor = std::max(from_.view.tail(), fits);
  if (end_ >= floor && end_ > 0) {
    drop_below(fits);
  } else {
    const auto first = first_frame_from(floor, head);
    if (!first) return std::unexpected(first.error());
    begin_ = end_ = *first;
  }
  const uint64_t kept_from = copy_newest_first(end_, head);
  if (from_.file.faulted()) return std::unexpected(from_.truncated_error());
  if (to_.file.faulted()) return std::unexpected(to_.truncated_error());
  if (kept_from > end_) begin_ = kept_from;
  const auto adopted = adopt(std::max(end_, kept_from), head);
  end_ = std::max(end_, head);
  return adopted;
}

// Where the first frame at or above `floor` begins, found without a lock; `head` if there is none.
Result<uint64_t> FrameTransfer::first_frame_from(uint64_t floor, uint64_t head) const {
  const PoolView& view = from_.view;
  uint64_t at = view.tail();
  while (at < floor && at < head) {
    const FrameWords frame = view.header_at(at);
    const bool plausible = view.plausible(frame, at, head);
    if (const uint64_t tail = view.tail(); tail > at) {
      at = tail;
      continue;
    }
    if (!plausible) return std::unexpected(damaged_error(at));
    at += frame.size();
  }
  return std::min(at, head);
}

// The ring has no room for them any more. Before it is written again: afterwards nobody could walk
// here.
void FrameTransfer::drop_below(uint64_t floor) {
  while (begin_ < floor && begin_ < end_) begin_ += to_.view.header_at(begin_).size();
}

// Returns from where on the bytes are what was published: below, writers were faster.
uint64_t FrameTransfer::copy_newest_first(uint64_t begin, uint64_t head) {
  Ring to = to_.view.ring;
  buffer_.resize(kBlockBytes / 8);
  uint64_t kept_from = std::min(begin, head);
  for (uint64_t at = head; at > kept_from;) {
    const uint64_t bytes = std::min(kBlockBytes, at - kept_from);
    at -= bytes;
    from_.view.ring.copy_out(at, buffer_.data(), bytes, 0);
    to.copy_in(at, {reinterpret_cast<const char*>(buffer_.data()), bytes});
    probe(Step::transfer_block, from_.view.base);
    // Ordered after the loads above, which acquire: what is not below this tail was not
    // overwritten.
    kept_from = std::min(std::max(kept_from, from_.view.tail()), head);
  }
  return kept_from;
}

// Checks every frame against the pool it came from and makes it one of the new pool's.
Result<void> FrameTransfer::adopt(uint64_t begin, uint64_t head) {
  const PoolView& view = to_.view;
  Ring ring = view.ring;
  for (uint64_t at = begin; at < head;) {
    const FrameWords old = view.header_at(at);
    if (!old.has_magic() || old.size() > head - at || old.seq() > kMaxCount ||
        old.time() > kMaxTime)
      return std::unexpected(damaged_error(at));
    uint32_t body_crc = kCrc32cInit;
    for (uint64_t body = at + sizeof(FrameHeader); body < at + old.size();) {
      const uint64_t bytes = std::min(kBlockBytes, at + old.size() - body);
      body_crc = ring.copy_out(body, buffer_.data(), bytes, body_crc);
      body += bytes;
    }
    if (frame_crc(from_.view.crc_seed, old, at, body_crc) != old.crc())
      return std::unexpected(damaged_error(at));
    const FrameWords adopted = make_frame(view.crc_seed, old.flags(), old.body_len(), old.seq(),
                                          old.time(), at, at / ring.size(), body_crc);
    ring.store(at + 24, adopted.words[3]);  // the others stay as they are
    if (!old.is_control() && old.seq() % kIndexStride == 0)
      store_release(view.index[view.slot_of(old.seq())], at);
    at += old.size();
  }
  return {};
}

RecoveredPool FrameTransfer::state(const PoolSnapshot& snapshot) const {
  RecoveredPool state;
  state.anchor.head = end_;  // nothing above it is to be indexed
  state.tail = begin_;
  state.head = state.index_from = state.index_to = end_;
  state.found_next = state.next_seq = snapshot.commit.next_seq;
  state.last_time = snapshot.commit.last_time;
  state.checkpoints = snapshot.checkpoints;
  state.checkpoints.resize(to_.view.geometry.checkpoint_slots);
  return state;
}

Error FrameTransfer::damaged_error(uint64_t position) const {
  const Geometry& geometry = from_.view.geometry;
  return from_.corrupt_error("a message of the pool is damaged")
      .with_offset(geometry.ring_offset + position % geometry.ring_size);
}

}  // namespace plasmite
