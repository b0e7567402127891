// Reads a small regular file whole, and never waits for one that is something else. Thread-safety:
// free function.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "core/base/error.h"

namespace plasmite {

struct BoundedFile {
  std::string text;
  mode_t mode = 0;
};

// NotFound, Permission, Io; Usage: not a regular file, or larger than that.
Result<BoundedFile> read_bounded_file(const std::filesystem::path& path, size_t max_bytes);

}  // namespace plasmite
