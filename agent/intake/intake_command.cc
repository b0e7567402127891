#include "agent/intake/intake_command.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "agent/intake/intake_messages.h"
#include "agent/intake/journald_request.h"
#include "agent/intake/journald_source.h"
#include "agent/intake/source_report.h"
#include "agent/intake/stop_signal.h"
#include "agent/output/progress_line.h"
#include "agent/output/stdio.h"
#include "agent/pool_access.h"
#include "agent/values.h"
#include "capture/signal_watch.h"
#include "core/base/unique_fd.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;

// One that ran for that long before it failed counts as a first failure again.
constexpr milliseconds kSettled{10000};

// Opens the pool again when the source asks for it. One that was deleted is not made anew without
// --create: then the intake is over.
class PoolOpener {
 public:
  PoolOpener(const CommandContext& context, const JournaldRequest& request,
             const JournaldPlan& plan, StopSignal& stop)
      : context_(context), request_(request), plan_(plan), stop_(stop) {}

  Result<std::shared_ptr<Pool>> open() {
    auto pool = open_pool(
        context_, {.ref = request_.pool,
                   .access = Access::append,
                   .create = request_.create,
                   .create_bytes = plan_.create_bytes,
                   .missing_hint = rerun_with_create_hint("intake journald", request_.pool)});
    if (pool) return std::make_shared<Pool>(std::move(*pool));
    if (pool.error().kind() == ErrorKind::NotFound) stop_.request(StopSignal::Level::now);
    return std::unexpected(std::move(pool.error()));
  }

 private:
  const CommandContext& context_;
  const JournaldRequest& request_;
  const JournaldPlan& plan_;
  StopSignal& stop_;
};

// The source's thread: runs the source until its end, again and again where that may help.
class Runner {
 public:
  Runner(Source& source, SourceReport& report, StopSignal& stop, bool once)
      : source_(source), report_(report), stop_(stop), once_(once) {}

  Result<void> run() {
    bool has_run = false;
    for (;;) {
      const auto began = std::chrono::steady_clock::now();
      auto end = source_.run();
      if (end && *end != SourceEnd::again && *end != SourceEnd::retry) return {};
      // What fails before it ever ran is wrong in a way that a person must look at.
      has_run = has_run || report_.snapshot().state != SourceState::starting;
      const bool is_last = stop_.level() != StopSignal::Level::run || once_ || !has_run;
      if (is_last) return end ? Result<void>() : std::unexpected(std::move(end.error()));
      if (std::chrono::steady_clock::now() - began > kSettled) failures_ = 0;
      if (!end) report_.set_error(end.error());
      back_off();
      if (stop_.level() != StopSignal::Level::run) return {};
    }
  }

 private:
  void back_off() {
    const milliseconds delay = source_.restart_delay(++failures_);
    report_.set_state(SourceState::backing_off, std::chrono::steady_clock::now() + delay);
    if (!stop_.wait_for(delay)) report_.set_state(SourceState::starting);
  }

  Source& source_;
  SourceReport& report_;
  StopSignal& stop_;
  bool once_;
  uint32_t failures_ = 0;
};

// Tells of what goes wrong while the source goes on: when it begins, then once a minute.
class TroubleNotices {
 public:
  TroubleNotices(const CommandContext& context, const std::string& pool)
      : context_(context), pool_(pool) {}

  bool is_due(const SourceSnapshot& now, std::chrono::steady_clock::time_point time) const {
    if (now.state != SourceState::blocked && now.state != SourceState::backing_off) return false;
    if (!now.last_error) return false;
    return now.last_error->message() != told_ || time - told_at_ >= std::chrono::minutes(1);
  }
  void tell(const SourceSnapshot& now, std::chrono::steady_clock::time_point time) {
    notice_trouble(context_, pool_, now);
    told_ = now.last_error->message();
    told_at_ = time;
  }

 private:
  const CommandContext& context_;
  const std::string& pool_;
  std::string told_;
  std::chrono::steady_clock::time_point told_at_;
};

// Passes signals on and shows how far it is, until the source's thread says that it is over.
class Foreground {
 public:
  Foreground(const CommandContext& context, const JournaldRequest& request, SourceReport& report,
             StopSignal& stop)
      : report_(report),
        stop_(stop),
        shown_(!request.quiet && is_terminal(kStderr)),
        line_(shown_, ProgressLine::Clock::now()),
        notices_(context, request.pool) {}

  void watch(int over_fd, SignalWatch& signals) {
    std::array<pollfd, 2> fds{{{.fd = over_fd, .events = POLLIN, .revents = 0},
                               {.fd = signals.fd(), .events = POLLIN, .revents = 0}}};
    while ((fds[0].revents & POLLIN) == 0) {
      constexpr int kOften = 200, kSeldom = 2000;  // ms
      if (::poll(fds.data(), fds.size(), shown_ ? kOften : kSeldom) < 0 && errno != EINTR) break;
      while (const auto signal = signals.take()) pass_on(signal->number);
      look();
    }
    line_.clear();
  }

  // By a second signal: then a batch that its pool did not take is no failure.
  bool is_cut_short() const { return is_cut_short_; }

 private:
  void pass_on(int number) {
    if (!is_stop_signal(number)) return;
    is_cut_short_ = stop_.level() != StopSignal::Level::run;
    stop_.request(is_cut_short_ ? StopSignal::Level::now : StopSignal::Level::drain);
  }

  void look() {
    const auto now = std::chrono::steady_clock::now();
    const SourceSnapshot snapshot = report_.snapshot();
    if (notices_.is_due(snapshot, now)) {
      line_.clear();
      notices_.tell(snapshot, now);
    }
    if (line_.is_due(now)) line_.show(intake_progress_text(snapshot, wall_clock_ns()), now);
  }

  SourceReport& report_;
  StopSignal& stop_;
  bool shown_;
  bool is_cut_short_ = false;
  ProgressLine line_;
  TroubleNotices notices_;
};

Result<void> run_in_foreground(const CommandContext& context, const JournaldRequest& request,
                               const JournaldPlan& plan, SourceReport& report) {
  // Before the thread, which must have the signals blocked, too.
  auto signals = SignalWatch::create();
  if (!signals) return std::unexpected(std::move(signals.error()));
  auto stop = StopSignal::create();
  if (!stop) return std::unexpected(std::move(stop.error()));
  const UniqueFd over(::eventfd(0, EFD_CLOEXEC));
  if (!over) return std::unexpected(errno_error(errno, "cannot make an event descriptor"));
  PoolOpener opener(context, request, plan, *stop);
  // A missing pool is told of at once, and not waited for.
  if (auto pool = opener.open(); !pool) return std::unexpected(std::move(pool.error()));
  const SourceContext source_context{.config = plan.source,
                                     .durability = plan.durability,
                                     .stop = *stop,
                                     .report = report,
                                     .open_pool = [&] { return opener.open(); }};
  JournaldSource source(source_context, {.once = request.once});
  Result<void> result;
  std::thread thread([&] {
    result = Runner(source, report, *stop, request.once).run();
    const uint64_t one = 1;
    (void)!::write(over.get(), &one, sizeof one);
  });
  Foreground foreground(context, request, report, *stop);
  foreground.watch(over.get(), *signals);
  thread.join();
  if (foreground.is_cut_short()) return {};
  return result;
}

}  // namespace

Result<int> intake_journald(const CommandContext& context, const JournaldRequest& request) {
  const auto plan = make_journald_plan(request, wall_clock_ns());
  if (!plan) return std::unexpected(plan.error());
  SourceReport report;
  auto ran = run_in_foreground(context, request, *plan, report);
  if (!ran) return std::unexpected(std::move(ran.error()));
  if (!request.quiet) notice_intake_summary(context, request.pool, report.snapshot());
  return 0;
}

}  // namespace plasmite
