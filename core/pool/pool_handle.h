// The open pool file: descriptor, mapping, view, and what one process keeps beside it. Shared by a
// Pool and its cursors; immutable after opening but for the two mutexes.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>

#include "core/base/error.h"
#include "core/base/mapped_file.h"
#include "core/base/mutex.h"
#include "core/base/unique_fd.h"
#include "core/pool/pool.h"
#include "core/pool/pool_view.h"

namespace plasmite {

// When to give up waiting for a lock. The clock is only asked when there is something to wait for:
// most appends find their locks free.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  std::chrono::steady_clock::time_point get() {
    if (!at_) at_ = std::chrono::steady_clock::now() + timeout_;
    return *at_;
  }

 private:
  std::chrono::milliseconds timeout_;
  std::optional<std::chrono::steady_clock::time_point> at_;
};

class PoolHandle {
 public:
  enum class Mode : uint8_t {
    append,    // everything mapped read-write
    read,      // mapped read-only, the wait page read-write
    observe,   // no permission to write: mapped read-only, polls
    snapshot,  // like observe, but recovered into a private copy: nobody opened it since the restart
  };

  std::filesystem::path path;
  UniqueFd fd;
  Mode mode = Mode::append;
  MappedFile file;
  MappedFile wait_mapping;      // Mode::read only
  WaitPage* wait_page = nullptr;  // null: not writable
  PoolView view;
  Superblock superblock{};
  std::chrono::milliseconds lock_timeout = kDefaultLockTimeout;
  bool space_allocated = true;
  // Of the process that opened it. A handle must not be used on both sides of a fork(): the two would
  // share the kernel's locks.
  uint64_t pid = 0;

  // flock and OFD locks belong to the open file, which threads share: these keep threads apart.
  // Order: flush before writer, as for the locks they stand for.
  TimedMutex writer_mutex;
  TimedMutex flush_mutex;
  std::atomic<bool> follows_live{false};  // Mode::snapshot: a writer came, the mapping is shared now
  std::atomic<int64_t> last_seen_s{0};  // when the file system last said that the file is whole

  bool can_append() const { return mode == Mode::append; }

  // An error if the file no longer is what was opened: deleted, replaced, truncated.
  Result<void> check_present() const {
    if (!file.faulted() && !wait_mapping.faulted() && load_acquire(view.live->deleted) == 0) return {};
    return look_for_replacement();
  }
  // Also asks the file system, at most once a second.
  Result<void> check_present_slowly();
  // The same for who knows the time: seconds of CLOCK_REALTIME.
  Result<void> check_present_slowly(int64_t now_s) {
    if (auto present = check_present(); !present) return present;
    if (last_seen_s.load(std::memory_order_relaxed) == now_s) return {};
    return ask_file_system(now_s);
  }

  // Writer lock held: takes back what somebody left who died while replacing the file.
  void settle_replacement() {
    if (load_acquire(view.live->deleted) == kMayBeReplaced && has_its_name())
      store_release(view.live->deleted, uint64_t{0});
  }

  // Whether the path still leads to this very file.
  bool has_its_name() const;

  // Whether the file is shorter than it was. The page in which it was cut reads as zeros behind the cut,
  // without a fault: ask wherever something looks damaged.
  bool is_cut() const;

  Error deleted_error() const;
  Error truncated_error() const;
  Error corrupt_error(std::string message) const;  // truncated_error() if that is why

 private:
  Result<void> look_for_replacement() const;
  Result<void> ask_file_system(int64_t now_s);
};

}  // namespace plasmite
