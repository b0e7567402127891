// Folders for pools that a test makes and removes.
#pragma once

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "core/base/error.h"

namespace plasmite::crash {

inline std::filesystem::path disk_folder() {
  std::error_code error;
  auto folder = std::filesystem::temp_directory_path(error);
  return error ? std::filesystem::path(".") : folder;
}

// A tmpfs if the machine has one.
inline std::filesystem::path memory_folder() {
  std::error_code error;
  const std::filesystem::path shm = "/dev/shm";
  return std::filesystem::is_directory(shm, error) ? shm : disk_folder();
}

inline Result<std::filesystem::path> make_temporary_folder(const std::filesystem::path& parent) {
  std::string name = (parent / "pls-crash-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    return std::unexpected(errno_error(errno, "failed to create a folder", name));
  return std::filesystem::path(name);
}

}  // namespace plasmite::crash
