// Finds the pool files of a directory.
#pragma once

#include <filesystem>
#include <vector>

#include "core/base/error.h"

namespace plasmite {

// Files with the extension .plasmite, not recursive, sorted by name. NotFound: no such directory.
Result<std::vector<std::filesystem::path>> find_pool_files(const std::filesystem::path& dir);

}  // namespace plasmite
