#include "agent/daemon/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "core/base/crc32c.h"

namespace plasmite {
namespace {

std::string holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  const auto end = text.begin() + std::max<ssize_t>(size, 0);
  const std::string pid(text.begin(),
                        std::find_if(text.begin(), end, [](char c) { return c < '0' || c > '9'; }));
  return pid.empty() ? "" : ", process " + pid;
}

// Busy: `taken` and who has it.
Result<UniqueFd> lock(const std::string& path, const std::string& taken) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return std::unexpected(errno_error(errno, "cannot open the agent's lock file", path));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return std::unexpected(Error(ErrorKind::Busy, taken + holder(fd.get())));
    return std::unexpected(errno_error(errno, "cannot lock the agent's lock file", path));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // For people and for the message above; the lock itself needs no content.
  if (::ftruncate(fd.get(), 0) == 0) (void)!::pwrite(fd.get(), pid.data(), pid.size(), 0);
  return fd;
}

}  // namespace

std::filesystem::path InstanceLock::path_of_socket(const std::filesystem::path& socket) {
  return socket.string() + ".lock";
}

std::filesystem::path InstanceLock::path_of_config(const std::filesystem::path& pool_dir,
                                                   const std::filesystem::path& config_file) {
  std::error_code failed;
  const auto canonical = std::filesystem::weakly_canonical(config_file, failed);
  const std::string& file = failed ? config_file.native() : canonical.native();
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), ".agent-%08x.lock", crc32c(file));
  return pool_dir / name.data();
}

Result<InstanceLock> InstanceLock::of_socket(const std::filesystem::path& socket) {
  auto fd = lock(path_of_socket(socket), "an agent with this socket runs already");
  if (fd) return InstanceLock(std::move(*fd));
  if (fd.error().kind() == ErrorKind::Busy)
    return std::unexpected(
        std::move(fd.error())
            .with_path(socket.string())
            .with_hint("`plasmite agent status` shows what it does. Stop it first, or give this "
                       "one a `socket` of its own in its configuration."));
  return std::unexpected(
      std::move(fd.error())
          .with_hint("The agent's user has to be able to make files in the folder of its "
                     "`socket`: give it that folder, or name another socket in the "
                     "configuration."));
}

Result<InstanceLock> InstanceLock::of_config(const std::filesystem::path& pool_dir,
                                             const std::filesystem::path& config_file) {
  auto fd =
      lock(path_of_config(pool_dir, config_file), "an agent with this configuration runs already");
  if (fd) return InstanceLock(std::move(*fd));
  if (fd.error().kind() != ErrorKind::Busy) return std::unexpected(std::move(fd.error()));
  return std::unexpected(
      std::move(fd.error())
          .with_path(config_file.string())
          .with_hint("Stop it first, or give this one a configuration of its own. If it listens "
                     "on another socket than the file says now, `plasmite agent status --socket "
                     "PATH` finds it."));
}

}  // namespace plasmite
