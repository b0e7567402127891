#include "agent/intake/source_report.h"

#include <numeric>
#include <utility>

#include "agent/intake/agent_hint.h"

namespace plasmite {
namespace {

int64_t wall_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::string_view source_state_name(SourceState state) {
  switch (state) {
    case SourceState::starting:
      return "starting";
    case SourceState::running:
      return "running";
    case SourceState::blocked:
      return "blocked";
    case SourceState::backing_off:
      return "backing-off";
    case SourceState::finished:
      return "finished";
    case SourceState::failed:
      return "failed";
    case SourceState::stopped:
      return "stopped";
  }
  return "starting";
}

std::string_view drop_reason_name(DropReason reason) {
  switch (reason) {
    case DropReason::overflow:
      return "overflow";
    case DropReason::kCount:
      break;
  }
  return "overflow";
}

std::string_view reject_reason_name(RejectReason reason) {
  switch (reason) {
    case RejectReason::parse:
      return "parse";
    case RejectReason::oversize:
      return "oversize";
    case RejectReason::refused:
      return "refused";
    case RejectReason::unreadable:
      return "unreadable";
    case RejectReason::kCount:
      break;
  }
  return "unreadable";
}

uint64_t SourceTotals::dropped_all() const {
  return std::accumulate(dropped.begin(), dropped.end(), uint64_t{0});
}

uint64_t SourceTotals::rejected_all() const {
  return std::accumulate(rejected.begin(), rejected.end(), uint64_t{0});
}

SourceTotals& SourceTotals::operator+=(const SourceTotals& other) {
  stored += other.stored;
  stored_bytes += other.stored_bytes;
  for (size_t i = 0; i < dropped.size(); ++i) dropped[i] += other.dropped[i];
  for (size_t i = 0; i < rejected.size(); ++i) rejected[i] += other.rejected[i];
  gaps += other.gaps;
  lost += other.lost;
  own_log += other.own_log;
  restarts += other.restarts;
  return *this;
}

SourceReport::SourceReport() {
  snapshot_.state_since = snapshot_.last_progress = std::chrono::steady_clock::now();
}

void SourceReport::await_pool() {
  const MutexLock lock(mutex_);
  if (snapshot_.pool_wait_since) return;
  snapshot_.pool_wait_since = std::chrono::steady_clock::now();
  snapshot_.pool_wait_has_error = false;
}

void SourceReport::pool_answers() {
  const MutexLock lock(mutex_);
  snapshot_.pool_wait_since.reset();
}

void SourceReport::count_dropped(DropReason reason, uint64_t count) {
  const MutexLock lock(mutex_);
  snapshot_.totals.dropped[static_cast<size_t>(reason)] += count;
}

void SourceReport::settle(const SourceTotals& totals, std::optional<int64_t> last_event_ns) {
  const MutexLock lock(mutex_);
  snapshot_.totals += totals;
  snapshot_.pool_wait_since.reset();
  if (totals.stored != 0) {
    if (doubt_ends_when_it_gets_on_) snapshot_.doubted_until.reset();
    snapshot_.last_commit_ns = wall_ns();
    snapshot_.last_event_ns = last_event_ns ? last_event_ns : snapshot_.last_commit_ns;
  }
  snapshot_.last_progress = std::chrono::steady_clock::now();
}

void SourceReport::set_state(SourceState state,
                             std::optional<std::chrono::steady_clock::time_point> next_start) {
  bool is_new = false;
  {
    const MutexLock lock(mutex_);
    is_new = snapshot_.state != state;
    if (is_new) snapshot_.state_since = std::chrono::steady_clock::now();
    snapshot_.state = state;
    if (state != SourceState::running && state != SourceState::blocked)
      snapshot_.pool_wait_since.reset();
    snapshot_.next_start = next_start;
    snapshot_.last_progress = std::chrono::steady_clock::now();
  }
  if (is_new) tell_observer();
}

void SourceReport::set_error(Error error) {
  if (is_of_agent_) error = with_agent_hint(std::move(error));
  {
    const MutexLock lock(mutex_);
    snapshot_.last_error = std::move(error);
    snapshot_.last_error_ns = wall_ns();
    snapshot_.pool_wait_has_error = true;
  }
  tell_observer();
}

// Of what was set, not of what snapshot() makes of it: a change is told of once.
void SourceReport::tell_observer() {
  if (!observer_) return;
  SourceSnapshot now;
  {
    const MutexLock lock(mutex_);
    now = snapshot_;
  }
  observer_(now);
}

void SourceReport::set_checkpoint(std::string_view checkpoint) {
  const MutexLock lock(mutex_);
  snapshot_.checkpoint.assign(checkpoint);
}

void SourceReport::set_caught_up(bool caught_up) {
  const MutexLock lock(mutex_);
  snapshot_.caught_up = caught_up;
  if (caught_up && doubt_ends_when_it_gets_on_) snapshot_.doubted_until.reset();
}

void SourceReport::doubt(std::chrono::steady_clock::time_point until, bool may_get_on) {
  const MutexLock lock(mutex_);
  snapshot_.doubted_until = until;
  doubt_ends_when_it_gets_on_ = may_get_on;
}

void SourceReport::trust() {
  const MutexLock lock(mutex_);
  snapshot_.doubted_until.reset();
}

void SourceReport::set_child(std::optional<int64_t> pid) {
  const MutexLock lock(mutex_);
  snapshot_.child_pid = pid;
}

void SourceReport::sleeping() {
  const MutexLock lock(mutex_);
  snapshot_.busy = false;
  snapshot_.last_progress = std::chrono::steady_clock::now();
}

void SourceReport::working() {
  const MutexLock lock(mutex_);
  snapshot_.busy = true;
  snapshot_.last_progress = std::chrono::steady_clock::now();
}

SourceSnapshot SourceReport::snapshot() const {
  SourceSnapshot seen;
  {
    const MutexLock lock(mutex_);
    seen = snapshot_;
  }
  if (!seen.pool_wait_since) return seen;
  const bool waits_long = std::chrono::steady_clock::now() - *seen.pool_wait_since >= kBlockedAfter;
  if (seen.state == SourceState::running && waits_long) {
    seen.state = SourceState::blocked;
    seen.state_since = *seen.pool_wait_since;
  }
  if (seen.state == SourceState::blocked) {
    seen.was_behind = !seen.caught_up;
    seen.caught_up = false;
  }
  return seen;
}

}  // namespace plasmite
