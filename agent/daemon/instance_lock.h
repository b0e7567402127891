// One agent per socket and per configuration: locks on files that are held until the process ends,
// however it ends. The files are made if missing (0600), hold the holder's process id for people to
// read, and are never removed: whoever removed one could hold a lock that nobody sees.
// Not thread-safe; movable.
#pragma once

#include <filesystem>
#include <utility>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class InstanceLock {
 public:
  // Busy, with the process id of the holder, if another agent has it; Permission, NotFound, Io.
  static Result<InstanceLock> of_socket(const std::filesystem::path& socket);
  // Also keeps out one that runs with the same main file by the same pools, whatever socket it
  // names by now. One file of which variables make several configurations, with pools each, does
  // not keep itself out.
  static Result<InstanceLock> of_config(const std::filesystem::path& pool_dir,
                                        const std::filesystem::path& config_file);

  // "SOCKET.lock"
  static std::filesystem::path path_of_socket(const std::filesystem::path& socket);
  // "POOLS/.agent-NNNNNNNN.lock": the digits stand for the path of the file.
  static std::filesystem::path path_of_config(const std::filesystem::path& pool_dir,
                                              const std::filesystem::path& config_file);

 private:
  explicit InstanceLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace plasmite
