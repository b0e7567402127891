// Files and folders that belong to a group. Thread-safety: free functions.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "core/base/error.h"

namespace plasmite {

// NotFound: no such group.
Result<gid_t> group_id(const std::string& name);

// Gives a file to a group; an empty name: leaves it. Permission: says who may.
Result<void> give_to_group(const std::filesystem::path& path, const std::string& group);

// Whether all members of the group have the permissions, of 4 read, 2 write and 1 enter, by the
// mode. A file that is not there: yes.
bool group_may(const std::filesystem::path& path, gid_t group, mode_t permissions);

// Makes the folder, and those above it that are missing (0755), with exactly this mode and group.
// One that is there already stays as it is.
Result<void> make_group_dir(const std::filesystem::path& dir, mode_t mode,
                            const std::string& group);

}  // namespace plasmite
