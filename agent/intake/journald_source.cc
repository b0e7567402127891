#include "agent/intake/journald_source.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/base/unique_fd.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;

// journald tells of new entries at most every 250 ms. While there are any, looking every few
// milliseconds costs 0.3 % of a processor and shows them in a fraction of that time; the mapping is
// live.
constexpr milliseconds kActive{2000};
constexpr int kActivePollMs = 10;
constexpr int kMostRecoveries = 5;

// The socket that journald has, in /run, for who logs.
std::string journald_socket(const JournalPlace& place) {
  std::string name = place.name_space;
  if (name.starts_with('+')) name.erase(0, 1);
  const bool is_default = place.kind == JournalPlace::Kind::local || name == "*";
  return "/run/systemd/journal" + (is_default ? "" : "." + name) + "/socket";
}

std::optional<Error> probe_journald(const JournalPlace& place) {
  const std::string path = journald_socket(place);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return std::nullopt;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return std::nullopt;
  if (errno != ECONNREFUSED && errno != ENOENT) return std::nullopt;
  return Error(ErrorKind::Io, "journald is not running")
      .with_path(path)
      .with_hint(
          "Entries it has written are kept; start it again: systemctl start "
          "systemd-journald");
}

}  // namespace

JournaldSource::JournaldSource(const SourceContext& context, JournaldSourceOptions options)
    : context_(context),
      journal_(std::get<JournaldConfig>(context.config.kind).journal),
      options_(options) {}

std::optional<Error> JournaldSource::probe() const {
  const JournalPlace& place = journal_.place;
  if (place.kind == JournalPlace::Kind::local || place.kind == JournalPlace::Kind::name_space)
    return probe_journald(place);
  for (const std::string& path : place.paths) {
    std::error_code error;
    if (!std::filesystem::exists(path, error) && !error)
      return errno_error(ENOENT, "the journal is gone", path).with_hint("Check the path.");
  }
  return std::nullopt;
}

Result<SourceEnd> JournaldSource::run() {
  if (auto begun = begin(); !begun) return std::unexpected(std::move(begun.error()));
  context_.report.set_state(SourceState::running);
  for (;;) {
    auto pause = read_batch();
    if (!pause) return std::unexpected(std::move(pause.error()));
    if (context_.stop.level() != StopSignal::Level::run) {
      if (auto stored = store_position(); !stored)
        return std::unexpected(std::move(stored.error()));
      return SourceEnd::stopped;
    }
    Result<void> gone_on;
    if (*pause == Pause::failed) {
      gone_on = recover();
    } else if (*pause == Pause::end) {
      auto more = look_through();
      if (!more) return std::unexpected(std::move(more.error()));
      if (*more) continue;
      if (options_.once) return SourceEnd::finished;
      context_.report.set_caught_up(true);
      gone_on = wait();
    }
    if (!gone_on) return std::unexpected(std::move(gone_on.error()));
  }
}

Result<void> JournaldSource::begin() {
  reader_.reset();
  writer_.reset();
  store_at_.reset();
  failures_ = 0;
  auto writer = SourceWriter::open(context_);
  if (!writer) return std::unexpected(std::move(writer.error()));
  writer_ = std::move(*writer);
  if (auto locked = lock_checkpoint(); !locked) return locked;
  auto stored = writer_->stored_checkpoint(context_.config.name);
  if (!stored) return std::unexpected(std::move(stored.error()));
  stored_ = *stored;
  context_.report.set_checkpoint(stored_);
  context_.report.set_caught_up(false);
  auto reader = JournalReader::open(journal_, {.max_record_bytes = writer_->max_record_bytes(),
                                               .own_log = OwnLog::of_this_process(),
                                               .watched = !options_.once});
  if (!reader) return std::unexpected(std::move(reader.error()));
  reader_ = std::move(*reader);
  if (auto begun = reader_->begin(stored_); !begun) return begun;
  has_moved_ = true;
  last_entry_ = Clock::now();
  // `now` is the now of the first start: what comes while we are away must not be lost.
  return store_position();
}

// Two that read under one name would both store everything.
Result<void> JournaldSource::lock_checkpoint() {
  lock_.reset();
  auto lock = CheckpointLock::take(writer_->pool(), context_.config.name);
  if (!lock) return std::unexpected(std::move(lock.error()));
  lock_.emplace(std::move(*lock));
  locked_pool_ = &writer_->pool();
  return {};
}

// Reads until a commit is worth it, and commits.
Result<JournaldSource::Pause> JournaldSource::read_batch() {
  Pause pause = Pause::full;
  bool has_read = false;
  while (!writer_->full() && context_.stop.level() == StopSignal::Level::run) {
    const JournalReader::Step step = reader_->next();
    if (step == JournalReader::Step::end || step == JournalReader::Step::failed) {
      pause = step == JournalReader::Step::end ? Pause::end : Pause::failed;
      if (pause == Pause::failed) failure_ = reader_->error();
      break;
    }
    if (auto taken = take(step); !taken) return std::unexpected(std::move(taken.error()));
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

Result<void> JournaldSource::take(JournalReader::Step step) {
  const auto gap = reader_->take_gap();
  // What would not fit into the same publish goes first, with the position before this entry.
  if (step == JournalReader::Step::entry && !writer_->appender().empty() &&
      !writer_->fits(reader_->text(), gap ? 1 : 0)) {
    if (auto stored = store_position(reader_->position_before()); !stored) return stored;
  }
  if (gap)
    writer_->add_gap(
        {.reason = gap->reason, .count = gap->count, .from = gap->from, .to = gap->to});
  switch (step) {
    case JournalReader::Step::entry: {
      const auto text = JsonText::from_encoder(writer_->arena().copy(reader_->text().view()));
      if (!writer_->add(text)) writer_->count_rejected(RejectReason::oversize);
      break;
    }
    case JournalReader::Step::own_log:
      writer_->count_own_log(1);
      break;
    case JournalReader::Step::unreadable:
      writer_->count_rejected(RejectReason::unreadable);
      break;
    case JournalReader::Step::oversize:
      writer_->count_rejected(RejectReason::oversize);
      break;
    case JournalReader::Step::end:
    case JournalReader::Step::failed:
      break;
  }
  return {};
}

// What was read, with its position. Entries that left no record (our own log, above all) move the
// position only now and then, or storing it would be as much work as they are.
Result<void> JournaldSource::commit() {
  if (writer_->appender().empty()) {
    if (!is_position_stored() && !store_at_ && !reader_->owes_gap())
      store_at_ = Clock::now() + options_.checkpoint_delay;
    return {};
  }
  return store_position();
}

Result<void> JournaldSource::store_position(const std::string& position) {
  store_at_.reset();
  std::optional<CheckpointView> checkpoint;
  if (position != stored_ && !reader_->owes_gap() && position.size() <= kMaxJournalCursorBytes)
    checkpoint = CheckpointView{context_.config.name, position};
  if (!checkpoint && writer_->empty()) return {};
  std::optional<int64_t> last_event;
  if (!writer_->appender().empty()) last_event = reader_->entry_time_ns();
  if (auto committed = writer_->commit(checkpoint, last_event); !committed) return committed;
  // The pool may have been made anew.
  if (&writer_->pool() != locked_pool_) {
    if (auto locked = lock_checkpoint(); !locked) return locked;
  }
  if (checkpoint) {
    stored_ = position;
    context_.report.set_checkpoint(stored_);
  }
  return {};
}

// At the end: with matches the position is that of the last entry that matched, which may be long
// ago, and a restart would look through everything since then again. True: there is more to read
// after all.
Result<bool> JournaldSource::look_through() {
  const auto now = Clock::now();
  const bool is_due = options_.once || (store_at_ && now >= *store_at_);
  if (!is_due) {
    if (has_moved_ && !journal_.matches.empty() && !store_at_)
      store_at_ = now + options_.checkpoint_delay;
    return false;
  }
  if (has_moved_ && !journal_.matches.empty() && !reader_->owes_gap()) {
    has_moved_ = false;
    auto newest = reader_->newest();
    if (!newest) return std::unexpected(std::move(newest.error()));
    const JournalReader::Step step = reader_->next();
    if (step == JournalReader::Step::failed) return std::unexpected(reader_->error());
    if (step != JournalReader::Step::end) {
      has_moved_ = true;
      if (auto taken = take(step); !taken) return std::unexpected(std::move(taken.error()));
      return true;
    }
    auto moved = reader_->move_to(*newest);
    if (!moved) return std::unexpected(std::move(moved.error()));
  }
  if (auto stored = store_position(); !stored) return std::unexpected(std::move(stored.error()));
  return false;
}

Result<void> JournaldSource::recover() {
  context_.report.set_error(*failure_);
  if (++failures_ > kMostRecoveries) return std::unexpected(*failure_);
  if (context_.stop.wait_for(milliseconds(20) * (1 << failures_))) return {};
  return reader_->recover();
}

int JournaldSource::wait_ms() const {
  const auto now = Clock::now();
  std::optional<milliseconds> wait;
  const auto at_most = [&](milliseconds time) { wait = wait ? std::min(*wait, time) : time; };
  if (now - last_entry_ < kActive) at_most(milliseconds(kActivePollMs));
  if (store_at_)
    at_most(std::chrono::ceil<milliseconds>(std::max(*store_at_ - now, Clock::duration(0))));
  if (const auto deadline = reader_->deadline_us()) {
    const auto at =
        Clock::time_point(std::chrono::microseconds(*deadline));  // CLOCK_MONOTONIC both
    at_most(std::chrono::ceil<milliseconds>(std::max(at - now, Clock::duration(0))));
  }
  return wait ? static_cast<int>(std::min<int64_t>(wait->count(), 3'600'000)) : -1;
}

Result<void> JournaldSource::wait() {
  std::array<pollfd, 2> fds{{{.fd = reader_->fd(), .events = reader_->events(), .revents = 0},
                             {.fd = context_.stop.fd(), .events = POLLIN, .revents = 0}}};
  context_.report.sleeping();
  const int ready = ::poll(fds.data(), fds.size(), wait_ms());
  context_.report.working();
  if (ready < 0 && errno != EINTR) return std::unexpected(errno_error(errno, "cannot wait"));
  auto changed = reader_->process();
  if (!changed) return std::unexpected(std::move(changed.error()));
  if (*changed) has_moved_ = true;
  return {};
}

}  // namespace plasmite
