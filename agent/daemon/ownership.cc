#include "agent/daemon/ownership.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace plasmite {

Result<gid_t> group_id(const std::string& name) {
  group entry{};
  group* found = nullptr;
  std::vector<char> buffer(4096);
  int status = 0;
  constexpr size_t kMostBytes = 1u << 20;  // a group with many members
  while ((status = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found)) ==
             ERANGE &&
         buffer.size() < kMostBytes)
    buffer.resize(buffer.size() * 2);
  if (found != nullptr) return entry.gr_gid;
  return std::unexpected(Error(ErrorKind::NotFound, "there is no group '" + name + "'")
                             .with_hint("Make it (`groupadd --system " + name +
                                        "`), or correct `group` in the configuration."));
}

Result<void> give_to_group(const std::filesystem::path& path, const std::string& group) {
  if (group.empty()) return {};
  const auto id = group_id(group);
  if (!id) return std::unexpected(Error(id.error()).with_path(path.string()));
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && status.st_gid == *id) return {};
  if (::chown(path.c_str(), static_cast<uid_t>(-1), *id) == 0) return {};
  return std::unexpected(
      errno_error(errno, "cannot give the file to group '" + group + "'", path.string())
          .with_hint("The agent has to be a member of this group, or root."));
}

bool group_may(const std::filesystem::path& path, gid_t group, mode_t permissions) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return true;
  const mode_t granted = status.st_gid == group ? status.st_mode >> 3 : status.st_mode;
  return (granted & permissions) == permissions;
}

Result<void> make_group_dir(const std::filesystem::path& dir, mode_t mode,
                            const std::string& group) {
  std::error_code failed;
  if (std::filesystem::is_directory(dir, failed)) return {};
  if (dir.has_parent_path()) std::filesystem::create_directories(dir.parent_path(), failed);
  if (::mkdir(dir.c_str(), 0700) != 0) {
    if (errno == EEXIST && std::filesystem::is_directory(dir, failed)) return {};
    return std::unexpected(errno_error(errno, "cannot make the directory", dir.string())
                               .with_hint("Make it and give it to the agent's user, or name "
                                          "another in the configuration: `socket` or `pools`."));
  }
  // First the group: changing it may take the set-group-id bit away.
  if (auto given = give_to_group(dir, group); !given) {
    (void)::rmdir(dir.c_str());
    return given;
  }
  if (::chmod(dir.c_str(), mode) != 0)
    return std::unexpected(
        errno_error(errno, "cannot set the mode of the directory", dir.string()));
  return {};
}

}  // namespace plasmite
