// One agent per configuration, also if its `socket` has been changed since the other one was
// started: a lock on the main file itself, which needs no more than to read it, held until the
// process ends, however it ends. Not thread-safe; movable.
#pragma once

#include <filesystem>
#include <utility>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class ConfigLock {
 public:
  // Busy, with the process id of the holder where the kernel tells, if another agent has it;
  // NotFound, Permission, Io. Where a filesystem has no such locks, nobody is kept out.
  static Result<ConfigLock> acquire(const std::filesystem::path& file);

  // Whether this is still the file that is locked: editors put a new one in its place.
  bool is_on(const std::filesystem::path& file) const;

 private:
  explicit ConfigLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace plasmite
