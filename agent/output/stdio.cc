#include "agent/output/stdio.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace plasmite {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

size_t terminal_columns(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool use_color(ColorMode color, int fd) {
  if (color != ColorMode::automatic) return color == ColorMode::always;
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && is_terminal(fd);
}

Result<bool> write_output(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EPIPE) return false;
    if (errno != EAGAIN) return std::unexpected(errno_error(errno, "failed to write output"));
    // Somebody shares this pipe or terminal in non-blocking mode.
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    ::poll(&ready, 1, -1);
  }
  return true;
}

void write_stderr(std::string_view bytes) {
  [[maybe_unused]] const auto nobody_to_tell = write_output(kStderr, bytes);
}

bool may_lose_its_reader(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

bool reader_is_gone(int fd, std::chrono::nanoseconds at_most) {
  pollfd output{.fd = fd, .events = 0, .revents = 0};
  const timespec timeout{.tv_sec = at_most.count() / 1'000'000'000,
                         .tv_nsec = at_most.count() % 1'000'000'000};
  return ::ppoll(&output, 1, &timeout, nullptr) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace plasmite
