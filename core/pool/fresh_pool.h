// A pool file in the making: its space is allocated and it is mapped, but it has a temporary name
// and nobody opens it. What becomes of it is decided last: link() gives it a name of its own,
// replace() the name of another. Otherwise nothing is left behind; a process that is killed leaves
// the temporary file, which remove_abandoned() finds.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <memory>

#include "core/base/error.h"
#include "core/pool/pool_handle.h"
#include "core/pool/pool_recovery.h"

namespace plasmite {

// Not thread-safe.
class FreshPool {
 public:
  // Allocates everything and writes the superblocks. `pool_id` null: a random one.
  static Result<FreshPool> create(const std::filesystem::path& path, const CreateOptions& options,
                                  const uint8_t (*pool_id)[16] = nullptr);

  FreshPool(FreshPool&&) noexcept = default;
  FreshPool(const FreshPool&) = delete;
  FreshPool& operator=(const FreshPool&) = delete;
  FreshPool& operator=(FreshPool&&) = delete;
  ~FreshPool();

  PoolHandle& handle() { return *handle_; }
  const PoolView& view() const { return handle_->view; }

  // Writes live page and anchor, both durable; what the ring and the index must hold is there
  // already (but see RecoveredPool::index_from).
  Result<void> initialize(const RecoveredPool& state);

  // The name it was made for, durably. AlreadyExists: somebody else has it meanwhile.
  Result<std::shared_ptr<PoolHandle>> link();

  // For one that replaces another, whose status this is: its owner and group. Permission: only root
  // may give files away.
  Result<void> take_owner(const struct stat& other);

  // The same name, in place of `old`, the file that has it now, whose writer lock the caller holds.
  // Users of `old` open the path again; the new file stays locked until its name is durable.
  Result<void> replace(PoolHandle& old);

 private:
  FreshPool(std::filesystem::path temporary, std::shared_ptr<PoolHandle> handle, uint32_t mode)
      : temporary_(std::move(temporary)), handle_(std::move(handle)), mode_(mode) {}

  Result<void> set_mode();
  Result<void> take_name();

  std::filesystem::path temporary_;  // empty: it has a name
  std::shared_ptr<PoolHandle> handle_;
  uint32_t mode_;
};

// AlreadyExists: there is something of this name.
Error name_taken_error(const std::filesystem::path& path);

// Removes what processes that were killed left beside `path`. Files that somebody works on are
// locked and stay.
void remove_abandoned(const std::filesystem::path& path);

}  // namespace plasmite
