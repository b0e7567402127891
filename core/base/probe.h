// Probes: named points where tests may stop, kill, sabotage or fail the engine.
//
// In the production library every function here is a constant and costs nothing. The target
// plasmite_core_probed compiles the same sources with PLASMITE_PROBES=1; then a test installs
// hooks with set_probe_hooks(). Hooks are process-wide and must be installed before the engine
// is used by more than one thread.
#pragma once

#include <cstdint>

namespace plasmite {

// The steps of one append, in order: the publish table in core/pool/pool_format.h says for each
// what a crash there leaves behind. Then the steps of the slower paths.
enum class Step : uint8_t {
  locked,               // writer lock held
  writing_set,          // `writing` says an append is under way
  attempt_time_stored,  // the batch's time can never be given out again
  tail_retired,         // the space to be reused no longer belongs to readers
  frames_half_written,  // in the middle of the frame bytes
  frames_written,       // all frame bytes are in the ring
  index_written,        // the index slots of the new frames are set
  checkpoint_written,   // the checkpoint copy that is not current is filled
  commit_written,       // the commit record that is not current is filled
  published,            // `head` names the batch: it is visible
  woken,                // sleepers were told
  writing_cleared,      // the append is complete
  unlocked,             // writer lock released
  repair_scrubbed,      // repair after a death: header words at head zeroed, not yet synced
  flush_synced,         // flush: data is on disk
  anchor_half_written,  // anchor: some sectors of the copy are filled
  anchor_written,       // anchor: copy filled, not yet synced
  anchor_synced,        // anchor: copy on disk, limits not yet raised
  recovery_repaired,    // recovery: recovery frame and index written, no anchor yet
  recovery_anchored,    // recovery: anchor durable, live page not yet marked valid
  transfer_block,       // copying to another file: one block copied (no pls-crash from here on)
  resize_copied,        // resizing: the first pass is done, no lock taken yet
  resize_filled,        // resizing: under the lock, the new file is complete and on disk
  replace_marked,       // resizing, repair: the old file says that it may have been replaced
  replace_renamed,      // resizing, repair: the new file has the name
  replace_done,         // resizing, repair: the old file says that it was replaced
};
inline constexpr int kAppendSteps = static_cast<int>(Step::unlocked) + 1;
inline constexpr int kSteps = static_cast<int>(Step::recovery_anchored) + 1;

// Protections that tests switch off to prove that they would notice.
enum class Protection : uint8_t {
  publish_order,        // off: head is stored before the frames
  retire_before_reuse,  // off: tail is stored after the frames
  checkpoint_in_batch,  // off: the checkpoint is published by a batch of its own, after the records
  recheck_after_copy,   // off: a reader does not look at tail again after copying, nor at the CRC
  data_before_anchor,   // off: the anchor is written without syncing the data before it
  single_anchor_copy,   // off: the copy that is known durable is overwritten
  scrub_dead_attempt,   // off: repair does not zero the header words at head
  unique_attempt_time,  // off: attempt_time is not stored before the frames
};

// System calls that tests fail on purpose.
enum class Call : uint8_t {
  open, fstat, fallocate, ftruncate, mmap, flock, ofd_lock, fdatasync, msync, fsync_dir, rename,
  unlink, pread, write,
};

#ifdef PLASMITE_PROBES

struct ProbeHooks {
  void* context = nullptr;
  void (*reached)(void* context, Step step, const void* pool_base) = nullptr;
  // `done` is true after the sync call returned; power-loss tests copy memory to their disk then.
  void (*synced)(void* context, const void* pool_base) = nullptr;
  bool (*is_off)(void* context, Protection protection) = nullptr;
  // Non-zero: the errno with which this call fails instead of being made.
  int (*fail)(void* context, Call call) = nullptr;
};

void set_probe_hooks(const ProbeHooks& hooks);
void probe(Step step, const void* pool_base);
void probe_synced(const void* pool_base);
bool is_off(Protection protection);
int injected_failure(Call call);

#else

constexpr void probe(Step, const void*) {}
constexpr void probe_synced(const void*) {}
constexpr bool is_off(Protection) { return false; }
constexpr int injected_failure(Call) { return 0; }

#endif

}  // namespace plasmite
