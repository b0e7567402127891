#include "agent/commands/tap_session.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <memory>
#include <span>
#include <utility>
#include <variant>

#include "agent/commands/tap_captured_stream.h"
#include "agent/commands/tap_run.h"
#include "agent/commands/tap_store.h"
#include "agent/commands/tap_terminal.h"
#include "capture/signal_watch.h"
#include "core/base/unique_fd.h"

namespace plasmite {
namespace {

using Clock = std::chrono::steady_clock;

class TapSession {
 public:
  // `terminal`: the child's, null when it has pipes.
  TapSession(Pool& pool, const TapOptions& options, TapRun run, SignalWatch signals,
             std::unique_ptr<TapTerminal> terminal, RunningChild child)
      : pool_(pool),
        options_(options),
        run_(std::move(run)),
        store_(pool, options.durability),
        signals_(std::move(signals)),
        terminal_(std::move(terminal)),
        child_(std::move(child)),
        streams_{
            open_stream(take_output(), "stdout", STDOUT_FILENO),
            open_stream(std::get<RunningChild>(child_).take_stderr(), "stderr", STDERR_FILENO)} {}
  TapSession(const TapSession&) = delete;  // streams point to the store and the tags
  TapSession& operator=(const TapSession&) = delete;

  Result<TapOutcome> run();

 private:
  UniqueFd take_output();
  CapturedStream open_stream(UniqueFd pipe, const char* name, int onward_fd);
  void store_start();

  bool child_exited() const { return std::holds_alternative<ExitedChild>(child_); }
  bool all_is_passed_on() const;
  bool streams_at_end() const;
  uint64_t bytes_read() const { return streams_[0].totals().bytes + streams_[1].totals().bytes; }
  std::optional<Clock::time_point> deadline() const;
  bool finished() const;

  int timeout_ms() const;
  Result<void> wait_for_events();
  void serve_streams(std::span<const pollfd> events);
  void take_signals();
  void take_signal(const ReceivedSignal& signal, RunningChild& running);
  void suspend(RunningChild& running);
  void note_stop(RunningChild& running);
  Result<void> note_exit();
  TapOutcome finish();

  Pool& pool_;
  const TapOptions& options_;
  TapRun run_;
  TapStore store_;
  SignalWatch signals_;
  std::unique_ptr<TapTerminal> terminal_;
  std::variant<RunningChild, ExitedChild> child_;
  std::array<CapturedStream, 2> streams_;
  size_t first_to_serve_ = 0;  // alternates, so that neither stream starves the other
  Clock::time_point exited_at_{};
  Clock::time_point last_byte_{};
  bool quiet_ = false;              // the last look at the streams found nothing to read
  bool stop_requested_ = false;     // a stop signal was passed on
  bool suspend_requested_ = false;  // SIGTSTP was passed on
  bool stop_lingering_ = false;     // one came when the child was gone already
};

UniqueFd TapSession::take_output() {
  return terminal_ ? terminal_->take_output() : std::get<RunningChild>(child_).take_stdout();
}

CapturedStream TapSession::open_stream(UniqueFd pipe, const char* name, int onward_fd) {
  return CapturedStream({.pipe = std::move(pipe),
                         .onward_fd = options_.passthrough ? onward_fd : -1,
                         .store = store_,
                         .lines = {.stream = name,
                                   .max_record_bytes = run_.max_record_bytes,
                                   .tags = &run_.line_tags,
                                   .part_id_prefix = run_.id + "-",
                                   .from_terminal = terminal_ != nullptr}});
}

Result<TapOutcome> TapSession::run() {
  store_start();
  if (terminal_) terminal_->hand_over();
  while (!finished()) {
    if (auto waited = wait_for_events(); !waited) return std::unexpected(std::move(waited.error()));
  }
  return finish();
}

// Together with the runs before this one that have no end, which are told of once.
void TapSession::store_start() {
  std::vector<std::string> records;
  for (const LostRun& lost_run : run_.slot.lost_runs())
    records.push_back(tap_gap_json(lost_run.id, lost_run.source));
  records.push_back(tap_start_json({.command = options_.shown_command,
                                    .pid = std::get<RunningChild>(child_).pid(),
                                    .pty = terminal_ != nullptr,
                                    .run = run_.id},
                                   run_.max_record_bytes));
  store_.add_records(records, run_.lifecycle_tags, run_.slot.begin());
  if (!store_.failure()) run_.slot.forget_lost_runs(pool_);
}

bool TapSession::all_is_passed_on() const {
  return std::ranges::all_of(streams_, [](const CapturedStream& s) { return s.is_passed_on(); });
}

bool TapSession::streams_at_end() const {
  return all_is_passed_on() &&
         std::ranges::none_of(streams_, [](const CapturedStream& s) { return s.is_open(); });
}

// When the wait for those who still hold a pipe is over.
std::optional<Clock::time_point> TapSession::deadline() const {
  if (!child_exited()) return std::nullopt;
  if (stop_requested_) return exited_at_ + options_.linger;
  if (!all_is_passed_on()) return std::nullopt;  // we are slow, not they
  return std::max(exited_at_, last_byte_) + options_.linger;
}

bool TapSession::finished() const {
  if (!child_exited()) return false;
  if (streams_at_end() || stop_lingering_) return true;
  const auto until = deadline();
  if (!until || Clock::now() < *until) return false;
  // Also of a linger of nothing: what was written before the end is read before it is over.
  return stop_requested_ || quiet_;
}

int TapSession::timeout_ms() const {
  std::optional<std::chrono::milliseconds> wait;
  if (const auto until = deadline())
    wait = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
  if (const auto tick = terminal_ ? terminal_->input_timeout() : std::nullopt)
    wait = std::min(wait.value_or(*tick), *tick);
  return wait ? static_cast<int>(std::clamp<int64_t>(wait->count(), 0, INT_MAX)) : -1;
}

Result<void> TapSession::wait_for_events() {
  const auto* running = std::get_if<RunningChild>(&child_);
  std::array<pollfd, 5> events{
      pollfd{.fd = signals_.fd(), .events = POLLIN, .revents = 0},
      pollfd{.fd = running != nullptr ? running->pidfd() : -1, .events = POLLIN, .revents = 0}};
  for (size_t i = 0; i < streams_.size(); ++i) events[2 + i] = streams_[i].wanted();
  events[4] = terminal_ ? terminal_->input_event() : pollfd{.fd = -1, .events = 0, .revents = 0};
  if (::poll(events.data(), events.size(), timeout_ms()) < 0) {
    if (errno == EINTR) return {};
    return std::unexpected(errno_error(errno, "failed to wait for the wrapped command"));
  }
  if (events[0].revents != 0) take_signals();
  if (terminal_) terminal_->serve_input(events[4].revents != 0);
  if (events[1].revents != 0) {
    if (auto noted = note_exit(); !noted) return noted;
  }
  quiet_ =
      child_exited() && events[1].revents == 0 && events[2].revents == 0 && events[3].revents == 0;
  serve_streams(std::span(events).subspan(2, streams_.size()));
  return {};
}

void TapSession::serve_streams(std::span<const pollfd> events) {
  const uint64_t before = bytes_read();
  for (size_t i = 0; i < streams_.size(); ++i) {
    const size_t which = (first_to_serve_ + i) % streams_.size();
    if (events[which].revents != 0) streams_[which].serve();
  }
  first_to_serve_ = (first_to_serve_ + 1) % streams_.size();
  if (child_exited() && bytes_read() != before) last_byte_ = Clock::now();
}

void TapSession::take_signals() {
  while (const auto signal = signals_.take()) {
    if (auto* running = std::get_if<RunningChild>(&child_)) {
      take_signal(*signal, *running);
      continue;
    }
    const auto& exited = std::get<ExitedChild>(child_);
    if (signal->number == SIGTSTP) {
      if (terminal_) {
        signals_.stop_own_group();
      } else {
        signals_.stop_self();
      }
    } else if (is_request(signal->number)) {
      exited.signal_leftovers(signal->number);
      stop_lingering_ = stop_lingering_ || is_stop_signal(signal->number);
    }
  }
}

void TapSession::take_signal(const ReceivedSignal& signal, RunningChild& running) {
  switch (signal.number) {
    case SIGCHLD:
      return note_stop(running);
    case SIGWINCH:
      return terminal_->follow_size();
    case SIGTSTP:
      return suspend(running);
    case SIGCONT:
      if (terminal_) terminal_->hand_over();
      return running.signal(SIGCONT);
    default:
      break;
  }
  // In a shared group the terminal has told the child already, which may well go on: an
  // interpreter at its prompt does.
  if (signal.from_terminal && running.group() == ProcessGroup::shared) return;
  running.signal(signal.number);
  if (!is_stop_signal(signal.number)) return;
  stop_requested_ = true;
  // A stopped child cannot take the request. As timeout(1) and shells do.
  running.signal(SIGCONT);
}

// With a terminal we stop when the child has done so (note_stop), which may tidy up first.
void TapSession::suspend(RunningChild& running) {
  suspend_requested_ = terminal_ != nullptr;
  running.signal(SIGTSTP);
  if (terminal_ || signals_.stop_self()) return;  // it goes on with the SIGCONT to be taken
  running.signal(SIGCONT);                        // nobody could continue us
}

// When the child has stopped so do we: else the shell that we were started from would not know.
void TapSession::note_stop(RunningChild& running) {
  const auto signal = running.take_stop();
  if (!signal) return;
  if (!terminal_) {
    if ((*signal == SIGTTIN || *signal == SIGTTOU) && options_.on_needs_terminal)
      options_.on_needs_terminal();
    return;
  }
  if (!terminal_->is_interactive() && !suspend_requested_) return;
  suspend_requested_ = false;
  streams_[0].read_what_is_there();  // how the child left the screen
  terminal_->take_back();
  if (signals_.stop_own_group()) return;  // it goes on with the SIGCONT that is to be taken
  terminal_->hand_over();
  // Nobody could continue us. Not so with SIGSTOP: whoever sent it means the child alone.
  if (*signal == SIGTSTP) running.signal(SIGCONT);
}

Result<void> TapSession::note_exit() {
  auto exited = std::move(std::get<RunningChild>(child_)).wait();
  if (!exited) return std::unexpected(std::move(exited.error()));
  child_.emplace<ExitedChild>(std::move(*exited));
  exited_at_ = Clock::now();
  if (!terminal_) return {};
  // Before our terminal gets back modes of its own, which would change what is shown.
  streams_[0].read_what_is_there();
  terminal_->child_ended();
  return {};
}

TapOutcome TapSession::finish() {
  for (CapturedStream& stream : streams_) stream.finish();
  ExitedChild& child = std::get<ExitedChild>(child_);
  TapOutcome outcome{.exit = {.run = run_.id,
                              .pty = terminal_ != nullptr,
                              .end = child.end(),
                              .elapsed = child.elapsed(),
                              .usage = {},
                              .pipes_open = !streams_at_end(),
                              .out = streams_[0].totals(),
                              .err = streams_[1].totals()},
                     .store_failure = std::nullopt,
                     .passthrough_failure = std::nullopt};
  outcome.exit.usage = std::move(child).reap();
  const std::string exit_record = tap_exit_json(outcome.exit);
  store_.add_records({&exit_record, 1}, run_.lifecycle_tags, run_.slot.end());
  outcome.store_failure = store_.failure();
  for (const CapturedStream& stream : streams_) {
    if (!outcome.passthrough_failure) outcome.passthrough_failure = stream.error();
    outcome.cursor_is_behind_text |= stream.ends_in_shown_text();
  }
  return outcome;
}

// In a shared group what stops and continues us does so with the child.
WatchedSignals watched_signals(bool pty, ProcessGroup group) {
  if (pty) return WatchedSignals::terminal;
  return group == ProcessGroup::own ? WatchedSignals::job_control : WatchedSignals::requests;
}

}  // namespace

Result<TapOutcome> run_tap(Pool& pool, const TapOptions& options) {
  auto run = prepare_run(pool, options);
  if (!run) return std::unexpected(std::move(run.error()));
  std::unique_ptr<TapTerminal> terminal;
  if (options.pty) {
    auto opened = TapTerminal::open();
    if (!opened) return std::unexpected(std::move(opened.error()));
    terminal = std::move(*opened);
  }
  // Before the child exists: a signal in between must find it.
  const auto group = ::isatty(STDIN_FILENO) == 1 ? ProcessGroup::shared : ProcessGroup::own;
  auto signals = SignalWatch::create(watched_signals(options.pty, group));
  if (!signals) return std::unexpected(std::move(signals.error()));
  const SpawnOptions spawn{.argv = options.command,
                           .shown_name = options.shown_command.front(),
                           .group = group,
                           .signal_mask = signals->previous_mask()};
  auto child = terminal ? RunningChild::spawn_on_terminal(spawn, terminal->child_side())
                        : RunningChild::spawn(spawn);
  if (!child) return std::unexpected(std::move(child.error()));
  run->slot = RunSlot::claim(pool, run->id);  // only now: meanwhile the command gets going
  if (options.on_started) options.on_started(run->slot.lost_runs());
  TapSession session(pool, options, std::move(*run), std::move(*signals), std::move(terminal),
                     std::move(*child));
  return session.run();
}

}  // namespace plasmite
