#include "agent/daemon/source_thread.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <system_error>
#include <utility>

#include "agent/values.h"

namespace plasmite {
namespace {

using Clock = std::chrono::steady_clock;

// Signals are the main thread's. Those that a thread raises itself by a fault stay.
void block_signals(sigset_t* before) {
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    sigdelset(&blocked, fault);
  (void)::pthread_sigmask(SIG_BLOCK, &blocked, before);
}

}  // namespace

Result<std::unique_ptr<SourceThread>> SourceThread::start(Setup setup) {
  auto stop = StopSignal::create();
  if (!stop) return std::unexpected(std::move(stop.error()));
  std::unique_ptr<SourceThread> source(new SourceThread(std::move(setup), std::move(*stop)));
  sigset_t before;
  block_signals(&before);  // inherited by the thread
  std::optional<Error> failed;
  try {
    source->thread_ = std::thread(&SourceThread::main_loop, source.get());
  } catch (const std::system_error& failure) {
    failed = errno_error(failure.code().value(), "cannot start a thread for the source");
  }
  (void)::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failed) return std::unexpected(std::move(*failed));
  // What shows in ps -T and top: 15 characters.
  (void)::pthread_setname_np(source->thread_.native_handle(),
                             source->config().name.substr(0, 15).c_str());
  return source;
}

SourceThread::SourceThread(Setup setup, StopSignal stop)
    : setup_(std::move(setup)),
      stop_(std::move(stop)),
      context_{.config = setup_.config,
               .durability = setup_.durability,
               .stop = stop_,
               .report = report_,
               .open_pool = setup_.open_pool,
               .rejects = setup_.rejects} {
  report_.advise_as_agent();
  report_.observe([this](const SourceSnapshot& snapshot) { observe(snapshot); });
  source_ = setup_.make(context_);
}

SourceThread::~SourceThread() {
  stop_.request(StopSignal::Level::now);
  if (thread_.joinable()) thread_.join();
}

void SourceThread::main_loop() {
  supervise();
  ended_.store(true, std::memory_order_release);  // pairs with has_ended
  setup_.on_ended();
}

void SourceThread::supervise() {
  while (!run_once()) {
    if (stop_.level() != StopSignal::Level::run) {
      report_.set_state(SourceState::stopped);
      return;
    }
    SourceTotals again;
    again.restarts = 1;
    report_.settle(again);
  }
}

Result<SourceEnd> SourceThread::run_guarded() {
  try {
    return source_->run();
  } catch (const std::exception& failure) {
    return std::unexpected(
        Error(ErrorKind::Internal, "the source failed in a way that nobody expected")
            .with_cause(failure.what())
            .with_hint("This is a bug in plasmite. Please report it with this message."));
  }
}

bool SourceThread::run_once() {
  const Clock::time_point began = Clock::now();
  run_began_ns_ = wall_clock_ns();
  const uint64_t stored_before = report_.snapshot().totals.stored;
  report_.set_state(SourceState::running);
  const auto end = run_guarded();
  report_.sleeping();
  count_failure(end, Clock::now() - began >= kLongRun,
                report_.snapshot().totals.stored > stored_before);
  if (!end) report_.set_error(end.error());
  if (end && *end == SourceEnd::finished) return end_as(SourceState::finished);
  if (end && *end == SourceEnd::failed) return end_as(SourceState::failed);
  if (stop_.level() != StopSignal::Level::run) return end_as(SourceState::stopped);
  back_off(end);
  return false;
}

void SourceThread::count_failure(const Result<SourceEnd>& end, bool was_long, bool has_stored) {
  const bool has_failed = !end || *end == SourceEnd::retry;
  const bool was_useful = !has_failed || was_long || (!end && has_stored);
  if (was_useful) {
    failures_ = 0;
    logged_error_.clear();
  }
  if (has_failed) ++failures_;
}

bool SourceThread::end_as(SourceState state) {
  report_.set_state(state);
  return true;
}

void SourceThread::back_off(const Result<SourceEnd>& end) {
  auto delay = std::max(source_->restart_delay(failures_), std::chrono::milliseconds(1));
  if (!end) delay = std::min(delay, kMostErrorDelay);
  const Clock::time_point next_start = Clock::now() + delay;
  // Before it is seen to wait, and counts as running again: who asks in that moment must not find
  // it well.
  if (failures_ == 0) {
    report_.trust();
  } else {
    report_.doubt(next_start + kLongRun, /*may_get_on=*/!end);
  }
  report_.set_state(SourceState::backing_off, next_start);
  (void)stop_.wait_for(delay);
}

// A change is logged, not each of the retries in between.
void SourceThread::observe(const SourceSnapshot& snapshot) {
  const SourceState before = std::exchange(logged_state_, snapshot.state);
  const std::string& name = setup_.config.name;
  const std::string_view state = source_state_name(snapshot.state);
  switch (snapshot.state) {
    case SourceState::blocked:
    case SourceState::backing_off:
    case SourceState::failed: {
      const bool is_new = snapshot.last_error_ns && *snapshot.last_error_ns >= run_began_ns_;
      if (!is_new && snapshot.state == SourceState::backing_off) {
        setup_.log->info("source has ended and is started again", {{"source", name}});
        return;
      }
      const std::string error = is_new ? describe(*snapshot.last_error) : std::string();
      if (error == logged_error_ && snapshot.state != SourceState::failed) {
        ++same_errors_;
        return;
      }
      setup_.log->add(snapshot.state == SourceState::failed ? LogLevel::error : LogLevel::warning,
                      "source has trouble", {{"source", name}, {"state", state}, {"error", error}});
      logged_error_ = error;
      same_errors_ = 0;
      return;
    }
    case SourceState::running:
      if (before != SourceState::blocked) return;
      setup_.log->info("source goes on",
                       {{"source", name}, {"attempts", std::to_string(same_errors_ + 1)}});
      logged_error_.clear();
      return;
    case SourceState::finished:
    case SourceState::stopped:
      setup_.log->info("source has ended", {{"source", name}, {"state", state}});
      return;
    case SourceState::starting:
      return;
  }
}

SourceStatus SourceThread::status(Clock::time_point now) {
  constexpr std::chrono::seconds kBetweenProbes{1};
  if (!probed_ || now - *probed_ >= kBetweenProbes) {
    problem_ = has_ended() ? std::nullopt : source_->probe();
    probed_ = now;
  }
  SourceStatus status{.name = config().name,
                      .type = source_type_name(config()),
                      .pool = config().pool,
                      .snapshot = report_.snapshot(),
                      .problem = problem_};
  const SourceSnapshot& seen = status.snapshot;
  if (!status.problem && seen.state == SourceState::running && seen.doubted_until &&
      now < *seen.doubted_until)
    status.problem = seen.last_error;
  return status;
}

bool SourceThread::makes_progress(Clock::time_point now, std::chrono::microseconds within) const {
  const SourceSnapshot snapshot = report_.snapshot();
  return has_ended() || !snapshot.busy || now - snapshot.last_progress <= within;
}

}  // namespace plasmite
