#include "agent/daemon/supervisor.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace plasmite {
namespace {

Durability durability_of(const AgentConfig& config, const std::string& pool) {
  const auto found = std::ranges::find(config.pools, pool, &PoolConfig::name);
  return found == config.pools.end() ? Durability::fast : found->durability;
}

}  // namespace

Supervisor::~Supervisor() {
  // All at once, so that they end side by side.
  for (auto& [name, slot] : slots_)
    if (slot.thread) slot.thread->request(StopSignal::Level::now);
}

Supervisor::Changes Supervisor::apply(const AgentConfig& config, RejectPool* rejects) {
  Changes changes;
  std::map<std::string, Wanted> wanted;
  for (const SourceConfig& source : config.sources)
    wanted[source.name] = {
        .config = source, .durability = durability_of(config, source.pool), .rejects = rejects};
  for (auto& [name, slot] : slots_) {
    const auto found = wanted.find(name);
    if (found == wanted.end()) {
      if (slot.next || !slot.is_leaving) changes.removed.push_back(name);
      slot.next.reset();
      drain(slot);
      continue;
    }
    const bool is_same = slot.is_leaving ? slot.next == found->second : slot.now == found->second;
    // What was wrong may be mended. But what a stdin source left unread is gone.
    const bool is_stdin = std::holds_alternative<StdinConfig>(slot.now.config.kind);
    const bool has_failed = !slot.is_leaving && !is_stdin && slot.thread && slot.thread->failed();
    if (!is_same || has_failed) {
      changes.changed.push_back(name);
      slot.next = std::move(found->second);
      drain(slot);
    }
    wanted.erase(found);
  }
  for (auto& [name, added] : wanted) {
    changes.added.push_back(name);
    start(slots_[name], std::move(added));
  }
  // Those that have ended, or never started, have nothing to drain, and nobody will tell of them.
  std::vector<std::string> ended;
  for (const auto& [name, slot] : slots_)
    if (slot.is_leaving && (!slot.thread || slot.thread->has_ended())) ended.push_back(name);
  for (const std::string& name : ended) replace(name);
  return changes;
}

void Supervisor::drain(Slot& slot) {
  slot.is_leaving = true;
  if (slot.thread) slot.thread->request(StopSignal::Level::drain);
}

SourceThread::Setup Supervisor::thread_setup(const Slot& slot) {
  const std::string& name = slot.now.config.name;
  return {.config = slot.now.config,
          .durability = slot.now.durability,
          .open_pool = [pools = setup_.pools,
                        pool = slot.now.config.pool] { return pools->open(pool); },
          .rejects = slot.now.rejects,
          .make = setup_.make,
          .log = setup_.log,
          .on_ended = [this, name] { setup_.post([this, name] { source_ended(name); }); }};
}

void Supervisor::start(Slot& slot, Wanted wanted) {
  slot.now = std::move(wanted);
  slot.next.reset();
  slot.is_leaving = false;
  const bool is_retry = std::exchange(slot.error, std::nullopt).has_value();
  auto thread = setup_.start_thread(thread_setup(slot));
  const std::string& name = slot.now.config.name;
  if (thread) {
    slot.thread = std::move(*thread);
    setup_.log->info("source started",
                     {{"source", name}, {"type", source_type_name(slot.now.config)}});
    return;
  }
  if (!is_retry)
    setup_.log->error("source cannot be started, and is tried again",
                      {{"source", name}, {"error", describe(thread.error())}});
  slot.error = std::move(thread.error());
  retry_later();
}

// A machine that is out of threads or descriptors has some again later.
void Supervisor::retry_later() {
  if (std::exchange(is_retrying_, true)) return;
  retry_at_ = std::chrono::steady_clock::now() + retry_delay_;
  setup_.later(retry_delay_, [this] { retry(); });
  retry_delay_ = std::min(2 * retry_delay_, SourceThread::kMostErrorDelay);
}

void Supervisor::retry() {
  is_retrying_ = false;
  if (is_stopping_) return;
  for (auto& [name, slot] : slots_)
    if (slot.error && !slot.is_leaving) start(slot, Wanted(slot.now));
  if (!is_retrying_) retry_delay_ = kFirstRetry;
}

void Supervisor::source_ended(const std::string& name) {
  replace(name);
  setup_.on_change();
}

// Nothing happens if it does not leave, or still has to end: it may be another thread that has
// ended, one that this slot had before.
void Supervisor::replace(const std::string& name) {
  const auto found = slots_.find(name);
  if (found == slots_.end()) return;
  Slot& slot = found->second;
  if (!slot.is_leaving || is_stopping_ || (slot.thread && !slot.thread->has_ended())) return;
  slot.thread.reset();
  if (slot.next) {
    start(slot, std::move(*slot.next));
  } else {
    slots_.erase(found);
  }
}

std::vector<std::string> Supervisor::leaving() const {
  std::vector<std::string> names;
  for (const auto& [name, slot] : slots_)
    if (slot.is_leaving) names.push_back(name);
  return names;
}

void Supervisor::hurry() {
  for (auto& [name, slot] : slots_)
    if (slot.is_leaving && slot.thread) slot.thread->request(StopSignal::Level::now);
}

void Supervisor::stop(StopSignal::Level level) {
  is_stopping_ = true;
  for (auto& [name, slot] : slots_)
    if (slot.thread) slot.thread->request(level);
}

bool Supervisor::keeps_stdin(const std::string& name) const {
  const auto slot = slots_.find(name);
  if (slot == slots_.end() || !slot->second.thread) return false;
  const SourceThread& thread = *slot->second.thread;
  return !thread.has_ended() || thread.failed();
}

bool Supervisor::all_ended() const {
  return std::ranges::all_of(slots_, [&](const auto& entry) {
    const Slot& slot = entry.second;
    const bool has_ended = slot.thread ? slot.thread->has_ended() : is_stopping_ || !slot.error;
    return has_ended && (is_stopping_ || !slot.next);
  });
}

bool Supervisor::any_failed() const {
  return std::ranges::any_of(slots_, [](const auto& entry) {
    const Slot& slot = entry.second;
    return slot.error || (slot.thread && slot.thread->has_ended() && slot.thread->failed());
  });
}

std::vector<SourceStatus> Supervisor::statuses(std::chrono::steady_clock::time_point now) {
  std::vector<SourceStatus> statuses;
  statuses.reserve(slots_.size());
  for (auto& [name, slot] : slots_) {
    if (slot.thread) {
      statuses.push_back(slot.thread->status(now));
      continue;
    }
    SourceStatus failed{.name = name,
                        .type = source_type_name(slot.now.config),
                        .pool = slot.now.config.pool,
                        .snapshot = {}};
    failed.snapshot.state = is_stopping_ ? SourceState::failed : SourceState::backing_off;
    if (!is_stopping_) failed.snapshot.next_start = failed.snapshot.doubted_until = retry_at_;
    failed.snapshot.state_since = failed.snapshot.last_progress = now;
    failed.snapshot.last_error = slot.error;
    statuses.push_back(std::move(failed));
  }
  return statuses;
}

std::vector<std::string> Supervisor::stuck(std::chrono::steady_clock::time_point now,
                                           std::chrono::microseconds within) const {
  std::vector<std::string> names;
  for (const auto& [name, slot] : slots_)
    if (slot.thread && !slot.thread->makes_progress(now, within)) names.push_back(name);
  return names;
}

}  // namespace plasmite
