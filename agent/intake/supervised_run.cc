#include "agent/intake/supervised_run.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

#include "agent/commands/tap_records.h"

namespace plasmite {
namespace {

// How long to wait, after the child's end, for what others may still write into its pipes.
constexpr std::chrono::milliseconds kLinger{2000};
// More than a pipe holds, of a stream that never pauses.
constexpr uint64_t kMostBytesAtTheEnd = 2u << 20;
// A process that was killed is gone at once, unless the kernel holds on to it.
constexpr std::chrono::milliseconds kKilledIsDead{2000};

}  // namespace

SupervisedRun::SupervisedRun(const SourceContext& context, SourceWriter& writer,
                             const ProcessGuard* guard)
    : context_(context),
      config_(std::get<TapConfig>(context.config.kind)),
      writer_(writer),
      guard_(guard),
      id_(new_run_id()) {
  writer_.set_while_blocked([this] { look_while_blocked(); });
}

SupervisedRun::~SupervisedRun() {
  writer_.set_while_blocked({});
  if (child_ && is_running()) kill();
  // What is in its group ends with it, also if its end could not be stored.
  if (child_ && !is_running()) std::get<ExitedChild>(*child_).signal_leftovers(SIGKILL);
  context_.report.set_child(std::nullopt);
}

Result<void> SupervisedRun::start() {
  SpawnOptions options{.argv = config_.command,
                       .group = ProcessGroup::own,
                       .default_signals = true,
                       .null_input = true,
                       .working_directory = config_.working_directory,
                       .environment = config_.environment,
                       .death_signal = SIGKILL,
                       .guard = guard_};
  if (config_.command.front().contains('/'))
    options.not_found_hint =
        "Check the path in `command`; a relative one starts at `directory`, else where the agent "
        "runs.";
  sigemptyset(&options.signal_mask);
  auto child = RunningChild::spawn(options);
  if (!child) return std::unexpected(std::move(child.error()));
  child_.emplace(std::move(*child));
  auto& running = std::get<RunningChild>(*child_);
  context_.report.set_child(running.pid());
  const std::array<const char*, 2> names{"stdout", "stderr"};
  for (size_t i = 0; i < streams_.size(); ++i) {
    auto input = SourceInput::open(i == 0 ? running.take_stdout() : running.take_stderr(),
                                   context_.config.overflow, context_.report);
    if (!input) return std::unexpected(std::move(input.error()));
    streams_[i].emplace(std::move(*input), CapturedText(context_, writer_, names[i], id_));
  }
  return store_start();
}

// Together with the runs before this one that have no end, which are told of once.
Result<void> SupervisedRun::store_start() {
  slot_ = RunSlot::claim(writer_.pool(), id_, context_.config.name);
  slot_made_at_ = writer_.times_reopened();
  for (const LostRun& lost_run : slot_.lost_runs()) {
    writer_.add_lifecycle(tap_gap_json(lost_run.id, lost_run.source));
    writer_.count_gap();
  }
  writer_.add_lifecycle(tap_start_json({.command = config_.command,
                                        .pid = std::get<RunningChild>(*child_).pid(),
                                        .pty = false,
                                        .run = id_,
                                        .working_directory = config_.working_directory},
                                       writer_.max_record_bytes()));
  if (auto stored = writer_.commit(slot_.begin()); !stored) return stored;
  if (slot_made_at_ == writer_.times_reopened()) slot_.forget_lost_runs(writer_.pool());
  return {};
}

// A pool that was made anew does not know of this run.
void SupervisedRun::keep_slot() {
  if (slot_made_at_ == writer_.times_reopened()) return;
  slot_ = RunSlot::claim(writer_.pool(), id_, context_.config.name);
  slot_made_at_ = writer_.times_reopened();
  // Lost runs of others are told of by the next start. If this fails, so does a later commit.
  (void)writer_.commit(slot_.begin());
}

bool SupervisedRun::streams_at_end() const {
  return std::ranges::none_of(streams_, [](const auto& stream) { return stream->input.is_open(); });
}

bool SupervisedRun::is_over() const {
  if (context_.stop.level() == StopSignal::Level::now) return true;
  if (is_running()) return false;
  return streams_at_end() || Clock::now() >= *deadline();
}

// When something is to be done, whatever comes in.
std::optional<SupervisedRun::Clock::time_point> SupervisedRun::deadline() const {
  if (is_running()) return killed_ ? std::nullopt : kill_at_;
  // Not longer for bytes that go on coming: a process in the background would keep the child from
  // starting again. One that was told to stop has its time even if who started it has not waited.
  const auto lingers_until = exited_at_ + kLinger;
  return kill_at_ ? std::max(lingers_until, *kill_at_) : lingers_until;
}

int SupervisedRun::timeout_ms() const {
  const auto until = deadline();
  if (!until) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
}

Result<std::optional<ChildEnd>> SupervisedRun::capture() {
  look_at_stop();
  while (!is_over()) {
    if (auto stepped = step(); !stepped) return std::unexpected(std::move(stepped.error()));
  }
  if (is_running()) {
    kill();
    if (is_running()) return std::nullopt;
  }
  auto end = finish();
  if (!end) return std::unexpected(std::move(end.error()));
  return *end;
}

Result<void> SupervisedRun::step() {
  std::array<pollfd, 4> events{
      pollfd{.fd = context_.stop.fd(), .events = POLLIN, .revents = 0},
      pollfd{.fd = is_running() ? std::get<RunningChild>(*child_).pidfd() : -1,
             .events = POLLIN,
             .revents = 0}};
  for (size_t i = 0; i < streams_.size(); ++i)
    events[2 + i] = {.fd = streams_[i]->input.fd(), .events = POLLIN, .revents = 0};
  const bool is_idle = ::poll(events.data(), events.size(), 0) == 0;
  if (is_idle != caught_up_) context_.report.set_caught_up(caught_up_ = is_idle);
  if (is_idle) {
    context_.report.sleeping();
    (void)::poll(events.data(), events.size(), timeout_ms());
    context_.report.working();
  }
  if (events[0].revents != 0) context_.stop.acknowledge();
  look_at_stop();
  if (events[1].revents != 0) {
    if (auto noted = note_exit(); !noted) return noted;
  }
  for (size_t i = 0; i < streams_.size(); ++i) {
    const size_t which = (first_to_read_ + i) % streams_.size();
    if (events[2 + which].revents == 0) continue;
    if (auto got = read(*streams_[which]); !got) return got;
  }
  first_to_read_ = (first_to_read_ + 1) % streams_.size();
  keep_slot();
  return {};
}

void SupervisedRun::look_at_stop() {
  if (!is_running()) return;
  if (context_.stop.level() != StopSignal::Level::run && !kill_at_) begin_stop();
  if (kill_at_ && !killed_ && Clock::now() >= *kill_at_) {
    killed_ = true;
    std::get<RunningChild>(*child_).signal(SIGKILL);
  }
}

// The end that comes meanwhile is noted later, and its time now.
void SupervisedRun::look_while_blocked() {
  look_at_stop();
  if (!child_ || !is_running() || dead_since_) return;
  pollfd dead{.fd = std::get<RunningChild>(*child_).pidfd(), .events = POLLIN, .revents = 0};
  if (::poll(&dead, 1, 0) == 1) dead_since_ = Clock::now();
}

void SupervisedRun::begin_stop() {
  const auto& running = std::get<RunningChild>(*child_);
  kill_at_ = Clock::now() + config_.stop_timeout;
  running.signal(config_.stop_signal);
  running.signal(SIGCONT);  // a stopped child cannot take the request
}

Result<void> SupervisedRun::note_exit() {
  auto exited = std::move(std::get<RunningChild>(*child_)).wait();
  if (!exited) return std::unexpected(std::move(exited.error()));
  child_->emplace<ExitedChild>(std::move(*exited));
  exited_at_ = Clock::now();
  context_.report.set_child(std::nullopt);
  return {};
}

Result<void> SupervisedRun::read(Stream& stream) {
  stream.input.tell_dropped(writer_);
  const auto filled = stream.text.read(stream.input.fd());
  stream.input.tell_dropped(writer_);
  if (!filled) return std::unexpected(filled.error());
  if (auto told = writer_.commit(); !told) return told;
  if (*filled == LineBuffer::Fill::end) stream.input.close();
  return {};
}

// Whoever still writes. True: somebody may do so.
Result<bool> SupervisedRun::finish_stream(Stream& stream) {
  if (!stream.input.is_open()) return false;
  const bool comes_to_its_end = stream.input.finish();
  const uint64_t enough = stream.text.totals().bytes + kMostBytesAtTheEnd;
  while (stream.input.is_open()) {
    pollfd input{.fd = stream.input.fd(), .events = POLLIN, .revents = 0};
    (void)::poll(&input, 1, comes_to_its_end ? -1 : 0);
    if (!comes_to_its_end && (input.revents == 0 || stream.text.totals().bytes >= enough)) break;
    if (auto got = read(stream); !got) return std::unexpected(std::move(got.error()));
  }
  if (auto finished = stream.text.finish(); !finished)
    return std::unexpected(std::move(finished.error()));
  // Of one that comes to its end we only know that it had not done so when the wait was over.
  return stream.input.is_open() || (comes_to_its_end && Clock::now() >= *deadline());
}

Result<ChildEnd> SupervisedRun::finish() {
  bool pipes_open = false;
  for (auto& stream : streams_) {
    const auto is_open = finish_stream(*stream);
    if (!is_open) return std::unexpected(is_open.error());
    pipes_open = pipes_open || *is_open;
  }
  auto& child = std::get<ExitedChild>(*child_);
  child.signal_leftovers(SIGKILL);
  const ChildEnd end = child.end();
  TapExit exit{.run = id_,
               .pty = false,
               .end = end,
               .elapsed = child.elapsed() - (exited_at_ - dead_since_.value_or(exited_at_)),
               .usage = {},
               .pipes_open = pipes_open,
               .out = streams_[0]->text.totals(),
               .err = streams_[1]->text.totals()};
  exit.usage = std::move(child).reap();
  keep_slot();
  writer_.add_lifecycle(tap_exit_json(exit));
  if (auto stored = writer_.commit(slot_.end()); !stored)
    return std::unexpected(std::move(stored.error()));
  return end;
}

// Waits, but not for ever.
void SupervisedRun::kill() {
  const auto& running = std::get<RunningChild>(*child_);
  running.signal(SIGKILL);
  pollfd dead{.fd = running.pidfd(), .events = POLLIN, .revents = 0};
  const auto until = Clock::now() + kKilledIsDead;
  while (::poll(&dead, 1, static_cast<int>(kKilledIsDead.count())) < 0 && errno == EINTR &&
         Clock::now() < until) {
  }
  if ((dead.revents & POLLIN) != 0) (void)note_exit();
}

}  // namespace plasmite
