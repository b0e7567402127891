#include "capture/pty.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace plasmite {
namespace {

Error pty_error(int error_number) {
  return errno_error(error_number, "failed to open a pseudo-terminal")
      .with_hint(
          "Check that /dev/pts is mounted and the limit of open files (`ulimit -n`), or tap "
          "without --pty.");
}

// Below 3 it would be overwritten while the child's standard streams are put in place.
Result<UniqueFd> above_standard_streams(UniqueFd fd) {
  if (!fd) return std::unexpected(pty_error(errno));
  if (fd.get() > STDERR_FILENO) return fd;
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved) return std::unexpected(pty_error(errno));
  return moved;
}

}  // namespace

Result<Pty> open_pty(const PtyOptions& options) {
  auto master =
      above_standard_streams(UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)));
  if (!master) return std::unexpected(std::move(master.error()));
  if (::grantpt(master->get()) != 0 || ::unlockpt(master->get()) != 0)
    return std::unexpected(pty_error(errno));
  // Not by name: a container may have another /dev/pts.
  auto slave = above_standard_streams(
      UniqueFd(::ioctl(master->get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)));
  if (!slave) return std::unexpected(std::move(slave.error()));
  termios wanted{};
  if (options.modes) {
    wanted = *options.modes;
  } else {
    if (::tcgetattr(slave->get(), &wanted) != 0) return std::unexpected(pty_error(errno));
    if (!options.echo) wanted.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  }
  if (::tcsetattr(slave->get(), TCSANOW, &wanted) != 0 ||
      ::ioctl(slave->get(), TIOCSWINSZ, &options.size) != 0)
    return std::unexpected(pty_error(errno));
  return Pty{.master = std::move(*master), .slave = std::move(*slave)};
}

void resize_pty(const Pty& pty, const winsize& size) {
  (void)::ioctl(pty.master.get(), TIOCSWINSZ, &size);
}

}  // namespace plasmite
