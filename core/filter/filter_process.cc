#include "core/filter/filter_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "core/base/companion_program.h"

namespace plasmite {
namespace {

constexpr const char* kProgramName = "plasmite-filter";

Error cannot_start(std::string cause) {
  return Error(ErrorKind::Io, "cannot start plasmite-filter")
      .with_cause(std::move(cause))
      .with_hint(
          "jq programs run in plasmite-filter, a program that belongs beside plasmite or into "
          "../libexec/plasmite: install both from the same build.");
}

std::string os_error(int error_number) {
  const char* text = ::strerrordesc_np(error_number);
  return std::string(text != nullptr ? text : "unknown error") + " (os error " +
         std::to_string(error_number) + ")";
}

// The socket becomes stdin of the child; it has nothing to say on the other two, and libjq's
// complaints are nobody's business. Signals are as they were when the machine started.
class SpawnSettings {
 public:
  explicit SpawnSettings(int socket) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, socket, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

int poll_timeout_ms(std::chrono::steady_clock::time_point deadline) {
  const auto now = std::chrono::steady_clock::now();
  if (deadline <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<int64_t>(left, INT_MAX));
}

}  // namespace

Result<FilterProcess> FilterProcess::start(FilterReach reach, const FilterLimits& limits) {
  const auto program = find_companion_program(kProgramName);
  if (!program) return std::unexpected(cannot_start(program.error()));
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return std::unexpected(cannot_start(os_error(errno)));
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  const SpawnSettings settings(theirs.get());
  std::string name = kProgramName;
  std::string protocol = kFilterProtocol;
  std::string parent = std::to_string(::getpid());
  std::string memory = std::to_string(limits.memory_bytes);
  std::string cpu = std::to_string(limits.cpu_time.count());
  std::string reaching = reach == FilterReach::host ? kReachHost : kReachMessage;
  std::array<char*, 7> argv{name.data(), protocol.data(), parent.data(), memory.data(),
                            cpu.data(),  reaching.data(), nullptr};
  std::array<char*, 1> no_environment{};
  pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, program->c_str(), settings.actions(), settings.attributes(), argv.data(),
                    reach == FilterReach::host ? environ : no_environment.data());
  if (failed != 0) return std::unexpected(cannot_start(*program + ": " + os_error(failed)));
  return FilterProcess(std::move(ours), pid);
}

FilterProcess& FilterProcess::operator=(FilterProcess&& other) noexcept {
  if (this != &other) {
    end();
    socket_ = std::move(other.socket_);
    pid_ = std::exchange(other.pid_, -1);
    received_ = std::move(other.received_);
    taken_ = std::exchange(other.taken_, 0);
  }
  return *this;
}

FilterProcess::~FilterProcess() { end(); }

void FilterProcess::end() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

bool FilterProcess::send_all(const void* data, size_t size) const {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = ::send(socket_.get(), at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

bool FilterProcess::send(std::span<const uint32_t> sizes, std::string_view texts) {
  const FilterRequestHeader header{
      .count = static_cast<uint32_t>(sizes.size()), .reserved = 0, .bytes = texts.size()};
  return send_all(&header, sizeof header) && send_all(sizes.data(), sizes.size_bytes()) &&
         send_all(texts.data(), texts.size());
}

Result<std::optional<FilterProcess::Reply>> FilterProcess::receive(
    std::chrono::steady_clock::time_point deadline) {
  const auto gone = [] { return Error(ErrorKind::Io, "plasmite-filter ended unexpectedly"); };
  received_.erase(0, std::exchange(taken_, 0));
  for (;;) {
    if (received_.size() >= sizeof(FilterReplyHeader)) {
      FilterReplyHeader header{};
      std::memcpy(&header, received_.data(), sizeof header);
      if (header.size > kMaxFilterReplyBytes) return std::unexpected(gone());
      if (received_.size() >= sizeof header + header.size) {
        taken_ = sizeof header + header.size;
        return Reply{.header = header,
                     .payload = std::string_view(received_).substr(sizeof header, header.size)};
      }
    }
    pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&readable, 1, poll_timeout_ms(deadline));
    if (ready < 0 && errno != EINTR) return std::unexpected(gone());
    if (ready == 0 && std::chrono::steady_clock::now() >= deadline)
      return std::optional<Reply>(std::nullopt);
    if (ready <= 0) continue;
    std::array<char, 8192> block{};
    const ssize_t got = ::recv(socket_.get(), block.data(), block.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::unexpected(gone());
    received_.append(block.data(), static_cast<size_t>(got));
  }
}

}  // namespace plasmite
