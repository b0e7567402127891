#include "agent/daemon/control_client.h"

#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "core/base/unique_fd.h"
#include "core/record/json_pointer.h"

namespace plasmite {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostReplyBytes = 64u << 20;

std::unexpected<ControlFailure> not_running(const std::filesystem::path& socket,
                                            std::string message) {
  return std::unexpected(ControlFailure{
      .is_running = false,
      .error = Error(ErrorKind::NotFound, std::move(message)).with_path(socket.string())});
}

std::unexpected<ControlFailure> silent(const std::filesystem::path& socket,
                                       std::chrono::milliseconds within) {
  return std::unexpected(ControlFailure{
      .is_running = false,
      .error =
          Error(ErrorKind::Busy,
                "the agent does not answer within " + std::to_string(within.count() / 1000) + " s")
              .with_path(socket.string())
              .with_hint(
                  "It is stopped or hangs. Its log says more: `journalctl -u plasmite-agent`.")});
}

// The group that may connect, in words.
std::string group_of(const std::filesystem::path& socket) {
  struct stat status{};
  if (::stat(socket.c_str(), &status) != 0 && ::stat(socket.parent_path().c_str(), &status) != 0)
    return {};
  const group* found = ::getgrgid(status.st_gid);
  return found != nullptr ? found->gr_name : std::to_string(status.st_gid);
}

ControlFailure refused_by_permission(const std::filesystem::path& socket) {
  const std::string group = group_of(socket);
  return {.error =
              Error(ErrorKind::Permission, "this user may not talk to the agent")
                  .with_path(socket.string())
                  .with_hint(group.empty()
                                 ? std::string("Run it as root, or as the agent's user.")
                                 : "Members of group " + group + " may: `sudo usermod -aG " +
                                       group + " $USER` and log in again, or run it as root.")};
}

bool wait_until(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wanted{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// The first line; less if the other side closes before its end; none: not in time.
std::optional<std::string> read_reply(int fd, Clock::time_point deadline) {
  std::string reply;
  std::array<char, 65536> buffer;
  while (wait_until(fd, POLLIN, deadline)) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) return reply;
    reply.append(buffer.data(), static_cast<size_t>(size));
    if (reply.ends_with('\n') || reply.size() > kMostReplyBytes) return reply;
  }
  return std::nullopt;
}

// Waits while the agent's queue is full. Returns 0 or what went wrong; EAGAIN: not in time.
int connect_until(int fd, const sockaddr_un& address, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::microseconds>(deadline - Clock::now()).count();
    if (left <= 0) return EAGAIN;
    // It limits connect() and send(); there is no poll() for a place in the queue.
    const timeval limit{.tv_sec = left / 1'000'000, .tv_usec = left % 1'000'000};
    if (::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) return errno;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

std::expected<UniqueFd, ControlFailure> connect_to(const std::filesystem::path& socket,
                                                   std::chrono::milliseconds within,
                                                   Clock::time_point deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.native().empty() || socket.native().size() >= sizeof address.sun_path)
    return not_running(socket, "no agent runs there: the path is too long for a socket");
  std::memcpy(address.sun_path, socket.c_str(), socket.native().size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd)
    return std::unexpected(ControlFailure{.error = errno_error(errno, "cannot make a socket")});
  const int failed = connect_until(fd.get(), address, deadline);
  switch (failed) {
    case 0:
      return fd;
    case ENOENT:
    case ENOTDIR:
      return not_running(socket, "no agent runs: there is no socket");
    case ECONNREFUSED:
      return not_running(socket, "no agent runs: nobody listens on the socket");
    case EAGAIN:
      return silent(socket, within);  // its queue stayed full
    case EACCES:
    case EPERM:
      return std::unexpected(refused_by_permission(socket));
    default:
      return std::unexpected(ControlFailure{
          .error = errno_error(failed, "cannot connect to the agent", socket.string())});
  }
}

}  // namespace

std::expected<std::string, ControlFailure> ask_agent(const std::filesystem::path& socket,
                                                     std::string_view request,
                                                     std::chrono::milliseconds within) {
  const auto deadline = Clock::now() + within;
  auto fd = connect_to(socket, within, deadline);
  if (!fd) return std::unexpected(std::move(fd.error()));
  const std::string line = std::string(request) + "\n";  // fits into the socket's buffer
  if (::send(fd->get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size()))
    return not_running(socket, "the agent closed the connection");
  auto reply = read_reply(fd->get(), deadline);
  if (!reply) return silent(socket, within);
  if (!reply->ends_with('\n')) return not_running(socket, "the agent ended before it answered");
  reply->pop_back();
  if (const auto message = json_text_at(*reply, "/error/message")) {
    const bool is_busy = json_text_at(*reply, "/error/kind") == "Busy";
    return std::unexpected(ControlFailure{
        .error = Error(is_busy ? ErrorKind::Busy : ErrorKind::Io, *message)
                     .with_path(socket.string())
                     .with_hint(json_text_at(*reply, "/error/hint")
                                    .value_or("Ask a program of the same version as the agent."))});
  }
  return *reply;
}

}  // namespace plasmite
