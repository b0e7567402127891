// Writes what is intact into a new pool file and puts it in the place of the damaged one.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "core/base/probe.h"
#include "core/pool/checkpoint_table.h"
#include "core/pool/doctor.h"
#include "core/pool/event.h"
#include "core/pool/frame_walk.h"
#include "core/pool/pool_locks.h"
#include "core/pool/pool_open.h"
#include "core/pool/pool_recovery.h"
#include "core/pool/pool_sync.h"

namespace plasmite {
namespace {

struct FoundRecord {
  uint64_t position;
  uint64_t seq;
  uint64_t skipped;  // sequences just before it that recovery frames say were never given out
};

struct FoundRecords {
  std::vector<FoundRecord> records;  // in order
  uint64_t skipped_at_end = 0;       // the same behind the last
  uint64_t end = 0;                  // of the last intact frame, control frames included
};

// The damaged file, opened without trusting anything but its superblock.
Result<PoolHandle*> open_damaged(PoolHandle& handle, const std::filesystem::path& path,
                                 std::chrono::milliseconds lock_timeout) {
  handle.path = path;
  handle.lock_timeout = lock_timeout;
  int error = injected_failure(Call::open);
  if (error == 0) {
    handle.fd = UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
    error = errno;
  }
  if (!handle.fd)
    return std::unexpected(errno_error(error, error == ENOENT ? "not found" : "failed to open pool",
                                       path.string()));
  struct stat status;
  error = injected_failure(Call::fstat);
  if (error == 0 && ::fstat(handle.fd.get(), &status) != 0) error = errno;
  if (error != 0)
    return std::unexpected(errno_error(error, "failed to stat pool file", path.string()));
  const auto file_size = static_cast<uint64_t>(status.st_size);
  auto superblock = read_superblock(handle.fd.get(), file_size, path.string());
  if (!superblock) return std::unexpected(std::move(superblock.error()));
  handle.superblock = *superblock;
  // A shortened file still has the head of its ring: the layout is that of the size it once had. The
  // mapping reaches beyond the end; what is missing reads as zeros (MappedFile).
  auto geometry = geometry_of(*superblock, superblock->file_size);
  if (!geometry) return std::unexpected(handle.corrupt_error(geometry.error().message()));
  auto mapped = MappedFile::map(handle.fd.get(), 0, geometry->file_size,
                                MappedFile::Mode::read_write);
  if (!mapped) return std::unexpected(std::move(mapped.error()).with_path(path.string()));
  handle.file = std::move(*mapped);
  handle.view = PoolView::of(handle.file.data(), *geometry, handle.superblock);
  handle.wait_page = reinterpret_cast<WaitPage*>(handle.file.data() + kWaitPageOffset);
  return &handle;
}

// What the live page and the anchors say about how far the pool had come. Each is only believed as a
// lower bound, and only if it is sane.
struct KnownLimits {
  uint64_t reference = 0;  // a position near the newest
  uint64_t floor = 0;      // frames below were retired
  uint64_t ceiling = UINT64_MAX;  // frames from here on were never published
  uint64_t next_seq = 1;
  bool live = false;  // the live page is of this boot and this file, and not damaged
};

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

// How many sequences the recovery frame at `position` stands for.
uint64_t skipped_by(const PoolView& view, const FrameWords& frame, uint64_t position) {
  RecoveryBody fixed{};
  const std::string body = read_body(view, frame, position);
  if (body.size() != sizeof(fixed)) return 0;
  std::memcpy(&fixed, body.data(), sizeof(fixed));
  return fixed.next_seq > fixed.found_next ? fixed.next_seq - fixed.found_next : 0;
}

// Every intact record frame in the ring, in order.
FoundRecords find_records(const PoolView& view, const KnownLimits& limits) {
  FoundRecords found;
  const auto runs = scan_runs(view, limits.reference, [&](const FrameWords& frame, uint64_t position) {
    return position >= limits.floor && position < limits.ceiling && frame.seq() <= kMaxCount / 2;
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

// Sequences lost between two records that follow each other.
uint64_t lost_between(uint64_t next_seq, const FoundRecord& record) {
  const uint64_t hole = record.seq - next_seq;
  return hole - std::min(hole, record.skipped);
}

// Appends frames to the new file's ring as they were: sequence, time, tags and body are kept, position
// and CRC are new. What is left of a batch is a batch again; one that damage cut in two becomes two, and
// the second part's time moves by nanoseconds to stay above the first's.
class Rewriter {
 public:
  Rewriter(const PoolView& from, const PoolView& to) : from_(from), to_(to) {}

  void copy(std::span<const FoundRecord> records) {
    for (size_t i = 0; i < records.size(); ++i) {
      const bool last = i + 1 == records.size() || !same_batch(records[i], records[i + 1]);
      const bool first = i == 0 || !same_batch(records[i - 1], records[i]);
      copy_one(records[i], first, last);
    }
  }

  uint64_t head() const { return head_; }
  uint64_t last_time() const { return last_time_; }
  uint64_t kept() const { return kept_; }
  uint64_t lost() const { return lost_; }
  uint64_t next_seq() const { return std::max<uint64_t>(expected_seq_, 1); }

 private:
  bool same_batch(const FoundRecord& a, const FoundRecord& b) const {
    return a.seq + 1 == b.seq && from_.header_at(a.position).time() == from_.header_at(b.position).time();
  }

  void copy_one(const FoundRecord& record, bool first_of_batch, bool last_of_batch) {
    const FrameWords old = from_.header_at(record.position);
    if (expected_seq_ != 0 && record.seq > expected_seq_) {
      lost_ += lost_between(expected_seq_, record);
      put_hole(record.seq);
    }
    if (first_of_batch) last_time_ = std::max(last_time_ + 1, old.time());
    const unsigned flags = (old.flags() & kFrameTags) | (first_of_batch ? kFrameBegin : 0u) |
                           (last_of_batch ? kFrameEnd : 0u);
    put(read_body(from_, old, record.position), flags, record.seq, last_time_);
    expected_seq_ = record.seq + 1;
    ++kept_;
  }

  void put_hole(uint64_t next_seq) {
    const RecoveryBody fixed{.found_next = expected_seq_, .next_seq = next_seq};
    ++last_time_;
    put({reinterpret_cast<const char*>(&fixed), sizeof(fixed)},
        kFrameRecovery | kFrameBegin | kFrameEnd, next_seq, last_time_);
  }

  void put(std::string_view body, unsigned flags, uint64_t seq, uint64_t time) {
    Ring ring = to_.ring;
    const FrameWords frame = make_frame(
        to_.crc_seed, static_cast<uint8_t>(flags), static_cast<uint32_t>(body.size()), seq, time, head_,
        head_ / ring.size(), crc32c_padded(kCrc32cInit, body));
    for (uint64_t i = 0; i < 4; ++i) ring.store(head_ + 8 * i, frame.words[i]);
    ring.copy_in(head_ + sizeof(FrameHeader), body);
    head_ += frame.size();
  }

  const PoolView& from_;
  const PoolView& to_;
  uint64_t head_ = 0;
  uint64_t last_time_ = 0;
  uint64_t expected_seq_ = 0;
  uint64_t kept_ = 0;
  uint64_t lost_ = 0;
};

// Of the two copies of a slot in the table, and those in the anchors, the newest that is intact and not
// newer than the records. Where the live page can be trusted it says which copy of the table counts.
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

// One repair: the damaged file, what was found in it, the new file.
class Repair {
 public:
  Repair(std::filesystem::path path, std::chrono::milliseconds lock_timeout)
      : path_(std::move(path)), lock_timeout_(lock_timeout) {}

  ~Repair() {
    std::error_code ignored;
    if (!fresh_path_.empty()) std::filesystem::remove(fresh_path_, ignored);
  }

  Result<RepairReport> run() {
    if (auto opened = open_damaged(damaged_, path_, lock_timeout_); !opened)
      return std::unexpected(std::move(opened.error()));
    Deadline deadline(lock_timeout_);
    if (auto locked = lock_file(damaged_.fd.get(), path_.string(), deadline); !locked)
      return std::unexpected(std::move(locked.error()));
    // Another repair, resizing or deletion may have been before us: what has the name now is not ours.
    if (!damaged_.has_its_name()) return std::unexpected(damaged_.deleted_error());
    limits_ = known_limits(damaged_);
    FoundRecords found = find_records(damaged_.view, limits_);
    records_ = std::move(found.records);
    skipped_at_end_ = found.skipped_at_end;
    limits_.reference = std::max(limits_.reference, found.end);
    keep_what_fits();
    for (auto step : {&Repair::create_fresh, &Repair::fill_fresh, &Repair::swap_files})
      if (auto done = (this->*step)(); !done) return std::unexpected(std::move(done.error()));
    return report_;
  }

 private:
  // Frames for the holes take a little room; if it is not there the oldest records go.
  void keep_what_fits() {
    const uint64_t hole = frame_bytes(sizeof(RecoveryBody));
    uint64_t needed = limits_.next_seq > found_next() ? hole : 0;
    size_t first = records_.size();
    while (first > 0) {
      const bool before_hole =
          first < records_.size() && records_[first].seq != records_[first - 1].seq + 1;
      needed += damaged_.view.header_at(records_[first - 1].position).size() +
                (before_hole ? hole : 0);
      if (needed > damaged_.view.geometry.ring_size) break;
      --first;
    }
    report_.records_lost = first + lost_at_end();
    lossy_ = first > 0 || limits_.next_seq > found_next() + skipped_at_end_;
    for (size_t i = first + 1; i < records_.size(); ++i)
      lossy_ = lossy_ || lost_between(records_[i - 1].seq + 1, records_[i]) != 0;
    records_.erase(records_.begin(), records_.begin() + static_cast<ptrdiff_t>(first));
  }

  uint64_t found_next() const { return records_.empty() ? 1 : records_.back().seq + 1; }

  // Known only if the live page says how far the pool had come.
  uint64_t lost_at_end() const {
    const uint64_t end = found_next() + skipped_at_end_;
    return limits_.live && limits_.next_seq > end ? limits_.next_seq - end : 0;
  }

  Result<void> create_fresh() {
    struct stat status;
    if (::fstat(damaged_.fd.get(), &status) != 0)
      return std::unexpected(errno_error(errno, "failed to stat pool file", path_.string()));
    fresh_path_ = path_;
    fresh_path_ += ".repaired";
    std::error_code ignored;
    std::filesystem::remove(fresh_path_, ignored);
    CreateOptions options;
    options.size_bytes = damaged_.view.geometry.file_size;
    options.mode = status.st_mode & 07777;
    options.sync_window_bytes = damaged_.view.sync_window;
    options.seq_window = damaged_.view.seq_window;
    // (id, seq) names one record for ever: only if nothing was lost may the id stay.
    auto created = create_pool(fresh_path_, options, lossy_ ? nullptr : &damaged_.superblock.pool_id);
    if (!created) return std::unexpected(std::move(created.error()));
    fresh_ = std::move(*created);
    return {};
  }

  Result<void> fill_fresh() {
    Rewriter rewriter(damaged_.view, fresh_->view);
    rewriter.copy(records_);
    RecoveredPool state;
    if (!read_anchor_copy(fresh_->view, 0, &state.anchor))
      return std::unexpected(fresh_->corrupt_error("new pool file cannot be read back"));
    state.anchor_copy = 0;
    state.head = state.index_to = rewriter.head();
    state.found_next = rewriter.next_seq();
    state.last_time = rewriter.last_time();
    state.checkpoints = salvage_checkpoints(damaged_.view, limits_);
    state.next_seq = seq_above(fresh_->view, state.found_next, limits_.next_seq);
    if (auto initialized = initialize_live(*fresh_, state, /*durable=*/true); !initialized)
      return initialized;
    const auto tag = live_tag(fresh_->fd.get(), fresh_path_.string());
    if (!tag) return std::unexpected(tag.error());
    store_release(fresh_->view.live->tag, *tag);
    report_.records_kept = rewriter.kept();
    report_.records_lost += rewriter.lost();
    report_.id_changed = lossy_;
    return {};
  }

  // A link first, then a rename over the old name: at no instant is there no pool of this name.
  Result<void> swap_files() {
    std::error_code error;
    report_.damaged_copy = path_;
    report_.damaged_copy += ".damaged";
    for (int n = 1; std::filesystem::exists(report_.damaged_copy, error); ++n) {
      report_.damaged_copy = path_;
      report_.damaged_copy += ".damaged." + std::to_string(n);
    }
    std::filesystem::create_hard_link(path_, report_.damaged_copy, error);
    if (error)
      return std::unexpected(
          errno_error(error.value(), "failed to keep the damaged pool", path_.string()));
    // The mark first: a writer that gets its lock after our death must look whether its file still
    // has its name.
    uint64_t& deleted = damaged_.view.live->deleted;
    const uint64_t before = load_acquire(deleted);
    store_release(deleted, kMayBeReplaced);  // pairs with PoolHandle::check_present
    int failure = injected_failure(Call::rename);
    if (failure == 0 && ::rename(fresh_path_.c_str(), path_.c_str()) != 0) failure = errno;
    if (failure != 0) {
      store_release(deleted, before);
      std::filesystem::remove(report_.damaged_copy, error);
      return std::unexpected(errno_error(failure, "failed to rename pool", fresh_path_.string()));
    }
    fresh_path_.clear();
    // Whoever has the damaged file open must learn of it whatever happens next: its link count stays 1.
    store_release(deleted, uint64_t{1});  // pairs with check_present
    Event event(damaged_.wait_page->event);
    event.signal();
    event.wake_all();
    return sync_directory(path_);
  }

  std::filesystem::path path_;
  std::chrono::milliseconds lock_timeout_;
  PoolHandle damaged_;
  KnownLimits limits_;
  std::vector<FoundRecord> records_;
  uint64_t skipped_at_end_ = 0;
  bool lossy_ = false;
  std::filesystem::path fresh_path_;
  std::shared_ptr<PoolHandle> fresh_;
  RepairReport report_;
};

}  // namespace

Result<RepairReport> repair_pool(const std::filesystem::path& path,
                                 std::chrono::milliseconds lock_timeout) {
  return Repair(path, lock_timeout).run();
}

}  // namespace plasmite
