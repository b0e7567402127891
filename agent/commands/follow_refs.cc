#include "agent/commands/follow_refs.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "agent/commands/pool_scan.h"
#include "agent/pool_access.h"
#include "agent/values.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

constexpr std::string_view kSuffix = ".plasmite";

// A ref that leads to this file of the pool directory.
std::string name_of(const std::filesystem::path& file) {
  std::string name = file.stem().string();
  return name.ends_with(kSuffix) ? file.filename().string() : name;
}

// A leading dot must be spelt out, as in the shell.
bool matches_pattern(std::string_view pattern, const std::string& name) {
  if (pattern.ends_with(kSuffix)) pattern.remove_suffix(kSuffix.size());
  return ::fnmatch(std::string(pattern).c_str(), name.c_str(), FNM_PERIOD) == 0;
}

// An error when the directory cannot be read; one that is not there is empty.
Result<std::vector<PoolRef>> find_matching(const std::string& pattern,
                                           const std::filesystem::path& dir) {
  std::vector<PoolRef> found;
  const auto files = find_pool_files(dir);
  if (!files && files.error().kind() == ErrorKind::NotFound) return found;
  if (!files) return std::unexpected(files.error());
  for (const std::filesystem::path& file : *files) {
    std::string name = name_of(file);
    if (matches_pattern(pattern, name))
      found.push_back({.name = std::move(name), .path = file, .found_by_pattern = true});
  }
  return found;
}

Error no_match(const std::string& pattern, const std::filesystem::path& dir) {
  return Error(ErrorKind::NotFound, "no pool matches " + quote_token(pattern))
      .with_path(dir.string())
      .with_hint(
          "`plasmite pool list` shows what is there. A pattern needs one pool to begin with; "
          "those that come later are found. Quote patterns: 'app-*'.");
}

Error too_many(const std::string& ref) {
  const std::string most = std::to_string(kMostFollowedPools);
  return Error(ErrorKind::Usage, "too many pools")
      .with_cause(quote_token(ref) + " makes more than " + most)
      .with_hint("follow reads at most " + most +
                 " pools at once: use a narrower pattern, or several processes.");
}

// Whether both are one file, also under two names.
bool same_file(const std::filesystem::path& one, const std::filesystem::path& other) {
  std::error_code ignored;
  return one == other || std::filesystem::equivalent(one, other, ignored);
}

}  // namespace

bool is_pool_pattern(std::string_view ref, const std::filesystem::path& dir) {
  if (ref.contains('/') || ref.contains('\0') || ref.find_first_of("*?") == std::string_view::npos)
    return false;
  const auto path = resolve_pool_ref(ref, dir);
  std::error_code ignored;
  return path && !std::filesystem::exists(*path, ignored);
}

Result<std::vector<PoolRef>> resolve_pools(const std::vector<std::string>& refs,
                                           const std::filesystem::path& dir) {
  std::vector<PoolRef> pools;
  for (const std::string& ref : refs) {
    std::vector<PoolRef> found;
    if (is_pool_pattern(ref, dir)) {
      auto matching = find_matching(ref, dir);
      if (!matching) return std::unexpected(matching.error());
      if (matching->empty()) return std::unexpected(no_match(ref, dir));
      found = std::move(*matching);
    } else {
      auto path = resolve_pool_ref(ref, dir);
      if (!path) return std::unexpected(path.error());
      found.push_back({.name = ref, .path = std::move(*path), .found_by_pattern = false});
    }
    for (PoolRef& pool : found) {
      const bool is_known = std::ranges::any_of(
          pools, [&](const PoolRef& known) { return same_file(known.path, pool.path); });
      if (is_known) continue;
      if (pools.size() == kMostFollowedPools) return std::unexpected(too_many(ref));
      pools.push_back(std::move(pool));
    }
  }
  return pools;
}

std::optional<PoolWatch::Stamp> PoolWatch::stamp_of(const std::filesystem::path& path,
                                                    bool with_change) {
  struct statx status{};
  if (::statx(AT_FDCWD, path.c_str(), AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS | STATX_BTIME,
              &status) != 0)
    return std::nullopt;
  const auto ns = [](const statx_timestamp& time) {
    return time.tv_sec * 1'000'000'000 + static_cast<int64_t>(time.tv_nsec);
  };
  return Stamp{.inode = status.stx_ino,
               .born_ns = (status.stx_mask & STATX_BTIME) != 0 ? ns(status.stx_btime) : 0,
               .changed_ns = with_change ? ns(status.stx_mtime) : 0};
}

std::vector<PoolRef> PoolWatch::look(
    const std::function<bool(const std::filesystem::path&)>& is_followed) {
  // A directory that was changed just now may change again without another time.
  constexpr int64_t kAtRestNs = 2'000'000'000;
  constexpr size_t kMostFiles = 1024;  // a bound; nobody has as many
  const auto stamp = stamp_of(dir_, /*with_change=*/true);
  std::vector<PoolRef> found;
  if (!stamp) return found;
  if (stamp == seen_ && refused_.empty()) return found;
  const bool at_rest = stamp->changed_ns < wall_clock_ns() - kAtRestNs;
  seen_ = at_rest ? stamp : std::nullopt;
  std::erase_if(refused_, [](const auto& entry) { return !stamp_of(entry.first, false); });
  for (const std::string& pattern : patterns_) {
    const auto matching = find_matching(pattern, dir_);
    if (!matching) continue;  // the next look may be luckier
    for (const PoolRef& pool : *matching) {
      const bool is_known =
          std::ranges::any_of(found, [&](const PoolRef& known) { return known.path == pool.path; });
      if (found.size() + refused_.size() >= kMostFiles) return found;
      if (!is_known && !is_followed(pool.path) && !is_as_refused(pool.path)) found.push_back(pool);
    }
  }
  return found;
}

bool PoolWatch::is_as_refused(const std::filesystem::path& path) const {
  const auto at = refused_.find(path);
  if (at == refused_.end()) return false;
  const bool with_change = at->second && at->second->changed_ns != 0;
  return at->second == stamp_of(path, with_change);
}

bool PoolWatch::refuse(const std::filesystem::path& path, bool for_good) {
  const bool is_new = !refused_.contains(path);
  refused_[path] = stamp_of(path, /*with_change=*/!for_good);
  return is_new;
}

}  // namespace plasmite
