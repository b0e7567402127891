#include "agent/daemon/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace plasmite {
namespace {

std::string holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  std::string pid;
  for (ssize_t i = 0;
       i < size && text[static_cast<size_t>(i)] >= '0' && text[static_cast<size_t>(i)] <= '9'; ++i)
    pid += text[static_cast<size_t>(i)];
  return pid;
}

}  // namespace

Result<InstanceLock> InstanceLock::acquire(const std::filesystem::path& socket) {
  const std::string path = socket.string() + ".lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd)
    return std::unexpected(errno_error(errno, "cannot open the agent's lock file", path)
                               .with_hint("The agent's user has to be able to make files in the "
                                          "folder of its `socket`: give it that folder, or name "
                                          "another socket in the configuration."));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return std::unexpected(errno_error(errno, "cannot lock the agent's lock file", path));
    const std::string pid = holder(fd.get());
    return std::unexpected(
        Error(ErrorKind::Busy, "an agent with this socket runs already" +
                                   (pid.empty() ? std::string() : ", process " + pid))
            .with_path(socket.string())
            .with_hint(
                "`plasmite agent status` shows what it does. Stop it first, or give this one a "
                "`socket` of its own in its configuration."));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // For people and for the message above; the lock itself needs no content.
  if (::ftruncate(fd.get(), 0) == 0) (void)!::pwrite(fd.get(), pid.data(), pid.size(), 0);
  return InstanceLock(std::move(fd));
}

}  // namespace plasmite
