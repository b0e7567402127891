// One agent per configuration: a lock on "SOCKET.lock", held until the process ends, however it
// ends. Not thread-safe.
#pragma once

#include <filesystem>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class InstanceLock {
 public:
  // Busy, with the process id of the holder, if another agent runs. The file is made if missing
  // (0600), and never removed: whoever removed it could hold a lock that nobody sees.
  static Result<InstanceLock> acquire(const std::filesystem::path& socket);

 private:
  explicit InstanceLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace plasmite
