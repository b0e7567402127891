// What a configuration refers to outside its files. Tests and fuzzers put their own in its place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "agent/config/interpolation.h"
#include "core/base/error.h"

namespace plasmite {

inline constexpr size_t kMaxSecretBytes = 64u << 10;

struct SecretFile {
  std::string value;             // without the line end at its end
  bool readable_by_all = false;  // worth a warning
};

struct ConfigSurroundings {
  VariableLookup variable;
  std::function<bool(const std::string& name)> group_exists;
  std::function<Result<SecretFile>(const std::filesystem::path& path)> secret;
  std::function<bool(const std::filesystem::path& path)> is_directory;
  std::function<bool(const std::filesystem::path& path)> is_executable;
  int64_t now_ns = 0;  // the wall clock

  static ConfigSurroundings of_this_process();
};

}  // namespace plasmite
