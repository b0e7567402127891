// Writes what is intact into a new pool file and puts it in the place of the damaged one.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/probe.h"
#include "core/pool/doctor.h"
#include "core/pool/fresh_pool.h"
#include "core/pool/frame_walk.h"
#include "core/pool/pool_locks.h"
#include "core/pool/pool_open.h"
#include "core/pool/pool_recovery.h"
#include "core/pool/salvage.h"

namespace plasmite {
namespace {

constexpr std::string_view kInUseHint =
    "`plasmite tap`, or a source of the agent, stores into this pool. Repair it when that has ended.";

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

// One repair: the damaged file, what was found in it, the new file.
class Repair {
 public:
  Repair(std::filesystem::path path, std::chrono::milliseconds lock_timeout)
      : path_(std::move(path)), lock_timeout_(lock_timeout) {}

  Result<RepairReport> run() {
    if (auto opened = open_damaged(damaged_, path_, lock_timeout_); !opened)
      return std::unexpected(std::move(opened.error()));
    Deadline deadline(lock_timeout_);
    if (auto locked = lock_file(damaged_.fd.get(), path_.string(), deadline); !locked)
      return std::unexpected(std::move(locked.error()));
    // Another repair, resizing or deletion may have been before us: what has the name now is not ours.
    if (!damaged_.has_its_name()) return std::unexpected(damaged_.deleted_error());
    if (auto excluded = exclude_lock_holders(damaged_, kInUseHint); !excluded)
      return std::unexpected(std::move(excluded.error()));
    limits_ = known_limits(damaged_);
    FoundRecords found = find_records(damaged_.view, limits_);
    records_ = std::move(found.records);
    skipped_at_end_ = found.skipped_at_end;
    limits_.reference = std::max(limits_.reference, found.end);
    keep_what_fits();
    auto fresh = create_fresh();
    if (!fresh) return std::unexpected(std::move(fresh.error()));
    if (auto filled = fill(*fresh); !filled) return std::unexpected(std::move(filled.error()));
    if (auto swapped = swap_files(*fresh); !swapped) return std::unexpected(std::move(swapped.error()));
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
    // Without an anchor nobody knows which sequences were given out.
    lossy_ = first > 0 || !(limits_.live || limits_.anchored) ||
             limits_.next_seq > found_next() + skipped_at_end_;
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

  Result<FreshPool> create_fresh() {
    struct stat status;
    if (::fstat(damaged_.fd.get(), &status) != 0)
      return std::unexpected(errno_error(errno, "failed to stat pool file", path_.string()));
    remove_abandoned(path_);
    const CreateOptions options{.size_bytes = damaged_.view.geometry.file_size,
                                .mode = status.st_mode & 07777,
                                .sync_window_bytes = damaged_.view.sync_window,
                                .seq_window = damaged_.view.seq_window};
    // (id, seq) names one record for ever: only if nothing was lost may the id stay.
    auto fresh =
        FreshPool::create(path_, options, lossy_ ? nullptr : &damaged_.superblock.pool_id);
    if (!fresh) return fresh;
    if (auto owned = fresh->take_owner(status); !owned)
      return std::unexpected(std::move(owned.error()));
    return fresh;
  }

  Result<void> fill(FreshPool& fresh) {
    Rewriter rewriter(damaged_.view, fresh.view());
    rewriter.copy(records_);
    RecoveredPool state;
    state.head = state.index_to = state.anchor.head = rewriter.head();
    state.found_next = rewriter.next_seq();
    state.last_time = rewriter.last_time();
    state.checkpoints = salvage_checkpoints(damaged_.view, limits_);
    state.next_seq = seq_above(fresh.view(), state.found_next, limits_.next_seq);
    if (auto initialized = fresh.initialize(state); !initialized) return initialized;
    report_.records_kept = rewriter.kept();
    report_.records_lost += rewriter.lost();
    report_.id_changed = lossy_;
    return {};
  }

  // A link first, then a rename over the old name: at no instant is there no pool of this name.
  Result<void> swap_files(FreshPool& fresh) {
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
    auto replaced = fresh.replace(damaged_);
    // Nothing has happened yet if the name still leads to the damaged file.
    if (!replaced && damaged_.has_its_name())
      std::filesystem::remove(report_.damaged_copy, error);
    return replaced;
  }

  std::filesystem::path path_;
  std::chrono::milliseconds lock_timeout_;
  PoolHandle damaged_;
  KnownLimits limits_;
  std::vector<FoundRecord> records_;
  uint64_t skipped_at_end_ = 0;
  bool lossy_ = false;
  RepairReport report_;
};

}  // namespace

Result<RepairReport> repair_pool(const std::filesystem::path& path,
                                 std::chrono::milliseconds lock_timeout) {
  // What a symbolic link leads to is repaired, not the link.
  std::error_code unresolved;
  const std::filesystem::path real = std::filesystem::canonical(path, unresolved);
  return Repair(unresolved ? path : real, lock_timeout).run();
}

}  // namespace plasmite
