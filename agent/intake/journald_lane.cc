#include "agent/intake/journald_lane.h"

#include <algorithm>
#include <utility>

namespace plasmite {
namespace {

using std::chrono::milliseconds;

// journald tells of a new entry 250 to 500 ms later. While there are any, looking every few
// milliseconds costs 0.3 % of a processor and shows them in a fraction of that time; the mapping is
// live. Shortly after that one looks less often, and then only when journald says so: a machine at
// rest is not woken.
constexpr milliseconds kActive{2000};
constexpr milliseconds kActivePoll{10};
constexpr milliseconds kRecent{30'000};
constexpr milliseconds kRecentPoll{100};
// A folder or file that was named, and is there anew.
constexpr milliseconds kPlacePoll{500};
constexpr int kMostRecoveries = 5;

}  // namespace

JournaldLane::JournaldLane(const SourceContext& context, const JournaldSourceOptions& options,
                           SourceWriter& writer, std::string checkpoint, JournalOptions journal)
    : context_(context),
      options_(options),
      writer_(writer),
      checkpoint_(std::move(checkpoint)),
      journal_(std::move(journal)) {}

// Two that read under one name would both store everything.
Result<void> JournaldLane::lock() {
  lock_.reset();
  auto lock = CheckpointLock::take(writer_.pool(), checkpoint_);
  if (!lock) return std::unexpected(std::move(lock.error()));
  lock_.emplace(std::move(*lock));
  locked_pool_ = &writer_.pool();
  auto stored = writer_.stored_checkpoint(checkpoint_);
  if (!stored) return std::unexpected(std::move(stored.error()));
  note_stored(*stored);
  if (!stored_.empty()) context_.report.set_checkpoint(stored_);
  return {};
}

Result<void> JournaldLane::begin(bool from_oldest) {
  if (from_oldest) journal_.start = {.kind = JournalStart::Kind::oldest};
  auto reader = JournalReader::open(journal_, {.max_record_bytes = writer_.max_record_bytes(),
                                               .own_log = OwnLog::of_this_process(),
                                               .watched = !options_.once});
  if (!reader) return std::unexpected(std::move(reader.error()));
  reader_ = std::move(*reader);
  if (auto begun = reader_->begin(stored_); !begun) return begun;
  last_entry_ = Clock::now();
  // `now` is the now of the first start: what comes while we are away must not be lost.
  return store_position();
}

Result<JournaldLane::Turn> JournaldLane::take_turn() {
  auto pause = read_batch();
  if (!pause) return std::unexpected(std::move(pause.error()));
  if (context_.stop.level() != StopSignal::Level::run) return Turn::end;
  if (*pause == Pause::failed) {
    if (auto recovered = recover(); !recovered)
      return std::unexpected(std::move(recovered.error()));
  } else if (*pause == Pause::end) {
    if (options_.once || (store_at_ && Clock::now() >= *store_at_))
      if (auto stored = store_position(); !stored)
        return std::unexpected(std::move(stored.error()));
    return Turn::end;
  }
  return Turn::more;
}

// Reads until a commit is worth it, and commits.
Result<JournaldLane::Pause> JournaldLane::read_batch() {
  Pause pause = Pause::full;
  bool has_read = false;
  while (!writer_.full() && context_.stop.level() == StopSignal::Level::run) {
    const JournalReader::Step step = reader_->next();
    if (step == JournalReader::Step::failed) {
      pause = Pause::failed;
      failure_ = reader_->error();
      break;
    }
    if (auto taken = take(step); !taken) return std::unexpected(std::move(taken.error()));
    if (step == JournalReader::Step::end) {
      pause = Pause::end;
      break;
    }
    has_read = true;
  }
  if (has_read) {
    failures_ = 0;
    last_entry_ = Clock::now();
    context_.report.set_caught_up(false);
  }
  if (auto committed = commit(); !committed) return std::unexpected(std::move(committed.error()));
  if (pause != Pause::full) return pause;
  // A long drain must learn of files that come and go meanwhile.
  if (auto changed = reader_->process(); !changed) {
    failure_ = std::move(changed.error());
    return Pause::failed;
  }
  return pause;
}

Result<void> JournaldLane::take(JournalReader::Step step) {
  const auto gap = reader_->take_gap();
  // What would not fit into the same publish goes first, with the position before this entry.
  if (step == JournalReader::Step::entry && !writer_.appender().empty() &&
      !writer_.fits(reader_->text(), gap ? 1 : 0)) {
    if (auto stored = store(reader_->checkpoint_before()); !stored) return stored;
  }
  if (gap)
    writer_.add_gap({.reason = gap->reason, .count = gap->count, .from = gap->from, .to = gap->to});
  switch (step) {
    case JournalReader::Step::entry: {
      const auto text = JsonText::from_encoder(writer_.arena().copy(reader_->text().view()));
      if (!writer_.add(text)) writer_.count_rejected(RejectReason::oversize);
      break;
    }
    case JournalReader::Step::own_log:
      writer_.count_own_log(1);
      break;
    case JournalReader::Step::unreadable:
      writer_.count_rejected(RejectReason::unreadable);
      break;
    case JournalReader::Step::oversize:
      writer_.count_rejected(RejectReason::oversize);
      break;
    case JournalReader::Step::end:
    case JournalReader::Step::failed:
      break;
  }
  return {};
}

// What was read, with its position. Entries that left no record (our own log, above all) move the
// position only now and then, or storing it would be as much work as they are.
Result<void> JournaldLane::commit() {
  if (writer_.appender().empty()) {
    if (reader_->position() != stored_position_ && !store_at_ && !reader_->owes_gap())
      store_at_ = Clock::now() + options_.checkpoint_delay;
    return {};
  }
  return store_position();
}

Result<void> JournaldLane::store(const std::string& text) {
  store_at_.reset();
  std::optional<CheckpointView> checkpoint;
  if (text != stored_ && !reader_->owes_gap() && text.size() <= kMaxJournalCursorBytes)
    checkpoint = CheckpointView{checkpoint_, text};
  if (!checkpoint && writer_.empty()) return {};
  std::optional<int64_t> last_event;
  if (!writer_.appender().empty()) last_event = reader_->entry_time_ns();
  if (auto committed = writer_.commit(checkpoint, last_event); !committed)
    return std::unexpected(explained(std::move(committed.error())));
  if (checkpoint) note_stored(text);
  // The pool may have been made anew.
  if (&writer_.pool() != locked_pool_) return lock();
  return {};
}

Result<void> JournaldLane::follow_pool() {
  if (&writer_.pool() == locked_pool_) return {};
  if (auto locked = lock(); !locked) return locked;
  return store_position();
}

Error JournaldLane::explained(Error error) const {
  if (checkpoint_ == context_.config.name || error.kind() != ErrorKind::Usage) return error;
  const auto stored = writer_.stored_checkpoint(checkpoint_);
  if (!stored || !stored->empty()) return error;
  return Error(ErrorKind::Usage, "there are more namespaces than the pool has checkpoints for")
      .with_path(writer_.pool().path().string())
      .with_cause(error.message())
      .with_hint(
          "Use a pool of 1M or more, which has 32, or one source and pool for each "
          "namespace.");
}

void JournaldLane::note_stored(const std::string& checkpoint) {
  stored_ = checkpoint;
  stored_position_ = JournalSeries::cursor_of(checkpoint);
}

Result<void> JournaldLane::recover() {
  context_.report.set_error(*failure_);
  if (++failures_ > kMostRecoveries) return std::unexpected(*failure_);
  if (context_.stop.wait_for(milliseconds(20) * (1 << failures_))) return {};
  return reader_->recover();
}

pollfd JournaldLane::wait_for() const {
  return {.fd = reader_->fd(), .events = reader_->events(), .revents = 0};
}

std::optional<JournaldLane::Clock::time_point> JournaldLane::wait_until(
    Clock::time_point now) const {
  std::optional<Clock::time_point> until = store_at_;
  const auto at_most = [&](Clock::time_point time) {
    until = until ? std::min(*until, time) : time;
  };
  if (!reader_->is_told_of_all()) at_most(now + kPlacePoll);
  const auto silence = now - last_entry_;
  if (silence < kRecent) at_most(now + (silence < kActive ? kActivePoll : kRecentPoll));
  // CLOCK_MONOTONIC both
  if (const auto deadline = reader_->deadline_us())
    at_most(Clock::time_point(std::chrono::microseconds(*deadline)));
  return until;
}

Result<void> JournaldLane::process() {
  auto changed = reader_->process();
  if (!changed) return std::unexpected(std::move(changed.error()));
  return {};
}

}  // namespace plasmite
