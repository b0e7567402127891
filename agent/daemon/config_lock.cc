#include "agent/daemon/config_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "agent/daemon/lock_holder.h"

namespace plasmite {
namespace {

Error taken_error(int fd, const std::filesystem::path& file) {
  struct stat status{};
  const std::string holder = ::fstat(fd, &status) == 0 ? lock_holder(status) : "";
  return Error(ErrorKind::Busy, "an agent with this configuration runs already" + holder)
      .with_path(file.string())
      .with_hint(
          "Stop it first, or give this one a configuration of its own. If it listens on another "
          "socket than the file says now, `plasmite agent status --socket PATH` finds it.");
}

}  // namespace

Result<ConfigLock> ConfigLock::acquire(const std::filesystem::path& file) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd)
    return std::unexpected(errno_error(errno, "cannot lock the configuration", file.string()));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return std::unexpected(taken_error(fd.get(), file));
  return ConfigLock(std::move(fd));
}

bool ConfigLock::is_on(const std::filesystem::path& file) const {
  struct stat locked{}, named{};
  return ::fstat(fd_.get(), &locked) == 0 && ::stat(file.c_str(), &named) == 0 &&
         locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

}  // namespace plasmite
