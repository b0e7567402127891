// The files of a configuration as they are read: the main one, then every *.toml of the folder
// conf.d beside it, in the order of their names. Not thread-safe.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "agent/config/config_loader.h"
#include "core/base/error.h"

namespace plasmite {

class ConfigFiles {
 public:
  // Stops at a main file that cannot be read.
  static ConfigFiles read(const std::filesystem::path& main_file);

  std::filesystem::path folder;  // of the main file
  std::vector<ConfigText> texts;
  std::vector<ConfigProblem> problems;
  std::vector<ConfigProblem> warnings;
  std::optional<Error> first_error;  // the first of `problems`, as an error with a hint

 private:
  bool read_file(const std::filesystem::path& path);
  void read_folder(const std::filesystem::path& path);
  // In the order of their names; hidden files are left out.
  std::vector<std::filesystem::path> listed(const std::filesystem::path& path);
  bool may_be_replaced(const std::filesystem::path& path);
  void refuse(const std::filesystem::path& path, Error error);

  std::filesystem::path main_file_;
};

}  // namespace plasmite
