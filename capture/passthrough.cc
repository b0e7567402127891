#include "capture/passthrough.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "core/base/check.h"

namespace plasmite {

Passthrough::Passthrough(int fd) : fd_(fd) {
  if (fd_ < 0) return;
  struct stat status;
  if (::fstat(fd_, &status) != 0) {
    fd_ = -1;  // a stream that was closed before we began
    return;
  }
  if (S_ISSOCK(status.st_mode)) {
    kind_ = Kind::socket;
  } else if (S_ISFIFO(status.st_mode) || (S_ISCHR(status.st_mode) && ::isatty(fd_) == 1)) {
    const std::string name = "/proc/self/fd/" + std::to_string(fd_);
    own_fd_ = UniqueFd(::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    kind_ = own_fd_ ? Kind::own_description : Kind::shared;
  } else {
    kind_ = Kind::file;
  }
}

void Passthrough::offer(std::string_view bytes) {
  PLASMITE_CHECK(pending_.empty());
  if (fd_ < 0) return;
  pending_ = bytes;
  resume();
}

void Passthrough::resume() {
  while (!pending_.empty()) {
    const long written = write_some();
    if (written >= 0) {
      pending_.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return;
    if (errno != EPIPE) error_ = errno_error(errno, "failed to write passthrough output");
    close();
  }
}

// As write(2), failing with EAGAIN where that would block.
long Passthrough::write_some() const {
  switch (kind_) {
    case Kind::socket:
      return ::send(fd_, pending_.data(), pending_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    case Kind::own_description:
      return ::write(own_fd_.get(), pending_.data(), pending_.size());
    case Kind::file:
      return ::write(fd_, pending_.data(), pending_.size());
    case Kind::shared:
      break;
  }
  pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
  const int ready = ::poll(&writable, 1, 0);
  if (ready < 0) return -1;
  if (ready == 0) {
    errno = EAGAIN;
    return -1;
  }
  return ::write(fd_, pending_.data(), std::min<size_t>(pending_.size(), PIPE_BUF));
}

void Passthrough::close() {
  pending_ = {};
  fd_ = -1;
  own_fd_.reset();
}

}  // namespace plasmite
