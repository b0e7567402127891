// Where a named follower of a pool stopped: a small file beside the pool, one per name, described
// in spec/follower-position.md. Only one process at a time has it open; the kernel frees it when
// that one dies. Not thread-safe; movable.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

inline constexpr size_t kMaxFollowerNameBytes = 64;

// Letters, digits, `-` and `_`: no dot, so that no two pools and names share a file.
bool is_follower_name(std::string_view name);

// The file for a name that is_follower_name(). A pool reached through a symlink has one place.
std::filesystem::path follower_file(const std::filesystem::path& pool, std::string_view name);

// The files of all names that ever followed this pool.
std::vector<std::filesystem::path> follower_files(const std::filesystem::path& pool);

class FollowerPosition {
 public:
  struct Place {
    std::array<uint8_t, 16> pool_id{};
    uint64_t next_seq = 0;  // everything before it was written out
    bool operator==(const Place&) const = default;
  };

  // Opens or makes the file. Usage: no name; or the file is of a later version. Busy: another
  // process follows under this name. Permission, Io.
  static Result<FollowerPosition> open(const std::filesystem::path& pool, std::string_view name);

  // What was saved last; none: nothing was, or the file is damaged.
  const std::optional<Place>& place() const { return place_; }
  bool was_damaged() const { return was_damaged_; }

  // Survives the death of any process once it returned.
  Result<void> save(const Place& place);
  // Makes what was saved survive power loss, too.
  Result<void> sync();

 private:
  FollowerPosition() = default;
  Result<void> read();

  std::filesystem::path path_;
  UniqueFd file_;  // holds the lock
  std::optional<Place> place_;
  uint64_t generation_ = 0;  // of the newest intact line
  bool was_damaged_ = false;
};

}  // namespace plasmite
