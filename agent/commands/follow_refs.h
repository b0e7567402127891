// Which pools `follow` is to read: names, paths, and patterns over the names of a directory.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

// What one process can wait for at once.
inline constexpr size_t kMostFollowedPools = Cursor::kMostWaitedFor;

struct PoolRef {
  std::string name;  // as typed, or a name that a pattern matches
  std::filesystem::path path;
  bool found_by_pattern = false;
};

// A name with `*` or `?`, unless there is a pool of this very name.
bool is_pool_pattern(std::string_view ref, const std::filesystem::path& dir);

// In the order of the refs, what a pattern matches in that of names. Each pool once, by whatever
// name. NotFound: a pattern matches nothing. Usage: too many.
Result<std::vector<PoolRef>> resolve_pools(const std::vector<std::string>& refs,
                                           const std::filesystem::path& dir);

// Finds pools that come to match a pattern later. Costs one look at the directory's time of change
// per second while nothing happens there. Not thread-safe.
class PoolWatch {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds kLookEvery{1};

  PoolWatch(std::filesystem::path dir, std::vector<std::string> patterns)
      : dir_(std::move(dir)), patterns_(std::move(patterns)) {}

  // Files that match and of which `is_followed(path)` is false. Those that were refused come again
  // only when they have changed.
  std::vector<PoolRef> look(const std::function<bool(const std::filesystem::path&)>& is_followed);

  // A file that could not be followed. False: this was said of it before. `for_good`: only another
  // file of its name is worth a look.
  bool refuse(const std::filesystem::path& path, bool for_good);

 private:
  // What tells that a file, or a directory, is not as it was.
  struct Stamp {
    uint64_t inode = 0;
    int64_t born_ns = 0;
    int64_t changed_ns = 0;  // 0: does not count
    bool operator==(const Stamp&) const = default;
  };
  static std::optional<Stamp> stamp_of(const std::filesystem::path& path, bool with_change);
  bool is_as_refused(const std::filesystem::path& path) const;

  std::filesystem::path dir_;
  std::vector<std::string> patterns_;
  std::optional<Stamp> seen_;  // of the directory, once it was at rest; none: look
  std::map<std::filesystem::path, std::optional<Stamp>> refused_;
};

}  // namespace plasmite
