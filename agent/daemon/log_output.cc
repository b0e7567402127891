#include "agent/daemon/log_output.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace plasmite {
namespace {

static_assert(LogOutput::kMostLineBytes <= PIPE_BUF);

std::string shortened(std::string_view line) {
  constexpr std::string_view kMark = " … (shortened)\n";
  if (line.size() <= LogOutput::kMostLineBytes) return std::string(line);
  size_t size = LogOutput::kMostLineBytes - kMark.size();
  // Not within a character of UTF-8.
  while (size > 0 && (static_cast<unsigned char>(line[size]) & 0xC0) == 0x80) --size;
  return std::string(line.substr(0, size)).append(kMark);
}

}  // namespace

LogOutput::LogOutput(int fd) : fd_(fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return;
  if (S_ISSOCK(status.st_mode)) {
    way_ = Way::send;
    return;
  }
  if (S_ISREG(status.st_mode)) {
    way_ = Way::write;
    return;
  }
  // O_NONBLOCK belongs to the open file, which others share who do not expect it: this has one of
  // its own. Who may not open it writes when poll() says that there is room, which for a pipe is
  // enough unless another process fills it just then.
  const std::string name = "/proc/self/fd/" + std::to_string(fd);
  own_ = UniqueFd(::open(name.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!own_) return;
  fd_ = own_.get();
  way_ = Way::write;
}

bool LogOutput::write(std::string_view line) {
  const bool had_waited = has_waited_;
  if (!drain()) return false;
  rest_ = shortened(line);
  const size_t size = rest_.size();
  // A line that went out without a wait: the next time there is no room, there is patience again.
  if (drain() && had_waited) has_waited_ = false;
  if (rest_.size() < size) return true;
  rest_.clear();
  return false;
}

// True: nothing is left.
bool LogOutput::drain() {
  while (!rest_.empty()) {
    const size_t taken = take(rest_);
    rest_.erase(0, taken);
    if (taken == 0 && !wait_for_room()) return false;
  }
  return true;
}

bool LogOutput::wait_for_room() { return !std::exchange(has_waited_, true) && is_ready(kPatience); }

// How many bytes; 0 also if it takes nothing at all any more, which is the same to a log.
size_t LogOutput::take(std::string_view text) const {
  if (way_ == Way::write_when_ready && !is_ready(std::chrono::milliseconds(0))) return 0;
  for (;;) {
    const ssize_t size = way_ == Way::send
                             ? ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                             : ::write(fd_, text.data(), text.size());
    if (size >= 0) return static_cast<size_t>(size);
    if (errno != EINTR) return 0;
  }
}

bool LogOutput::is_ready(std::chrono::milliseconds within) const {
  pollfd wanted{.fd = fd_, .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, static_cast<int>(within.count())) > 0 &&
         (wanted.revents & POLLOUT) != 0;
}

}  // namespace plasmite
