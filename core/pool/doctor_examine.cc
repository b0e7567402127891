// Looks at every part of a pool file and reports all that is wrong. A live pool changes meanwhile:
// whatever looks wrong there is looked at again under the writer lock before it is reported.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/pool/checkpoint_table.h"
#include "core/pool/doctor.h"
#include "core/pool/frame_walk.h"
#include "core/pool/pool_handle.h"
#include "core/pool/pool_locks.h"
#include "core/pool/pool_open.h"
#include "core/pool/pool_recovery.h"
#include "core/pool/pool_seek.h"
#include "core/pool/pool_sync.h"

namespace plasmite {
namespace {

constexpr size_t kMostIssues = 100;

class Examination {
 public:
  Examination(PoolHandle& handle, DoctorReport& report) : handle_(handle), report_(report) {}

  void run() {
    check_superblocks();
    check_anchors();
    check_frames();
    check_index();
    check_checkpoints();
    const LivePage& live = *view().live;
    if (const uint64_t error = load_acquire(live.io_error); error != 0) {
      report_.sync_failed = true;
      report_.warnings.push_back("a sync to disk failed (os error " + std::to_string(error) +
                                 "); flushed appends are refused until the pool is repaired");
    }
    if (const uint64_t repairs = load_acquire(live.repairs); repairs != 0)
      report_.warnings.push_back(std::to_string(repairs) +
                                 " writer(s) died inside an append since the pool was opened; nothing "
                                 "that was acknowledged is affected");
  }

 private:
  const PoolView& view() const { return handle_.view; }

  void issue(std::string message, std::optional<uint64_t> seq, std::optional<uint64_t> offset) {
    ++report_.issue_count;
    if (report_.issues.size() < kMostIssues)
      report_.issues.push_back({"corrupt", std::move(message), seq, offset});
  }

  uint64_t file_offset(uint64_t position) const {
    return view().geometry.ring_offset + position % view().geometry.ring_size;
  }

  void check_superblocks() {
    const uint64_t offsets[] = {kSuperblockOffset, view().geometry.superblock_copy_offset()};
    for (const uint64_t offset : offsets)
      if (std::memcmp(handle_.file.data() + offset, &handle_.superblock, sizeof(Superblock)) != 0)
        issue(offset == 0 ? "superblock is damaged (its copy is intact)"
                          : "superblock copy is damaged",
              std::nullopt, offset);
  }

  void check_anchors() {
    // The one that is not known durable may be under way.
    const uint64_t durable = load_acquire(view().live->anchor_copy) & 1;
    AnchorState state{};
    if (!read_anchor_copy(view(), durable, &state) &&
        durable == (load_acquire(view().live->anchor_copy) & 1))
      issue("recovery anchor is damaged", std::nullopt, view().geometry.anchor_offset(durable));
  }

  // Walks from tail to head. In a live pool a frame may be retired under the walk: then it goes on at
  // the new tail.
  void check_frames() {
    const auto bounds = read_bounds(view());
    if (!bounds) {
      issue("live page is damaged: no commit record names head", std::nullopt, kLivePageOffset);
      return;
    }
    uint64_t last_seq = 0;
    uint64_t last_time = 0;
    for (uint64_t at = bounds->tail; at < bounds->head;) {
      const FrameWords frame = view().header_at(at);
      const bool intact = view().intact(frame, at, bounds->head);
      if (const uint64_t tail = view().tail(); tail > at) {
        at = tail;
        last_seq = last_time = 0;
        continue;
      }
      if (!intact) {
        const uint64_t next = view().resync(at + 8, bounds->head);
        issue("frame is damaged; " + std::to_string(next - at) + " bytes skipped",
              last_seq == 0 ? std::nullopt : std::optional(last_seq + 1), file_offset(at));
        at = next;
        last_seq = last_time = 0;
        continue;
      }
      check_order(frame, at, last_seq, last_time);
      last_time = frame.time();
      if (frame.is_control()) {
        if ((frame.flags() & kFrameRecovery) != 0) last_seq = 0;
      } else {
        last_seq = frame.seq();
        if (!report_.oldest_seq) report_.oldest_seq = last_seq;
        report_.last_good_seq = last_seq;
        ++report_.intact_records;
      }
      at += frame.size();
    }
    if (last_seq != 0 && last_seq + 1 != bounds->next_seq)
      issue("next sequence is " + std::to_string(bounds->next_seq) + ", the last record has " +
                std::to_string(last_seq),
            last_seq, kLivePageOffset);
  }

  void check_order(const FrameWords& frame, uint64_t at, uint64_t last_seq, uint64_t last_time) {
    if (last_seq != 0 && !frame.is_control() && frame.seq() != last_seq + 1)
      issue("sequence " + std::to_string(frame.seq()) + " follows " + std::to_string(last_seq),
            frame.seq(), file_offset(at));
    const bool begins = (frame.flags() & kFrameBegin) != 0;
    if (last_time != 0 && (begins ? frame.time() <= last_time : frame.time() != last_time))
      issue("time does not fit the batch before", frame.seq(), file_offset(at));
  }

  // Slots of retained records must lead to them. Others may hold anything.
  void check_index() {
    const auto bounds = read_bounds(view());
    if (!bounds) return;
    for (uint64_t at = bounds->tail; at < bounds->head;) {
      const FrameWords frame = view().header_at(at);
      if (view().tail() > at) return;
      if (!view().plausible(frame, at, bounds->head)) {
        at = view().resync(at + 8, bounds->head);
        continue;
      }
      if (!frame.is_control() && frame.seq() % kIndexStride == 0) {
        const uint64_t slot = view().slot_of(frame.seq());
        const uint64_t stored = load_acquire(view().index[slot]);
        if (stored != at && view().tail() <= at && !leads_to_newer_bucket(stored, slot, at, *bounds))
          issue("index slot " + std::to_string(slot) + " does not lead to its record", frame.seq(),
                view().geometry.index_offset + slot * 8);
      }
      at += frame.size();
    }
  }

  // Sequences that jumped, as only forged ones do, may share a slot: the newest bucket has it.
  bool leads_to_newer_bucket(uint64_t stored, uint64_t slot, uint64_t at, const Bounds& bounds) const {
    if (stored <= at || stored >= bounds.head || stored % 8 != 0) return false;
    const FrameWords frame = view().header_at(stored);
    return view().plausible(frame, stored, bounds.head) && !frame.is_control() &&
           frame.seq() % kIndexStride == 0 && view().slot_of(frame.seq()) == slot;
  }

  void check_checkpoints() {
    const auto commit = view().read_commit();
    if (!commit) return;
    for (uint32_t slot = 0; slot < view().geometry.checkpoint_slots; ++slot) {
      const uint64_t copy = commit->checkpoint_sel >> slot & 1;
      const CheckpointSlot& current = view().checkpoints[2 * slot + copy];
      static constexpr CheckpointSlot kUnused{};
      const bool unused = std::memcmp(&current, &kUnused, sizeof(kUnused)) == 0;
      if (!unused && !valid_checkpoint(current) && view().head() == commit->head)
        issue("checkpoint slot " + std::to_string(slot) + " is damaged", std::nullopt,
              view().geometry.checkpoint_offset + (2 * slot + copy) * sizeof(CheckpointSlot));
    }
  }

  PoolHandle& handle_;
  DoctorReport& report_;
};

}  // namespace

Result<DoctorReport> examine_pool(const std::filesystem::path& path) {
  DoctorReport report;
  auto handle = open_pool(path, {.access = Access::append, .lock_timeout = kDefaultLockTimeout});
  if (!handle && handle.error().kind() == ErrorKind::Permission)
    handle = open_pool(path, {.access = Access::read, .lock_timeout = kDefaultLockTimeout});
  if (!handle) {
    const Error& error = handle.error();
    const bool version = error.kind() == ErrorKind::Usage &&
                         error.message().starts_with("unsupported pool format");
    if (error.kind() != ErrorKind::Corrupt && !version)
      return std::unexpected(std::move(handle.error()));
    report.issues.push_back({version ? "format" : "corrupt", error.message(), std::nullopt,
                             error.offset()});
    report.issue_count = 1;
    return report;
  }
  Examination(**handle, report).run();
  if (report.healthy() || !(*handle)->can_append()) return report;
  // Again with writers held off: what was only under way is gone now, what is damaged stays.
  Deadline deadline(kDefaultLockTimeout);
  auto lock = WriterLock::acquire(**handle, deadline);
  if (!lock) return report;
  report = DoctorReport{};
  Examination(**handle, report).run();
  return report;
}

}  // namespace plasmite
