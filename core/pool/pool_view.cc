#include "core/pool/pool_view.h"

#include <algorithm>

namespace plasmite {

PoolView PoolView::of(std::byte* base, const Geometry& geometry, const Superblock& superblock) {
  PoolView view;
  view.base = base;
  view.geometry = geometry;
  view.crc_seed = frame_crc_seed(superblock.pool_id);
  view.sync_window = superblock.sync_window;
  view.seq_window = superblock.seq_window;
  view.live = reinterpret_cast<LivePage*>(base + kLivePageOffset);
  view.checkpoints = reinterpret_cast<CheckpointSlot*>(base + geometry.checkpoint_offset);
  view.index = reinterpret_cast<uint64_t*>(base + geometry.index_offset);
  view.ring = Ring(reinterpret_cast<uint64_t*>(base + geometry.ring_offset), geometry.ring_size);
  return view;
}

bool PoolView::intact(const FrameWords& frame, uint64_t position, uint64_t end) const {
  if (!plausible(frame, position, end)) return false;
  uint64_t block[64];
  uint32_t body_crc = kCrc32cInit;
  const uint64_t body_end = position + frame.size();
  for (uint64_t at = position + sizeof(FrameHeader); at < body_end;) {
    const uint64_t bytes = std::min<uint64_t>(sizeof(block), body_end - at);
    body_crc = ring.copy_out(at, block, bytes, body_crc);
    at += bytes;
  }
  return frame_crc(crc_seed, frame, position, body_crc) == frame.crc();
}

uint64_t PoolView::resync(uint64_t position, uint64_t end) const {
  for (; position < end && end - position >= sizeof(FrameHeader); position += 8) {
    if ((static_cast<uint32_t>(ring.load(position)) & kFrameMagicMask) != kFrameMagic) continue;
    if (intact(header_at(position), position, end)) return position;
  }
  return end;
}

std::optional<CommitView> PoolView::read_commit() const {
  for (;;) {
    const uint64_t t = tail();
    const uint64_t h = head();
    if (t > h || h > kMaxCount || h % 8 != 0 || t % 8 != 0) return std::nullopt;
    // A tail loaded after a head was stored before it, or later: never a ring's length behind.
    if (const uint64_t later = tail(); later < h && h - later > geometry.ring_size)
      return std::nullopt;
    for (const CommitRecord& record : live->commit) {
      // pairs with PoolWriter::publish: the record's words were stored before the head it names.
      if (load_acquire(record.head) != h) continue;
      const LoadedCommit loaded = load_commit_record(crc_seed, record);
      // Two publishes later the record is being rewritten, but then head has moved on.
      if (head() != h) break;
      if (!loaded.intact) return std::nullopt;
      return loaded.view;
    }
    if (head() == h) return std::nullopt;
  }
}

}  // namespace plasmite
