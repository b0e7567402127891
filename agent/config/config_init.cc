#include "agent/config/config_init.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/unique_fd.h"

namespace plasmite {
namespace {

constexpr const char* kElsewhere =
    "Run it as a user who may write there (for /etc: sudo), or name another file with --config.";

constexpr const char* kGroup = "plasmite";

std::optional<gid_t> group_id(const char* name) {
  std::vector<char> buffer(64u << 10);
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r(name, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return found->gr_gid;
}

// A file beside `path`, which is removed unless it took its place.
class FreshFile {
 public:
  static Result<FreshFile> create(const std::filesystem::path& path) {
    std::string name = path.string() + ".XXXXXX";
    UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file)
      return std::unexpected(errno_error(errno, "cannot write the configuration", path.string())
                                 .with_hint(kElsewhere));
    return FreshFile(path.string(), std::move(name), std::move(file));
  }
  FreshFile(FreshFile&& other) noexcept
      : path_(std::move(other.path_)),
        name_(std::exchange(other.name_, {})),
        file_(std::move(other.file_)) {}
  FreshFile& operator=(FreshFile&&) = delete;
  ~FreshFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  Result<void> fill(const std::string& text) {
    constexpr mode_t kMode = 0640;
    // Not being allowed to is no reason to fail: whoever runs the agent as somebody else sees it
    // there.
    if (const auto group = group_id(kGroup))
      (void)!::fchown(file_.get(), static_cast<uid_t>(-1), *group);
    size_t done = 0;
    while (done < text.size()) {
      const ssize_t wrote = ::write(file_.get(), text.data() + done, text.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return failure();
      done += static_cast<size_t>(wrote);
    }
    if (::fchmod(file_.get(), kMode) != 0 || ::fsync(file_.get()) != 0) return failure();
    return {};
  }

  Result<void> move_into_place(bool replace) {
    // link(2) refuses to replace, in one step.
    const int status =
        replace ? ::rename(name_.c_str(), path_.c_str()) : ::link(name_.c_str(), path_.c_str());
    if (status != 0 && errno == EEXIST) {
      return std::unexpected(Error(ErrorKind::AlreadyExists, "there is a configuration already")
                                 .with_path(path_)
                                 .with_hint("Look at it first; --force replaces it."));
    }
    if (status != 0) return failure();
    if (replace) name_.clear();
    return {};
  }

 private:
  FreshFile(std::string path, std::string name, UniqueFd file)
      : path_(std::move(path)), name_(std::move(name)), file_(std::move(file)) {}

  std::unexpected<Error> failure() const {
    return std::unexpected(
        errno_error(errno, "cannot write the configuration", path_).with_hint(kElsewhere));
  }

  std::string path_;
  std::string name_;  // empty: it took its place
  UniqueFd file_;
};

}  // namespace

MachineFacts machine_facts(const std::filesystem::path& config) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(config, error).lexically_normal();
  const auto is_folder = [](const char* folder) {
    std::error_code ignored;
    return std::filesystem::is_directory(folder, ignored);
  };
  return {.has_journal = is_folder("/run/log/journal") || is_folder("/var/log/journal"),
          .has_group = group_id(kGroup).has_value(),
          .of_system = path.native().starts_with("/etc/")};
}

Result<void> write_initial_config(const std::filesystem::path& path, bool force) {
  std::error_code error;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::filesystem::create_directories(folder, error);
  if (error)
    return std::unexpected(errno_error(error.value(), "cannot make the folder", folder.string())
                               .with_hint(kElsewhere));
  auto file = FreshFile::create(path);
  if (!file) return std::unexpected(file.error());
  if (auto filled = file->fill(initial_config(machine_facts(path))); !filled) return filled;
  return file->move_into_place(force);
}

}  // namespace plasmite
