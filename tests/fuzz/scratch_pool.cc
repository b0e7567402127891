#include "tests/fuzz/scratch_pool.h"

#include <stdlib.h>

#include <string>

#include "core/base/check.h"

namespace plasmite {

ScratchDir::ScratchDir() {
  for (const char* parent : {"/dev/shm", "/tmp"}) {
    std::string name = std::string(parent) + "/plasmite-fuzz.XXXXXX";
    if (::mkdtemp(name.data())) {
      path_ = name;
      return;
    }
  }
  const bool made_a_folder = false;
  PLASMITE_CHECK(made_a_folder);
}

ScratchDir::~ScratchDir() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

Pool create_scratch_pool(const ScratchDir& dir, uint64_t size_bytes) {
  auto pool = Pool::create(dir.path() / "pool.plasmite", {.size_bytes = size_bytes});
  PLASMITE_CHECK(pool.has_value());
  return std::move(*pool);
}

}  // namespace plasmite
