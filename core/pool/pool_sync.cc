#include "core/pool/pool_sync.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/base/probe.h"
#include "core/pool/checkpoint_table.h"
#include "core/pool/pool_locks.h"

namespace plasmite {
namespace {

uint32_t anchor_crc(const PoolView& view, const AnchorHeader& header, const std::byte* slots) {
  constexpr size_t kWords = offsetof(AnchorHeader, crc) / 8;
  uint64_t words[kWords];
  std::memcpy(words, &header, sizeof(words));
  uint32_t crc = crc32c_words(view.crc_seed, words, kWords);
  // Without the slots' own checksums: text followed by its CRC leaves a CRC in the same state whatever the
  // text is, so one over whole slots would take old slots under a new header for intact.
  constexpr size_t kSlotWords = offsetof(CheckpointSlot, crc) / 8;
  for (uint32_t slot = 0; slot < view.geometry.checkpoint_slots; ++slot)
    crc = crc32c_words(crc, reinterpret_cast<const uint64_t*>(slots + slot * sizeof(CheckpointSlot)),
                       kSlotWords);
  return crc;
}

// A sync of a full window may take long on a slow disk; that is work, not a stuck holder.
Deadline flush_deadline(const PoolHandle& handle) {
  return Deadline(std::max(handle.lock_timeout, std::chrono::milliseconds(60'000)));
}

Error sync_failed_error(const PoolHandle& handle, int error) {
  Error failed = errno_error(error, "failed to sync pool to disk", handle.path.string());
  return Error(ErrorKind::Io, failed.message())
      .with_path(handle.path.string())
      .with_cause(failed.causes().front())
      .with_hint("Check the disk (dmesg). The pool stays in this state until the machine restarts or it "
                 "is repaired.");
}

// Whatever kept a flush from its sync: what it was to flush is published, and an error that sounds like
// one before the publication would have it appended twice.
Error not_flushed_error(const PoolHandle& handle, const Error& why) {
  Error error = Error(ErrorKind::Io, "records are stored, but not known to be on disk")
                    .with_path(handle.path.string())
                    .with_cause(why.message());
  for (const std::string& cause : why.causes()) error = std::move(error).with_cause(cause);
  const bool is_final = load_acquire(handle.view.live->io_error) != 0;
  return std::move(error).with_hint(
      is_final ? "Do not append them again: they are visible, but may not survive a power loss. " + why.hint()
               : "Do not append them again: they are visible, and the next flush covers them.");
}

Result<void> check_synced_so_far(PoolHandle& handle) {
  if (const uint64_t error = load_acquire(handle.view.live->io_error); error != 0)
    return std::unexpected(sync_failed_error(handle, static_cast<int>(error)));
  return {};
}

// Flush lock held. The snapshot is taken under the writer lock; the syncs happen outside it.
Result<void> write_anchor(PoolHandle& handle) {
  Deadline deadline(handle.lock_timeout);
  const PoolView& view = handle.view;
  LivePage& live = *view.live;
  AnchorState state{};
  std::vector<CheckpointSlot> checkpoints(view.geometry.checkpoint_slots);
  {
    auto lock = WriterLock::acquire(handle, deadline);
    if (!lock) return std::unexpected(std::move(lock.error()));
    const auto commit = view.read_commit();
    if (!commit) return std::unexpected(handle.corrupt_error("live page is damaged"));
    state = {.gen = load_relaxed(live.anchor_gen) + 1,
             .tail = view.tail(),
             .head = commit->head,
             .next_seq = commit->next_seq,
             .last_time = commit->last_time,
             .pos_limit = commit->head + view.sync_window,
             .seq_limit = commit->next_seq + view.seq_window};
    for (size_t slot = 0; slot < checkpoints.size(); ++slot) {
      const uint64_t copy = commit->checkpoint_sel >> slot & 1;
      const CheckpointSlot& current = view.checkpoints[2 * slot + copy];
      // An anchor holds intact slots and zeros, nothing else: read_anchor_copy counts on it.
      if (valid_checkpoint(current)) std::memcpy(&checkpoints[slot], &current, sizeof(current));
    }
  }
  // What an anchor claims is on disk before the anchor is.
  if (!is_off(Protection::data_before_anchor)) {
    if (auto synced = sync_data(handle); !synced) return synced;
  }
  probe(Step::flush_synced, view.base);
  // Never the copy that is known durable, whatever memory says about generations: a flusher that died
  // half-way would otherwise leave no valid copy.
  const uint64_t durable_copy = load_relaxed(live.anchor_copy) & 1;
  const uint64_t copy = is_off(Protection::single_anchor_copy) ? durable_copy : 1 - durable_copy;
  write_anchor_copy(view, copy, state, checkpoints.data());
  probe(Step::anchor_written, view.base);
  if (auto synced = sync_data(handle); !synced) return synced;
  probe(Step::anchor_synced, view.base);
  if (handle.file.faulted()) return std::unexpected(handle.truncated_error());
  // First the generation: who dies before the next store must not leave it for another anchor, or two
  // copies had the same.
  store_release(live.anchor_gen, state.gen);
  store_release(live.anchor_copy, copy);
  store_release(live.anchor_head, state.head);
  store_release(live.flushed_head, state.head);
  store_release(live.anchors, load_relaxed(live.anchors) + 1);
  store_release(live.seq_limit, state.seq_limit);
  store_release(live.pos_limit, state.pos_limit);  // pairs with PoolWriter: limits are durable
  return {};
}

}  // namespace

Result<void> sync_data(PoolHandle& handle) {
  int error = EINTR;  // by a signal: no failure, which would be for good
  while (error == EINTR) {
    error = injected_failure(Call::fdatasync);
    if (error == 0 && ::fdatasync(handle.fd.get()) != 0) error = errno;
  }
  if (error != 0) {
    store_release(handle.view.live->io_error, static_cast<uint64_t>(error));
    return std::unexpected(sync_failed_error(handle, error));
  }
  probe_synced(handle.view.base);
  return {};
}

static Result<void> sync_up_to(PoolHandle& handle, uint64_t head) {
  Deadline deadline = flush_deadline(handle);
  LivePage& live = *handle.view.live;
  auto lock = FlushLock::acquire(handle, deadline);
  if (!lock) return std::unexpected(std::move(lock.error()));
  if (auto usable = check_synced_so_far(handle); !usable) return usable;
  if (load_acquire(live.flushed_head) >= head) return {};
  // With a ring that the reserved window cannot lap, recovery walks from the anchor through intact
  // frames, so data alone is enough. In a smaller one the anchor itself may have been lapped.
  const uint64_t anchor_head = load_relaxed(live.anchor_head);
  if (anchor_head + handle.view.geometry.ring_size < load_relaxed(live.pos_limit))
    return write_anchor(handle);
  const uint64_t published = handle.view.head();
  if (auto synced = sync_data(handle); !synced) return synced;
  probe(Step::flush_synced, handle.view.base);
  store_release(live.flushed_head, published);
  return {};
}

Result<void> flush_to(PoolHandle& handle, uint64_t head) {
  auto flushed = sync_up_to(handle, head);
  if (flushed || handle.is_cut()) return flushed;
  return std::unexpected(not_flushed_error(handle, flushed.error()));
}

Result<void> reserve(PoolHandle& handle, uint64_t seen_gen) {
  Deadline deadline = flush_deadline(handle);
  auto lock = FlushLock::acquire(handle, deadline);
  if (!lock) return std::unexpected(std::move(lock.error()));
  if (auto usable = check_synced_so_far(handle); !usable) return usable;
  if (load_acquire(handle.view.live->anchor_gen) != seen_gen) return {};  // somebody else did
  return write_anchor(handle);
}

void write_anchor_copy(const PoolView& view, uint64_t copy, const AnchorState& state,
                       const CheckpointSlot* checkpoints) {
  std::byte* at = view.base + view.geometry.anchor_offset(copy);
  const size_t slots_bytes = view.geometry.checkpoint_slots * sizeof(CheckpointSlot);
  AnchorHeader header{};
  header.gen = state.gen;
  header.tail = state.tail;
  header.head = state.head;
  header.next_seq = state.next_seq;
  header.last_time = state.last_time;
  header.pos_limit = state.pos_limit;
  header.seq_limit = state.seq_limit;
  header.crc = anchor_crc(view, header, reinterpret_cast<const std::byte*>(checkpoints));
  std::memcpy(at + sizeof(header), checkpoints, slots_bytes);
  probe(Step::anchor_half_written, view.base);
  std::memcpy(at, &header, sizeof(header));
}

// What no writer of ours writes, whatever the checksum says.
static bool contradicts_itself(const AnchorHeader& a, uint64_t ring_size) {
  return a.gen == 0 || a.tail > a.head || a.head - a.tail > ring_size || a.head > a.pos_limit ||
         a.next_seq > a.seq_limit || a.head % 8 != 0 || a.tail % 8 != 0 || a.next_seq == 0 ||
         a.pos_limit > kMaxCount || a.seq_limit > kMaxCount || a.last_time > kMaxTime;
}

bool read_anchor_copy(const PoolView& view, uint64_t copy, AnchorState* state) {
  const std::byte* at = view.base + view.geometry.anchor_offset(copy);
  AnchorHeader header;
  std::memcpy(&header, at, sizeof(header));
  if (contradicts_itself(header, view.geometry.ring_size)) return false;
  if (header.crc != anchor_crc(view, header, at + sizeof(header))) return false;
  for (uint32_t i = 0; i < view.geometry.checkpoint_slots; ++i) {
    CheckpointSlot slot;
    std::memcpy(&slot, at + sizeof(header) + i * sizeof(slot), sizeof(slot));
    if ((slot.name_len != 0 || slot.crc != 0) && !valid_checkpoint(slot)) return false;
  }
  *state = {.gen = header.gen,
            .tail = header.tail,
            .head = header.head,
            .next_seq = header.next_seq,
            .last_time = header.last_time,
            .pos_limit = header.pos_limit,
            .seq_limit = header.seq_limit};
  return true;
}

}  // namespace plasmite
