#include "agent/daemon/agent.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

#include "agent/daemon/instance_lock.h"
#include "agent/daemon/ownership.h"
#include "agent/output/human.h"
#include "agent/values.h"

namespace plasmite {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

ReloadOutcome not_tried(const char* why, const char* hint) {
  ReloadOutcome outcome;
  outcome.not_tried = Error(ErrorKind::Busy, why).with_hint(hint);
  return outcome;
}

ReloadOutcome about_to_end() {
  return not_tried("the agent is about to end", "Its next start reads the configuration as it is.");
}

std::vector<PoolConfig> pools_without(std::vector<PoolConfig> pools,
                                      const std::vector<PoolConfig>& known) {
  std::erase_if(pools, [&](const PoolConfig& pool) {
    return std::ranges::find(known, pool.name, &PoolConfig::name) != known.end();
  });
  return pools;
}

}  // namespace

Agent::Agent(Setup setup)
    : setup_(std::move(setup)),
      config_(setup_.config),
      log_(*setup_.log),
      started_ns_(wall_clock_ns()),
      started_(Clock::now()),
      signals_(io_),
      guard_(io_),
      timer_(io_),
      retry_(io_),
      watchdog_(io_),
      pools_(config_.pool_dir, config_.group),
      rejects_(make_reject_pool()),
      supervisor_(
          {.make = setup_.make,
           .pools = &pools_,
           .log = &log_,
           .post = [this](std::function<void()> work) { asio::post(io_, std::move(work)); },
           .on_change = [this] { source_changed(); },
           .later = [this](std::chrono::milliseconds delay,
                           std::function<void()> work) { later(delay, std::move(work)); }}) {}

Agent::~Agent() = default;

std::unique_ptr<RejectPool> Agent::make_reject_pool() {
  if (config_.reject_pool.empty()) return nullptr;
  return std::make_unique<RejectPool>(
      [this, name = config_.reject_pool] { return pools_.open(name); });
}

Result<int> Agent::run() {
  constexpr mode_t kSocketDirMode = 0750;
  if (config_.socket.has_parent_path())
    if (auto made = make_group_dir(config_.socket.parent_path(), kSocketDirMode, config_.group);
        !made)
      return std::unexpected(std::move(made.error()));
  const auto lock = InstanceLock::of_socket(config_.socket);
  if (!lock) return std::unexpected(lock.error());
  if (auto started = start(); !started) return std::unexpected(std::move(started.error()));
  io_.run();
  server_.reset();
  log_.info("agent has ended", {{"exit_code", std::to_string(exit_code_.value_or(0))}});
  return exit_code_.value_or(0);
}

Result<void> Agent::start() {
  // Threads that free what others allocated do not each keep a heap of their own.
  constexpr int kHeaps = 2;
  (void)::mallopt(M_ARENA_MAX, kHeaps);
  error_code failed;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    (void)signals_.add(signal, failed);
    if (failed) return std::unexpected(errno_error(failed.value(), "cannot wait for signals"));
  }
  wait_for_signal();
  watch_guard();
  if (auto listens = listen(); !listens) return listens;
  pools_.declare(config_.pools);
  prepare_pools(config_.pools);
  if (auto locked = lock_config(); !locked) return locked;
  log_.info("agent started", {{"config", setup_.config_file.native()},
                              {"pools", std::to_string(config_.pools.size())},
                              {"sources", std::to_string(config_.sources.size())},
                              {"socket", config_.socket.native()},
                              {"version", PLASMITE_VERSION}});
  (void)supervisor_.apply(config_, rejects_.get());
  tell_manager();
  notifier_.ready();
  if (notifier_.watchdog()) watch();
  return {};
}

Result<void> Agent::listen() {
  auto server =
      ControlServer::listen(io_, config_.socket, config_.group,
                            [this](const std::string& request, ControlServer::Answer answer) {
                              handle_request(request, std::move(answer));
                            });
  if (!server) return std::unexpected(std::move(server.error()));
  server_ = std::move(*server);
  return {};
}

// What is declared is there, also if no source has stored anything yet. A pool that cannot be made
// is tried again by the sources that need it.
void Agent::prepare_pools(const std::vector<PoolConfig>& pools) {
  for (const PoolConfig& pool : pools) {
    if (const auto opened = pools_.open(pool.name); !opened)
      log_.warning("pool cannot be used",
                   {{"pool", pool.name}, {"error", describe(opened.error())}});
  }
}

// A folder of pools that cannot be written to is reported, and does not keep the agent from
// running.
Result<void> Agent::lock_config() {
  auto lock = InstanceLock::of_config(config_.pool_dir, setup_.config_file);
  if (!lock && lock.error().kind() == ErrorKind::Busy)
    return std::unexpected(std::move(lock.error()));
  if (lock) {
    config_lock_ = std::move(*lock);
  } else {
    log_.warning("nothing keeps another agent from running with this configuration",
                 {{"error", describe(lock.error())}});
  }
  return {};
}

void Agent::wait_for_signal() {
  signals_.async_wait([this](error_code failed, int signal) {
    if (failed) return;
    handle_signal(signal);
    wait_for_signal();
  });
}

// It says nothing; it can only die.
void Agent::watch_guard() {
  if (!setup_.guard) return;
  error_code failed;
  (void)guard_.assign(setup_.guard.release(), failed);
  guard_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code is_over) {
    if (is_over) return;
    log_.warning(
        "the guard is dead: if the agent is killed, what its commands have started may go on");
  });
}

void Agent::handle_signal(int signal) {
  if (signal == SIGHUP) {
    log_.info("reloading: SIGHUP");
    request_reload(std::nullopt);
    return;
  }
  stop();
  log_.info(signal == SIGTERM ? "ending: SIGTERM" : "ending: SIGINT");
}

AgentStatus Agent::status() {
  const auto now = Clock::now();
  AgentStatus status{
      .config = setup_.config_file.string(),
      .pid = ::getpid(),
      .now_ns = wall_clock_ns(),
      .started_ns = started_ns_,
      .uptime = std::chrono::duration_cast<std::chrono::milliseconds>(now - started_),
      .now = now,
      .last_reload = last_reload_,
      .sources = supervisor_.statuses(now),
      .pools = pools_.statuses(now)};
  if (phase_ != Phase::running)
    status.state = phase_ == Phase::reloading ? "reloading" : "draining";
  if (rejects_)
    status.rejects = {
        .pool = config_.reject_pool, .kept = rejects_->kept(), .lost = rejects_->lost()};
  status.dir_problems = pools_.dir_problems();
  return status;
}

void Agent::request_reload(std::optional<ReloadWaiter> waiter) {
  if (phase_ == Phase::draining || phase_ == Phase::hurrying) {
    if (waiter) (*waiter)(about_to_end());
    return;
  }
  const bool is_busy = phase_ == Phase::reloading;
  auto& waiters = is_busy ? next_waiters_ : waiters_;
  if (waiter && waiters.size() >= kMostWaiting) {
    (*waiter)(not_tried("too many wait for a reload already", "Try again when it is over."));
    return;
  }
  if (waiter) waiters.push_back(std::move(*waiter));
  if (is_busy) {
    reload_again_ = true;
  } else {
    start_reload();
  }
}

void Agent::start_reload() {
  phase_ = Phase::reloading;
  reload_ = {};
  notifier_.reloading();
  listen_again_if_gone();
  auto loaded = setup_.load(setup_.config_file);
  if (loaded) {
    apply_config(std::move(*loaded));
    return;
  }
  for (const ConfigProblem& problem : loaded.error()) {
    reload_.problems.push_back(describe(problem));
    log_.error("configuration refused", {{"problem", reload_.problems.back()}});
  }
  end_reload();
}

// Somebody may have removed the socket, or put another in its place.
void Agent::listen_again_if_gone() {
  if (server_->is_at_its_path()) return;
  const auto listens = listen();
  log_.add(listens ? LogLevel::info : LogLevel::warning,
           listens ? "the socket was gone: listening again" : "the socket is gone",
           {{"socket", config_.socket.native()},
            {"error", listens ? "none" : describe(listens.error())}});
}

void Agent::apply_config(AgentConfig config) {
  const auto reads_stdin = [this](const std::string& name) { return supervisor_.keeps_stdin(name); };
  reload_.needs_restart = keep_what_needs_a_restart(config_, config, reads_stdin);
  for (const std::string& key : reload_.needs_restart)
    log_.warning("this key has changed, which counts after a restart only", {{"key", key}});
  const bool has_new_reject_pool = config.reject_pool != config_.reject_pool;
  auto new_pools = pools_without(config.pools, config_.pools);
  config_ = std::move(config);
  log_.set_level(log_level_of(config_.log_level));
  pools_.declare(config_.pools);
  // Those that are there are opened by the sources: one that somebody has locked takes its time.
  std::erase_if(new_pools, [this](const PoolConfig& pool) { return pools_.has_file(pool.name); });
  prepare_pools(new_pools);
  if (has_new_reject_pool) {
    if (rejects_) old_rejects_.push_back(std::move(rejects_));
    rejects_ = make_reject_pool();
  }
  auto changes = supervisor_.apply(config_, rejects_.get());
  reload_.added = std::move(changes.added);
  reload_.changed = std::move(changes.changed);
  reload_.removed = std::move(changes.removed);
  if (supervisor_.is_settled()) {
    end_reload();
  } else {
    after(config_.drain_timeout, &Agent::wait_for_reload);
  }
}

// Draining took too long.
void Agent::wait_for_reload() {
  log_.warning("sources that the new configuration changes did not end in time, and are cut off");
  supervisor_.hurry();
  after(kLastGrace, &Agent::end_reload);
}

void Agent::end_reload() {
  forget_timer();
  reload_.still_draining = supervisor_.leaving();
  if (reload_.still_draining.empty()) old_rejects_.clear();
  const std::string error = error_of(reload_);
  last_reload_ = {.time_ns = wall_clock_ns(), .error = error};
  phase_ = Phase::running;
  log_.add(error.empty() ? LogLevel::info : LogLevel::error,
           error.empty() ? "reloaded" : "reload failed",
           {{"added", std::to_string(reload_.added.size())},
            {"changed", std::to_string(reload_.changed.size())},
            {"removed", std::to_string(reload_.removed.size())}});
  tell_manager();
  notifier_.ready();
  for (const ReloadWaiter& waiter : std::exchange(waiters_, {})) waiter(reload_);
  if (std::exchange(reload_again_, false)) {
    waiters_ = std::exchange(next_waiters_, {});
    start_reload();
    return;
  }
  source_changed();
}

void Agent::stop() {
  if (phase_ == Phase::draining || phase_ == Phase::hurrying) {
    hurry();
    return;
  }
  phase_ = Phase::draining;
  notifier_.stopping();
  const ReloadOutcome ends = about_to_end();
  for (const ReloadWaiter& waiter : std::exchange(waiters_, {})) waiter(ends);
  for (const ReloadWaiter& waiter : std::exchange(next_waiters_, {})) waiter(ends);
  supervisor_.stop(StopSignal::Level::drain);
  after(config_.drain_timeout, &Agent::hurry);
  source_changed();
}

void Agent::hurry() {
  if (exit_code_) return;
  if (phase_ == Phase::hurrying) {
    // Only sources can hold us up here, and what they have published is safe.
    log_.error("sources do not end: giving up");
    ::_exit(1);
  }
  phase_ = Phase::hurrying;
  is_clean_ = false;
  log_.warning("sources are cut off before they have drained");
  supervisor_.stop(StopSignal::Level::now);
  after(kLastGrace, &Agent::hurry);
}

void Agent::source_changed() {
  switch (phase_) {
    case Phase::reloading:
      if (supervisor_.is_settled()) end_reload();
      return;
    case Phase::running:
      // Without sources it waits for a reload that brings some.
      if (!config_.sources.empty() && supervisor_.all_ended()) {
        log_.info("every source has ended");
        notifier_.stopping();
        end(supervisor_.any_failed() ? 1 : 0);
      }
      return;
    case Phase::draining:
    case Phase::hurrying:
      if (supervisor_.all_ended()) end(is_clean_ ? 0 : 1);
  }
}

void Agent::end(int exit_code) {
  if (!exit_code_) exit_code_ = exit_code;
  io_.stop();
}

void Agent::tell_manager() {
  notifier_.status(counted(config_.sources.size(), "source") + " into " +
                   counted(config_.pools.size(), "pool"));
}

// At half of the interval, and only if everybody gets on: a source that is stuck in a call has us
// restarted.
void Agent::watch() {
  const auto interval = *notifier_.watchdog();
  const auto stuck = supervisor_.stuck(Clock::now(), interval);
  for (const std::string& name : stuck)
    log_.error("source is stuck; the watchdog is not told that all is well", {{"source", name}});
  if (stuck.empty()) notifier_.alive();
  watchdog_.expires_after(interval / 2);
  watchdog_.async_wait([this](error_code failed) {
    if (!failed) watch();
  });
}

void Agent::later(std::chrono::milliseconds delay, std::function<void()> work) {
  retry_.expires_after(delay);
  retry_.async_wait([work = std::move(work)](error_code failed) {
    if (!failed) work();
  });
}

void Agent::after(std::chrono::milliseconds delay, void (Agent::*what)()) {
  timer_.expires_after(delay);
  timer_.async_wait([this, what, turn = ++timer_turn_](error_code failed) {
    if (!failed && turn == timer_turn_) (this->*what)();
  });
}

void Agent::forget_timer() {
  timer_.cancel();
  ++timer_turn_;
}

}  // namespace plasmite
