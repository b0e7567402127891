#include "agent/daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace plasmite {

Notifier::Notifier() {
  uint64_t interval_us = 0;
  if (::sd_watchdog_enabled(/*unset_environment=*/1, &interval_us) > 0)
    watchdog_ = std::chrono::microseconds(interval_us);
  const char* socket = std::getenv("NOTIFY_SOCKET");
  if (socket == nullptr) return;
  socket_ = socket;
  (void)::unsetenv("NOTIFY_SOCKET");
  fd_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void Notifier::status(std::string_view text) {
  std::string message = "STATUS=" + std::string(text);
  std::ranges::replace(message, '\n', ' ');
  send(message);
}

void Notifier::reloading() {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t us = int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void Notifier::send(std::string_view message) const {
  sockaddr_un address{};
  if (!fd_ || socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // A manager that does not listen is no reason to do anything else.
  (void)::sendto(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace plasmite
