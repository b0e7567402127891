#include "agent/config/config_loader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/config/bounded_file.h"
#include "agent/config/config_surroundings.h"

namespace plasmite {
namespace {

constexpr size_t kMaxFileBytes = 1u << 20;
constexpr size_t kMaxFiles = 64;

ConfigProblem of_file(const std::filesystem::path& file, std::string message, std::string fix) {
  return {.file = file.string(), .message = std::move(message), .fix = std::move(fix)};
}

std::string advice(const Error& error, const std::filesystem::path& file) {
  switch (error.kind()) {
    case ErrorKind::NotFound:
      return "`plasmite agent init --config " + file.string() +
             "` writes one; --config says where another is.";
    case ErrorKind::Permission:
      return "Run this as a user who may read it, or change its mode or group.";
    case ErrorKind::Usage:
      return "A configuration is a file of at most 1 MiB.";
    default:
      return "Check the path and the file system.";
  }
}

class ConfigFiles {
 public:
  bool read(const std::filesystem::path& path) {
    auto file = read_bounded_file(path, kMaxFileBytes);
    if (!file) {
      const Error& error = file.error();
      const std::string cause = error.causes().empty() ? "" : ": " + error.causes().front();
      problems.push_back(of_file(path, error.message() + cause, advice(error, path)));
      return false;
    }
    if ((file->mode & S_IWOTH) != 0) {
      problems.push_back(of_file(path, "everybody may write to it, and so say what the agent runs",
                                 "chmod o-w " + path.string()));
      return false;
    }
    if ((file->mode & S_IWGRP) != 0)
      warnings.push_back(of_file(path, "its group may write to it, and so say what the agent runs",
                                 "chmod g-w " + path.string() + " unless that is meant."));
    texts.push_back({.file = path.string(), .text = std::move(file->text)});
    return true;
  }

  void read_folder(const std::filesystem::path& folder) {
    struct stat status{};
    if (::stat(folder.c_str(), &status) != 0) {
      if (errno != ENOENT && errno != ENOTDIR)
        problems.push_back(of_file(folder, std::string("cannot be read: ") + std::strerror(errno),
                                   "Run this as a user who may read it."));
      return;
    }
    if (!S_ISDIR(status.st_mode)) return;
    if ((status.st_mode & S_IWOTH) != 0) {
      problems.push_back(of_file(folder,
                                 "everybody may put files there, and so say what the agent runs",
                                 "chmod o-w " + folder.string()));
      return;
    }
    for (const std::filesystem::path& file : listed(folder)) {
      if (texts.size() == kMaxFiles) {
        problems.push_back(of_file(file, "more than 64 files", "Put some of them together."));
        return;
      }
      read(file);
    }
  }

  std::vector<ConfigText> texts;
  std::vector<ConfigProblem> problems;
  std::vector<ConfigProblem> warnings;

 private:
  // In the order of their names; hidden files are left out.
  std::vector<std::filesystem::path> listed(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::filesystem::path& path = entry->path();
      if (path.extension() == ".toml" && !path.filename().native().starts_with('.'))
        files.push_back(path);
    }
    if (error)
      problems.push_back(of_file(folder, "cannot be read: " + error.message(),
                                 "Run this as a user who may read it."));
    std::ranges::sort(files);
    return files;
  }
};

}  // namespace

std::expected<AgentConfig, std::vector<ConfigProblem>> load_config(
    const std::filesystem::path& main_file, std::vector<ConfigProblem>* warnings) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(main_file, error).lexically_normal();
  const std::filesystem::path folder = path.parent_path();
  ConfigFiles files;
  if (error || !files.read(path)) {
    if (error)
      files.problems.push_back(
          of_file(main_file, "cannot be found: " + error.message(), "Give the whole path."));
    return std::unexpected(std::move(files.problems));
  }
  files.read_folder(folder / "conf.d");
  std::vector<ConfigProblem> found;
  auto config = parse_config(files.texts, folder, ConfigSurroundings::of_this_process(), &found);
  if (warnings != nullptr) {
    *warnings = std::move(files.warnings);
    std::ranges::move(found, std::back_inserter(*warnings));
  }
  if (files.problems.empty()) return config;
  // A file that could not be read may hold what the others refer to: only it is reported.
  return std::unexpected(std::move(files.problems));
}

}  // namespace plasmite
