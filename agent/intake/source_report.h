// What one source tells about itself: written by the source's thread, read by whoever answers
// `status` or collects metrics. Every snapshot is of one instant: received = stored + dropped +
// rejected in each. Thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/mutex.h"

namespace plasmite {

enum class SourceState : uint8_t {
  starting,
  running,
  blocked,      // its pool does not take what it has; it goes on trying
  backing_off,  // it failed (then there is doubt), or its child ended, and starts again soon
  finished,     // it has ended as it should and does not start again
  failed,       // it has ended otherwise and does not start again
  stopped,      // by request
};
std::string_view source_state_name(SourceState state);

// Fixed sets: they are labels of metrics.
enum class DropReason : uint8_t { overflow, kCount };
enum class RejectReason : uint8_t { parse, oversize, refused, unreadable, kCount };
std::string_view drop_reason_name(DropReason reason);
std::string_view reject_reason_name(RejectReason reason);

struct SourceTotals {
  uint64_t stored = 0;        // records, without lifecycle records that plasmite itself adds
  uint64_t stored_bytes = 0;  // of their JSON text
  std::array<uint64_t, static_cast<size_t>(DropReason::kCount)> dropped{};
  std::array<uint64_t, static_cast<size_t>(RejectReason::kCount)> rejected{};
  uint64_t gaps = 0;      // gap records stored
  uint64_t lost = 0;      // records that the source lost before we could have them, where countable
  uint64_t own_log = 0;   // entries left out because they are our own log
  uint64_t restarts = 0;  // since the agent started

  uint64_t dropped_all() const;
  uint64_t rejected_all() const;
  uint64_t received() const { return stored + dropped_all() + rejected_all(); }
  SourceTotals& operator+=(const SourceTotals& other);
};

struct SourceSnapshot {
  SourceState state = SourceState::starting;
  std::chrono::steady_clock::time_point state_since;
  SourceTotals totals;
  std::optional<int64_t>
      last_event_ns;  // UTC; the source's own time of the newest record, else ours
  std::optional<int64_t> last_commit_ns;  // UTC
  std::string checkpoint;                 // as stored in the pool; empty: none
  bool caught_up = true;            // nothing more to read when it last looked; not while blocked
  std::optional<Error> last_error;  // stays after it is over: see state
  std::optional<int64_t> last_error_ns;                             // UTC
  std::optional<std::chrono::steady_clock::time_point> next_start;  // of backing_off
  std::optional<int64_t> child_pid;                                 // of a tap
  // Since when it has something that its pool has not taken yet, whether that has been an error
  // since then, and whether there was more to read before.
  std::optional<std::chrono::steady_clock::time_point> pool_wait_since;
  bool pool_wait_has_error = false;
  bool was_behind = false;
  // It failed last time and has not got on since: until then at most.
  std::optional<std::chrono::steady_clock::time_point> doubted_until;
  // When the source last went to sleep or made progress; while `busy`, it has not slept since.
  std::chrono::steady_clock::time_point last_progress;
  bool busy = false;
};

class SourceReport {
 public:
  // Who waits longer for its pool is `blocked`, although nothing has failed yet: a lock is waited
  // for 5 s.
  static constexpr std::chrono::seconds kBlockedAfter{1};

  // Called by the source's thread after each change of state and each error, never at the same
  // time. To be set before that thread starts.
  using Observer = std::function<void(const SourceSnapshot& snapshot)>;

  SourceReport();
  void observe(Observer observer) { observer_ = std::move(observer); }

  // From here on it waits for its pool, until pool_answers() or settle().
  void await_pool();
  void pool_answers();
  // At once, whatever the source does meanwhile; from any thread.
  void count_dropped(DropReason reason, uint64_t count);
  // Adds to the totals in one step; also says that something was committed now, if `totals.stored`
  // is not 0.
  void settle(const SourceTotals& totals, std::optional<int64_t> last_event_ns = {});
  void set_state(SourceState state,
                 std::optional<std::chrono::steady_clock::time_point> next_start = {});
  void set_error(Error error);
  // Its errors get hints that name keys of the configuration instead of options. To be said before
  // that thread starts.
  void advise_as_agent() { is_of_agent_ = true; }
  void set_checkpoint(std::string_view checkpoint);
  void set_caught_up(bool caught_up);
  void set_child(std::optional<int64_t> pid);
  // Before it is run again after a failure. Where it `may_get_on`, storing a record ends the doubt,
  // and so does having read all there is; a child that says or waits for something may fail all
  // the same.
  void doubt(std::chrono::steady_clock::time_point until, bool may_get_on);
  void trust();  // no doubt any more
  // For the watchdog: before and after sleeping.
  void sleeping();
  void working();

  SourceSnapshot snapshot() const;

 private:
  void tell_observer();

  Observer observer_;
  bool is_of_agent_ = false;
  mutable Mutex mutex_;
  SourceSnapshot snapshot_ GUARDED_BY(mutex_);
  bool doubt_ends_when_it_gets_on_ GUARDED_BY(mutex_) = false;
};

}  // namespace plasmite
