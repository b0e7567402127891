// Creating a pool file: complete and synced under a temporary name, then linked to its own. So nobody
// ever opens half a pool, and a failure leaves nothing behind.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/probe.h"
#include "core/pool/fresh_pool.h"
#include "core/pool/pool_open.h"

namespace plasmite {

Result<void> sync_directory(const std::filesystem::path& file) {
  const std::filesystem::path directory =
      file.parent_path().empty() ? std::filesystem::path(".") : file.parent_path();
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int error = injected_failure(Call::fsync_dir);
  if (error == 0 && (!fd || ::fsync(fd.get()) != 0)) error = errno;
  // Some filesystems cannot sync directories; the pool itself is there.
  if (error == 0 || error == EINVAL || error == EACCES) return {};
  return std::unexpected(errno_error(error, "failed to sync directory", directory.string()));
}

Result<void> check_name_is_free(const std::filesystem::path& path) {
  struct stat existing;
  if (::lstat(path.c_str(), &existing) != 0) return {};
  return std::unexpected(name_taken_error(path));
}

Result<std::shared_ptr<PoolHandle>> create_pool(const std::filesystem::path& path,
                                                const CreateOptions& options,
                                                const uint8_t (*pool_id)[16]) {
  // Before the name: a wrong size is wrong whatever is there.
  if (auto planned = plan_geometry(options.size_bytes); !planned)
    return std::unexpected(std::move(planned.error()).with_path(path.string()));
  if (auto is_free = check_name_is_free(path); !is_free)
    return std::unexpected(std::move(is_free.error()));
  auto fresh = FreshPool::create(path, options, pool_id);
  if (!fresh) return std::unexpected(std::move(fresh.error()));
  RecoveredPool empty;
  empty.checkpoints.resize(fresh->view().geometry.checkpoint_slots);
  if (auto initialized = fresh->initialize(empty); !initialized)
    return std::unexpected(std::move(initialized.error()));
  return fresh->link();
}

}  // namespace plasmite
