// A folder of its own for one test, removed afterwards.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/check.h"

namespace plasmite {

class ScratchDir {
 public:
  ScratchDir() : ScratchDir(std::filesystem::temp_directory_path()) {}
  // Where syncing costs nothing: tests that create thousands of pools. Elsewhere if there is no
  // such place.
  static ScratchDir in_memory() {
    const char* shm = "/dev/shm";
    return ScratchDir(::access(shm, W_OK | X_OK) == 0 ? std::filesystem::path(shm)
                                                      : std::filesystem::temp_directory_path());
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  explicit ScratchDir(const std::filesystem::path& parent) {
    std::string name = (parent / "plasmite-test-XXXXXX").string();
    PLASMITE_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }

  std::filesystem::path path_;
};

}  // namespace plasmite
