#include "agent/intake/checkpoint_lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "core/base/crc32c.h"

namespace plasmite {
namespace {

// Behind the bytes of tap's slots (spec/tap.md), one byte for each checksum of a name.
constexpr uint64_t kFirstByte = kUserLocksOffset + (1ull << 32);

struct flock range_for(std::string_view name) {
  struct flock range{};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(kFirstByte + crc32c(name));
  range.l_len = 1;
  return range;
}

Error taken_error(const Pool& pool, std::string_view name) {
  return Error(ErrorKind::Busy,
               "another process takes in '" + std::string(name) + "' into this pool")
      .with_path(pool.path().string())
      .with_hint(
          "Stop it first (an agent, or another `plasmite intake`), or use another name for this "
          "one: "
          "--name.");
}

}  // namespace

Result<CheckpointLock> CheckpointLock::take(const Pool& pool, std::string_view name) {
  for (;;) {
    CheckpointLock lock(UniqueFd(::open(pool.path().c_str(), O_RDWR | O_CLOEXEC)));
    if (!lock.file_)
      return std::unexpected(errno_error(errno, "cannot lock the pool", pool.path().string()));
    struct flock range = range_for(name);
    if (::fcntl(lock.file_.get(), F_OFD_SETLK, &range) != 0 && (errno == EAGAIN || errno == EACCES))
      return std::unexpected(taken_error(pool, name));
    // A lock got while the pool was resized may be one on a file that nobody looks at any more.
    if (lock.is_on(pool)) return lock;
  }
}

bool CheckpointLock::is_on(const Pool& pool) const {
  struct stat locked, named;
  return ::fstat(file_.get(), &locked) != 0 || ::stat(pool.path().c_str(), &named) != 0 ||
         (locked.st_dev == named.st_dev && locked.st_ino == named.st_ino);
}

}  // namespace plasmite
