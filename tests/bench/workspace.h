// The folder the benchmark keeps its pools in, removed with everything in it at the end; what a
// killed run left behind is removed by the next one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/unique_fd.h"
#include "core/pool/pool.h"
#include "tests/bench/process.h"
#include "tests/bench/workload.h"

namespace plasmite::bench {

// Where pools go unless --dir says otherwise: /dev/shm when it has room for all of them, so that no
// disk is measured, else $TMPDIR, else /tmp.
std::filesystem::path default_parent();

class Workspace {
 public:
  static Result<Workspace> create(const std::filesystem::path& parent);
  Workspace(Workspace&& other) noexcept = default;
  Workspace& operator=(Workspace&&) = delete;
  ~Workspace();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(std::string_view name) const { return path_ / name; }
  CpuPair cpus() const { return cpus_; }
  // The program under test, next to this one.
  const std::string& plasmite() const { return plasmite_; }

 private:
  Workspace(std::filesystem::path path, UniqueFd lock);

  std::filesystem::path path_;
  UniqueFd lock_;  // flock on the folder: somebody still uses it
  CpuPair cpus_ = pick_cpus();
  std::string plasmite_ = sibling_path("plasmite");
};

// A file that is removed with its owner.
class ScopedFile {
 public:
  explicit ScopedFile(std::filesystem::path path) : path_(std::move(path)) {}
  ScopedFile(const ScopedFile&) = delete;
  ScopedFile& operator=(const ScopedFile&) = delete;
  ~ScopedFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Creates a pool and fills it until its first records have been retired.
Result<Pool> create_filled_pool(const std::filesystem::path& path, uint64_t size_bytes,
                                const Workload& workload);

// The number the next record of this pool gets.
Result<uint64_t> next_seq(const std::filesystem::path& pool);

}  // namespace plasmite::bench
