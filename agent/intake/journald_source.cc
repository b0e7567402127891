#include "agent/intake/journald_source.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/base/unique_fd.h"
#include "sources/journal/journal_files.h"

namespace plasmite {
namespace {

// A namespace that comes into being is found at the latest after this long. Nothing of it is
// missed: it is read from its beginning.
constexpr std::chrono::milliseconds kLookForNamespaces{1000};

// What does not keep the other namespaces from being read.
bool is_passed_over(const Error& error) {
  return error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::Permission ||
         error.kind() == ErrorKind::Corrupt;
}

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
    auto turn = take_turns();
    if (!turn) return std::unexpected(std::move(turn.error()));
    if (context_.stop.level() != StopSignal::Level::run) {
      for (const auto& lane : lanes_) {
        if (auto stored = lane->store_position(); !stored)
          return std::unexpected(std::move(stored.error()));
      }
      return SourceEnd::stopped;
    }
    if (*turn == JournaldLane::Turn::more) continue;
    if (options_.once) return SourceEnd::finished;
    context_.report.set_caught_up(true);
    if (auto waited = wait(); !waited) return std::unexpected(std::move(waited.error()));
  }
}

Result<void> JournaldSource::begin() {
  lanes_.clear();
  writer_.reset();
  auto writer = SourceWriter::open(context_);
  if (!writer) return std::unexpected(std::move(writer.error()));
  writer_ = std::move(*writer);
  context_.report.set_checkpoint("");
  context_.report.set_caught_up(false);
  if (has_several_namespaces(journal_.place)) {
    auto has_begun = has_begun_before();
    if (!has_begun) return std::unexpected(std::move(has_begun.error()));
    return look_for_namespaces(!*has_begun);
  }
  return add_lane(journal_.place, false);
}

// Whether a position of any namespace is stored.
Result<bool> JournaldSource::has_begun_before() const {
  const auto checkpoints = writer_->pool().checkpoints();
  if (!checkpoints) return std::unexpected(checkpoints.error());
  const std::string& name = context_.config.name;
  return std::ranges::any_of(*checkpoints, [&](const Checkpoint& checkpoint) {
    return checkpoint.name == name || checkpoint.name.starts_with(name + "@");
  });
}

// Between the journals of several namespaces there is no order that one could resume at: an entry
// may become visible after later ones of another journald were read. So each has a reader and a
// position of its own.
Result<void> JournaldSource::look_for_namespaces(bool is_first_start) {
  looked_at_ = JournaldLane::Clock::now();
  // `now` is the now of the first start; what came into being since then is wanted.
  const bool from_oldest = !is_first_start && journal_.start.kind == JournalStart::Kind::now;
  const std::vector<JournalPlace> places = split_namespaces(journal_.place);
  if (auto dropped = drop_lanes_without(places); !dropped) return dropped;
  std::optional<Error> passed_over;
  for (const JournalPlace& place : places) {
    const auto is_it = [&](const auto& lane) { return lane->name_space() == place.name_space; };
    if (std::ranges::any_of(lanes_, is_it)) continue;
    auto added = add_lane(place, from_oldest);
    if (added) continue;
    if (!is_passed_over(added.error())) return added;
    passed_over = std::move(added.error());
  }
  if (!lanes_.empty()) return {};
  // Tells best what is wrong.
  auto files = require_journal_files(journal_.place);
  if (!files) return std::unexpected(std::move(files.error()));
  return std::unexpected(std::move(*passed_over));
}

// sd-journal does not notice the folder of a namespace that is made again.
Result<void> JournaldSource::drop_lanes_without(const std::vector<JournalPlace>& places) {
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    if (std::ranges::find(places, (*lane)->name_space(), &JournalPlace::name_space) !=
        places.end()) {
      ++lane;
      continue;
    }
    if (auto stored = (*lane)->store_position(); !stored) return stored;
    lane = lanes_.erase(lane);
  }
  return {};
}

Result<void> JournaldSource::add_lane(const JournalPlace& place, bool from_oldest) {
  std::string checkpoint = context_.config.name;
  if (place != journal_.place && !place.name_space.empty()) checkpoint += "@" + place.name_space;
  if (checkpoint.size() > kMaxCheckpointNameBytes)
    return std::unexpected(
        Error(ErrorKind::Usage,
              "the names of the source and of the namespace are too long: " + checkpoint)
            .with_hint("Together they may have 63 bytes; give the source a shorter name."));
  JournalOptions journal = journal_;
  journal.place = place;
  auto lane = std::make_unique<JournaldLane>(context_, options_, *writer_, std::move(checkpoint),
                                             std::move(journal));
  if (auto locked = lane->lock(); !locked) return locked;
  if (auto begun = lane->begin(from_oldest); !begun) return begun;
  lanes_.push_back(std::move(lane));
  return {};
}

// Each lane once.
Result<JournaldLane::Turn> JournaldSource::take_turns() {
  using Turn = JournaldLane::Turn;
  Turn turn = Turn::end;
  for (const auto& lane : lanes_) {
    auto taken = lane->take_turn();
    if (!taken) return taken;
    if (*taken == Turn::more) turn = Turn::more;
    if (context_.stop.level() != StopSignal::Level::run) return turn;
  }
  if (lanes_.size() > 1) {
    for (const auto& lane : lanes_) {
      if (auto followed = lane->follow_pool(); !followed)
        return std::unexpected(std::move(followed.error()));
    }
  }
  if (!has_several_namespaces(journal_.place) || options_.once ||
      JournaldLane::Clock::now() - looked_at_ < kLookForNamespaces)
    return turn;
  const size_t before = lanes_.size();
  if (auto looked = look_for_namespaces(false); !looked)
    return std::unexpected(std::move(looked.error()));
  return lanes_.size() > before ? Turn::more : turn;
}

int JournaldSource::wait_ms() const {
  using std::chrono::milliseconds;
  const auto now = JournaldLane::Clock::now();
  std::optional<JournaldLane::Clock::time_point> until;
  if (has_several_namespaces(journal_.place)) until = looked_at_ + kLookForNamespaces;
  for (const auto& lane : lanes_) {
    const auto its = lane->wait_until(now);
    if (its) until = until ? std::min(*until, *its) : *its;
  }
  if (!until) return -1;
  const auto wait =
      std::chrono::ceil<milliseconds>(std::max(*until - now, JournaldLane::Clock::duration(0)));
  return static_cast<int>(std::min<int64_t>(wait.count(), 3'600'000));
}

Result<void> JournaldSource::wait() {
  std::vector<pollfd> fds;
  fds.push_back({.fd = context_.stop.fd(), .events = POLLIN, .revents = 0});
  for (const auto& lane : lanes_) fds.push_back(lane->wait_for());
  context_.report.sleeping();
  const int ready = ::poll(fds.data(), fds.size(), wait_ms());
  context_.report.working();
  if (ready < 0 && errno != EINTR) return std::unexpected(errno_error(errno, "cannot wait"));
  for (const auto& lane : lanes_) {
    if (auto processed = lane->process(); !processed) return processed;
  }
  return {};
}

}  // namespace plasmite
