#include "agent/config/config_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/config/bounded_file.h"

namespace plasmite {
namespace {

constexpr size_t kMaxFileBytes = 1u << 20;
constexpr size_t kMaxFiles = 64;

constexpr const char* kOtherUser = "Run this as a user who may read it";

std::string advice(const Error& error, const std::filesystem::path& file, bool is_main) {
  switch (error.kind()) {
    case ErrorKind::NotFound:
      if (!is_main) return "Remove this link, or put back what it leads to.";
      return "`plasmite agent init --config " + file.string() +
             "` writes one; --config says where another is.";
    case ErrorKind::Permission:
      return std::string(kOtherUser) + ", or change its mode or group.";
    case ErrorKind::Usage:
      return "A configuration is a file of at most 1 MiB.";
    default:
      return "Check the path and the file system.";
  }
}

}  // namespace

ConfigFiles ConfigFiles::read(const std::filesystem::path& main_file) {
  ConfigFiles files;
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(main_file, error).lexically_normal();
  if (error) {
    files.refuse(main_file,
                 errno_error(error.value(), "cannot be found").with_hint("Give the whole path."));
    return files;
  }
  files.main_file_ = path;
  files.folder = path.parent_path();
  if (files.read_file(path) && !files.may_be_replaced(files.folder))
    files.read_folder(files.folder / "conf.d");
  return files;
}

void ConfigFiles::refuse(const std::filesystem::path& path, Error error) {
  const std::string cause = error.causes().empty() ? "" : ": " + error.causes().front();
  problems.push_back(
      {.file = path.string(), .message = error.message() + cause, .fix = error.hint()});
  if (!first_error) first_error = std::move(error).with_path(path.string());
}

bool ConfigFiles::read_file(const std::filesystem::path& path) {
  auto file = read_bounded_file(path, kMaxFileBytes);
  if (!file) {
    std::string hint = advice(file.error(), path, path == main_file_);
    refuse(path, std::move(file.error()).with_hint(std::move(hint)));
    return false;
  }
  if ((file->mode & S_IWOTH) != 0) {
    refuse(path,
           Error(ErrorKind::Permission, "everybody may write to it, and so say what the agent runs")
               .with_hint("chmod o-w " + path.string()));
    return false;
  }
  if ((file->mode & S_IWGRP) != 0)
    warnings.push_back({.file = path.string(),
                        .message = "its group may write to it, and so say what the agent runs",
                        .fix = "chmod g-w " + path.string() + " unless that is meant."});
  texts.push_back({.file = path.string(), .text = std::move(file->text)});
  return true;
}

// Where everybody may rename what others own; with the sticky bit nobody but the owners may.
bool ConfigFiles::may_be_replaced(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IWOTH) == 0 ||
      (status.st_mode & S_ISVTX) != 0)
    return false;
  refuse(path, Error(ErrorKind::Permission,
                     "everybody may put another file in the place of the configuration, and so say "
                     "what the agent runs")
                   .with_hint("chmod o-w " + path.string()));
  return true;
}

void ConfigFiles::read_folder(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR)
      refuse(path, errno_error(errno, "cannot be read").with_hint(std::string(kOtherUser) + "."));
    return;
  }
  if (!S_ISDIR(status.st_mode)) return;
  if ((status.st_mode & S_IWOTH) != 0) {
    refuse(path, Error(ErrorKind::Permission,
                       "everybody may put files there, and so say what the agent runs")
                     .with_hint("chmod o-w " + path.string()));
    return;
  }
  for (const std::filesystem::path& file : listed(path)) {
    if (texts.size() == kMaxFiles) {
      refuse(file,
             Error(ErrorKind::Usage, "more than 64 files").with_hint("Put some of them together."));
      return;
    }
    read_file(file);
  }
}

std::vector<std::filesystem::path> ConfigFiles::listed(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::filesystem::path& file = entry->path();
    if (file.extension() == ".toml" && !file.filename().native().starts_with('.'))
      files.push_back(file);
  }
  if (error)
    refuse(path,
           errno_error(error.value(), "cannot be read").with_hint(std::string(kOtherUser) + "."));
  std::ranges::sort(files);
  return files;
}

}  // namespace plasmite
