// A pool file of a fuzz target's own, in memory where the machine allows it; gone when the program
// ends.
#pragma once

#include <filesystem>

#include "core/pool/pool.h"

namespace plasmite {

class ScratchDir {
 public:
  ScratchDir();
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Aborts when the machine does not let it.
Pool create_scratch_pool(const ScratchDir& dir, uint64_t size_bytes);

}  // namespace plasmite
