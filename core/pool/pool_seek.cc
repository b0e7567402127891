#include "core/pool/pool_seek.h"

#include <unistd.h>

#include <algorithm>
#include <span>

#include "core/pool/time_search.h"

namespace plasmite {
namespace {

// The first record of the index slot `slot`, if what the index says still stands in the ring.
struct Probe {
  uint64_t position;
  FrameWords frame;
};

std::optional<Probe> probe_slot(const PoolView& view, const Bounds& bounds, uint64_t slot) {
  const uint64_t position = load_acquire(view.index[slot]);
  if (position < bounds.tail || position >= bounds.head || position % 8 != 0) return std::nullopt;
  const FrameWords frame = view.header_at(position);
  if (!view.plausible(frame, position, bounds.head) || frame.is_control()) return std::nullopt;
  if (view.slot_of(frame.seq()) != slot) return std::nullopt;
  if (view.tail() > position) return std::nullopt;  // retired while we looked
  return Probe{position, frame};
}

// Reads words of the file without touching the mapping. A search looks at some forty bytes each in pages far
// apart, and there a page fault and undoing it cost 8 us, this 0.4. What comes is a hint: nothing says that
// the words are of one instant.
bool peek(const PoolHandle& handle, const uint64_t* words, std::span<uint64_t> to) {
  if (handle.mode == PoolHandle::Mode::snapshot) {  // recovered in memory only
    std::ranges::transform(std::span(words, to.size()), to.begin(), load_acquire<uint64_t>);
    return true;
  }
  const auto offset = reinterpret_cast<const std::byte*>(words) - handle.view.base;
  return ::pread(handle.fd.get(), to.data(), to.size_bytes(), offset) ==
         static_cast<ssize_t>(to.size_bytes());
}

// The time of the first record of the index slot `slot`, in all likelihood.
std::optional<uint64_t> peek_time(const PoolHandle& handle, const Bounds& bounds, uint64_t slot) {
  const PoolView& view = handle.view;
  uint64_t position;
  if (!peek(handle, &view.index[slot], std::span(&position, 1))) return std::nullopt;
  if (position < bounds.tail || position >= bounds.head || position % 8 != 0) return std::nullopt;
  FrameWords frame;
  const uint64_t offset = view.ring.offset_of(position);
  if (offset + sizeof(FrameHeader) > view.ring.size()) {
    frame = view.header_at(position);
  } else if (!peek(handle, view.ring.words_at(offset), frame.words)) {
    return std::nullopt;
  }
  if (!view.plausible(frame, position, bounds.head) || frame.is_control()) return std::nullopt;
  return frame.time();
}

// Steps over frames while `passes` holds for the records among them. Returns the first record that did
// not pass, or where damage or head ended the walk.
template <class Passes>
uint64_t skip_frames(const PoolView& view, const Bounds& bounds, uint64_t position, Passes passes) {
  while (position < bounds.head) {
    const FrameWords frame = view.header_at(position);
    if (view.tail() > position || !view.plausible(frame, position, bounds.head)) break;
    if (!frame.is_control() && !passes(frame)) break;
    position += frame.size();
  }
  return position;
}

// Steps over the records below `seq`, but not over control frames in front of what it stops at: a recovery
// frame there tells why sequences are missing. Headers only: where their sequences do not follow each
// other one of them is wrong, maybe that of the wanted record, and the reader has to check all from `start`.
uint64_t walk_to_seq(const PoolView& view, const Bounds& bounds, uint64_t start, uint64_t seq) {
  uint64_t behind_passed = start;
  uint64_t expected = 0;  // 0: any
  for (uint64_t position = start; position < bounds.head;) {
    const FrameWords frame = view.header_at(position);
    if (view.tail() > position || !view.plausible(frame, position, bounds.head))
      return behind_passed;
    position += frame.size();
    if (frame.is_control()) {
      if ((frame.flags() & kFrameRecovery) != 0) expected = 0;
      continue;
    }
    if (expected != 0 && frame.seq() != expected) return start;
    if (frame.seq() >= seq) return behind_passed;
    expected = frame.seq() + 1;
    behind_passed = position;
  }
  return expected == 0 || expected == bounds.next_seq ? behind_passed : start;
}

}  // namespace

std::optional<Bounds> read_bounds(const PoolView& view) {
  const auto commit = view.read_commit();
  if (!commit) return std::nullopt;
  const uint64_t tail = view.tail();
  // The writer may have retired beyond the head we saw: then nothing of it is left.
  return Bounds{.tail = std::min(tail, commit->head), .head = commit->head,
                .next_seq = commit->next_seq, .last_time = commit->last_time};
}

uint64_t seek_seq(const PoolView& view, const Bounds& bounds, uint64_t seq) {
  if (seq >= bounds.next_seq) return bounds.head;
  // The slot of a bucket is set by its first record. After a recovery jump the bucket of the jumped-to
  // sequences shares the slot of the bucket in which the jump happened, and begins with that one's record.
  const auto probe = probe_slot(view, bounds, view.slot_of(seq));
  const bool usable = probe && probe->frame.seq() <= seq;
  return walk_to_seq(view, bounds, usable ? probe->position : bounds.tail, seq);
}

uint64_t seek_newest_bucket(const PoolView& view, const Bounds& bounds) {
  // After a recovery the newest record is not next_seq - 1, but in the same slot.
  const auto probe = probe_slot(view, bounds, view.slot_of(bounds.next_seq - 1));
  return probe ? probe->position : bounds.tail;
}

uint64_t seek_time(const PoolHandle& handle, const Bounds& bounds, uint64_t time) {
  const PoolView& view = handle.view;
  const auto is_early = [&](const FrameWords& frame) { return frame.time() < time; };
  // The oldest record decides where the search begins.
  const uint64_t oldest =
      skip_frames(view, bounds, bounds.tail, [](const FrameWords&) { return false; });
  if (oldest >= bounds.head) return oldest;
  const FrameWords first = view.header_at(oldest);
  if (view.tail() > oldest || !view.plausible(first, oldest, bounds.head) || !is_early(first))
    return oldest;

  // Buckets between oldest and newest, counted along the circle of slots: a recovery jump is a whole number
  // of circles, so it does not count.
  const uint64_t slots = view.geometry.index_slots;
  const uint64_t first_slot = view.slot_of(first.seq());
  const uint64_t last_slot = view.slot_of(bounds.next_seq - 1);
  // The walk starts in the last bucket whose first record is early.
  TimeSearch search(time, first.time(), std::max(bounds.last_time, time),
                    (last_slot + slots - first_slot) % slots + 1);
  uint64_t start_slot = first_slot;
  while (const auto bucket = search.next()) {
    const uint64_t slot = (first_slot + *bucket) % slots;
    const auto seen = peek_time(handle, bounds, slot);
    if (!seen) {
      // A damaged or already reused slot: nothing to trust beyond what we have.
      search.ends_before(*bucket);
    } else {
      search.found(*bucket, *seen);
      if (*seen < time) start_slot = slot;
    }
  }
  const auto probe = probe_slot(view, bounds, start_slot);
  const uint64_t start = probe && is_early(probe->frame) ? probe->position : oldest;
  return skip_frames(view, bounds, start, is_early);
}

}  // namespace plasmite
