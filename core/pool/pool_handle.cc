#include "core/pool/pool_handle.h"

#include <sys/stat.h>

#include <cerrno>
#include <ctime>

namespace plasmite {

Error PoolHandle::deleted_error() const {
  return Error(ErrorKind::NotFound, "pool was deleted or replaced while in use")
      .with_path(path.string())
      .with_hint("Open it again if it was repaired or created anew.");
}

Error PoolHandle::truncated_error() const {
  return Error(ErrorKind::Io, "pool file was truncated while in use")
      .with_path(path.string())
      .with_hint("Something shortened the file. Stop writers and run `plasmite doctor --repair`.");
}

bool PoolHandle::is_cut() const {
  struct stat status;
  return file.faulted() || (::fstat(fd.get(), &status) == 0 &&
                            static_cast<uint64_t>(status.st_size) < view.geometry.file_size);
}

Error PoolHandle::corrupt_error(std::string message) const {
  if (is_cut()) return truncated_error();
  return Error(ErrorKind::Corrupt, std::move(message))
      .with_path(path.string())
      .with_hint("Run `plasmite doctor` for details, `plasmite doctor --repair` to keep what is intact. "
                 "Recreate the pool if that fails.");
}

Result<void> PoolHandle::look_for_replacement() const {
  if (file.faulted() || wait_mapping.faulted()) return std::unexpected(truncated_error());
  const uint64_t deleted = load_acquire(view.live->deleted);
  if (deleted == 0 || (deleted == kMayBeReplaced && has_its_name())) return {};
  return std::unexpected(deleted_error());
}

bool PoolHandle::has_its_name() const {
  struct stat ours, named;
  return ::fstat(fd.get(), &ours) == 0 && ::stat(path.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

Result<void> PoolHandle::check_present_slowly() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return check_present_slowly(now.tv_sec);
}

Result<void> PoolHandle::ask_file_system(int64_t now_s) {
  struct stat status;
  if (::fstat(fd.get(), &status) != 0)
    return std::unexpected(errno_error(errno, "failed to stat pool file", path.string()));
  if (status.st_nlink == 0) return std::unexpected(deleted_error());
  if (static_cast<uint64_t>(status.st_size) < view.geometry.file_size)
    return std::unexpected(truncated_error());
  // Only now: while something is wrong, everybody asks and is told.
  last_seen_s.store(now_s, std::memory_order_relaxed);
  return {};
}

}  // namespace plasmite
