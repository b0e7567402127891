#include "agent/commands/pool_scan.h"

#include <algorithm>
#include <system_error>

namespace plasmite {

Result<std::vector<std::filesystem::path>> find_pool_files(const std::filesystem::path& dir) {
  const auto failure = [&](const std::error_code& code) {
    return std::unexpected(
        errno_error(code.value(), "failed to read the pool directory", dir.string()));
  };
  std::vector<std::filesystem::path> paths;
  std::error_code code;
  std::filesystem::directory_iterator at(dir, code);
  if (code) return failure(code);
  for (; at != std::filesystem::directory_iterator(); at.increment(code)) {
    if (code) return failure(code);
    std::error_code ignored;
    if (at->path().extension() == ".plasmite" && !at->is_directory(ignored))
      paths.push_back(at->path());
  }
  if (code) return failure(code);
  std::ranges::sort(paths, {}, [](const std::filesystem::path& path) { return path.stem(); });
  return paths;
}

}  // namespace plasmite
