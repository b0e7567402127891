#include "core/pool/pool_open.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/probe.h"
#include "core/pool/event.h"
#include "core/pool/pool_locks.h"
#include "core/pool/pool_recovery.h"

namespace plasmite {
namespace {

using Mode = PoolHandle::Mode;

struct OpenedFile {
  UniqueFd fd;
  bool writable = true;
};

Result<OpenedFile> open_file(const std::filesystem::path& path, Access access) {
  // O_NONBLOCK: a FIFO must not hang us before we see that it is none of ours.
  constexpr int kFlags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  int error = injected_failure(Call::open);
  OpenedFile file;
  if (error == 0) {
    file.fd = UniqueFd(::open(path.c_str(), O_RDWR | kFlags));
    error = errno;
  }
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  if (!file.fd && denied && access == Access::read) {
    file.writable = false;
    file.fd = UniqueFd(::open(path.c_str(), O_RDONLY | kFlags));
    error = errno;
  }
  if (file.fd) return file;
  if (error == EISDIR)
    return std::unexpected(Error(ErrorKind::Usage, "pool path is a directory")
                               .with_path(path.string())
                               .with_hint("Name a pool file, or a pool by its name alone."));
  Error failed = errno_error(error, error == ENOENT ? "not found" : "failed to open pool",
                             path.string());
  if (denied)
    failed = std::move(failed).with_hint(
        "Check the permissions of the file and its directory, or choose another with --dir.");
  return std::unexpected(std::move(failed));
}

Result<uint64_t> size_of_regular_file(int fd, const std::string& path) {
  struct stat status;
  int error = injected_failure(Call::fstat);
  if (error == 0 && ::fstat(fd, &status) != 0) error = errno;
  if (error != 0) return std::unexpected(errno_error(error, "failed to stat pool file", path));
  if (!S_ISREG(status.st_mode))
    return std::unexpected(Error(ErrorKind::Usage, "pool path is not a regular file")
                               .with_path(path)
                               .with_hint("Name a pool file, or a pool by its name alone."));
  return static_cast<uint64_t>(status.st_size);
}

Result<void> map_file(PoolHandle& handle, const Geometry& geometry) {
  const auto map_mode = handle.mode == Mode::append     ? MappedFile::Mode::read_write
                        : handle.mode == Mode::snapshot ? MappedFile::Mode::private_copy
                                                        : MappedFile::Mode::read_only;
  auto mapped = MappedFile::map(handle.fd.get(), 0, geometry.file_size, map_mode);
  if (!mapped) return std::unexpected(std::move(mapped.error()).with_path(handle.path.string()));
  handle.file = std::move(*mapped);
  handle.view = PoolView::of(handle.file.data(), geometry, handle.superblock);
  if (handle.mode == Mode::append) {
    handle.wait_page = reinterpret_cast<WaitPage*>(handle.file.data() + kWaitPageOffset);
  } else if (handle.mode == Mode::read) {
    auto page = MappedFile::map(handle.fd.get(), kWaitPageOffset, kPageBytes,
                                MappedFile::Mode::read_write);
    if (!page) return std::unexpected(std::move(page.error()).with_path(handle.path.string()));
    handle.wait_mapping = std::move(*page);
    handle.wait_page = reinterpret_cast<WaitPage*>(handle.wait_mapping.data());
  }
  return {};
}

// Recovers under the file lock, unless somebody else did while we waited for it. The tag is stored
// last: a death before it only means that the next opener starts over.
Result<void> recover_live(PoolHandle& handle, uint64_t tag) {
  Deadline deadline(handle.lock_timeout);
  const bool shared = handle.mode != Mode::snapshot;
  if (shared) {
    if (auto locked = lock_file(handle.fd.get(), handle.path.string(), deadline); !locked)
      return locked;
    if (load_acquire(handle.view.live->tag) == tag) {
      unlock_file(handle.fd.get());
      return {};
    }
  }
  Result<void> result;
  if (const auto recovered = recover(handle.view); !recovered) {
    result = std::unexpected(handle.corrupt_error("both recovery anchors are damaged"));
  } else {
    result = initialize_live(handle, *recovered, shared);
  }
  if (result && handle.file.faulted()) result = std::unexpected(handle.truncated_error());
  if (result) store_release(handle.view.live->tag, tag);  // pairs with open_pool
  if (shared) unlock_file(handle.fd.get());
  return result;
}

// The file that has this name now, whether or not it is the pool's any more.
Result<std::shared_ptr<PoolHandle>> open_named(const std::filesystem::path& path,
                                               const OpenOptions& options) {
  auto opened = open_file(path, options.access);
  if (!opened) return std::unexpected(std::move(opened.error()));
  auto handle = std::make_shared<PoolHandle>();
  handle->path = path;
  handle->fd = std::move(opened->fd);
  handle->lock_timeout = options.lock_timeout;
  handle->pid = static_cast<uint64_t>(::getpid());

  const auto size = size_of_regular_file(handle->fd.get(), path.string());
  if (!size) return std::unexpected(size.error());
  auto superblock = read_superblock(handle->fd.get(), *size, path.string());
  if (!superblock) return std::unexpected(std::move(superblock.error()));
  handle->superblock = *superblock;
  auto geometry = geometry_of(*superblock, *size);
  if (!geometry)
    return std::unexpected(handle->corrupt_error(geometry.error().message()));

  const auto tag = live_tag(handle->fd.get(), path.string());
  if (!tag) return std::unexpected(tag.error());
  // Recovery writes, so whoever may write maps everything at first, also for reading.
  handle->mode = opened->writable ? Mode::append : Mode::observe;
  if (auto mapped = map_file(*handle, *geometry); !mapped)
    return std::unexpected(std::move(mapped.error()));
  // pairs with recover_live: everything the tag vouches for was stored before it.
  if (load_acquire(handle->view.live->tag) != *tag) {
    if (!opened->writable) {
      handle->mode = Mode::snapshot;
      if (auto mapped = map_file(*handle, *geometry); !mapped)
        return std::unexpected(std::move(mapped.error()));
    }
    if (auto recovered = recover_live(*handle, *tag); !recovered)
      return std::unexpected(std::move(recovered.error()));
  }
  if (handle->mode == Mode::append && options.access == Access::read) {
    handle->mode = Mode::read;
    if (auto mapped = map_file(*handle, *geometry); !mapped)
      return std::unexpected(std::move(mapped.error()));
  }
  if (handle->file.faulted()) return std::unexpected(handle->truncated_error());
  return handle;
}

}  // namespace

Result<std::shared_ptr<PoolHandle>> open_pool(const std::filesystem::path& path,
                                              const OpenOptions& options) {
  for (;;) {
    auto handle = open_named(path, options);
    if (!handle) return handle;
    auto present = (*handle)->check_present();
    if (present) return handle;
    // Replaced while we opened it: its name leads to another file, or to none, which the next round
    // says. Each round takes somebody else another replacement.
    const bool gone = present.error().kind() == ErrorKind::NotFound;
    if (!gone || (*handle)->has_its_name()) return std::unexpected(std::move(present.error()));
  }
}

std::shared_ptr<PoolHandle> open_successor(const PoolHandle& handle) {
  const Access access = handle.can_append() ? Access::append : Access::read;
  auto opened = open_pool(handle.path, {.access = access, .lock_timeout = handle.lock_timeout});
  if (!opened || handle.has_its_name()) return nullptr;
  const bool same_pool = std::memcmp((*opened)->superblock.pool_id, handle.superblock.pool_id,
                                     sizeof(Superblock::pool_id)) == 0;
  return same_pool ? *opened : nullptr;
}

Result<void> follow_live_if_opened(PoolHandle& handle) {
  if (handle.mode != Mode::snapshot || handle.follows_live.load(std::memory_order_acquire)) return {};
  const auto tag = live_tag(handle.fd.get(), handle.path.string());
  if (!tag) return std::unexpected(tag.error());
  uint64_t stored = 0;
  const auto got = ::pread(handle.fd.get(), &stored, sizeof(stored), kLivePageOffset);
  if (got != sizeof(stored) || stored != *tag) return {};
  // Recovery is a function of the file's bytes: the positions readers hold stay right.
  if (auto shared = handle.file.become_shared(handle.fd.get()); !shared) return shared;
  handle.follows_live.store(true, std::memory_order_release);
  return {};
}

Result<void> remove_pool(const std::filesystem::path& path,
                         std::chrono::milliseconds lock_timeout) {
  auto handle = open_pool(path, {.access = Access::append, .lock_timeout = lock_timeout});
  std::optional<WriterLock> lock;
  if (handle) {
    Deadline deadline(lock_timeout);
    auto locked = WriterLock::acquire(**handle, deadline);
    if (!locked) return std::unexpected(std::move(locked.error()));
    // Its name may lead to another pool by now, which nobody wants removed.
    if (auto present = (*handle)->check_present(); !present) return present;
    if (!(*handle)->has_its_name()) return std::unexpected((*handle)->deleted_error());
    lock.emplace(std::move(*locked));
  } else {
    // A damaged or foreign regular file can still be removed; what is missing, busy or none cannot.
    const ErrorKind kind = handle.error().kind();
    const bool removable = kind == ErrorKind::Corrupt || kind == ErrorKind::Usage ||
                           kind == ErrorKind::Permission;
    if (!removable || !std::filesystem::is_regular_file(path))
      return std::unexpected(std::move(handle.error()));
  }
  int error = injected_failure(Call::unlink);
  if (error == 0 && ::unlink(path.c_str()) != 0) error = errno;
  if (error != 0)
    return std::unexpected(errno_error(error, "failed to delete pool", path.string()));
  if (handle) {
    // After the name is gone: whoever is told can create it anew at once. A death in between is noticed
    // by the link count.
    store_release((*handle)->view.live->deleted, uint64_t{1});  // pairs with check_present
    Event event((*handle)->wait_page->event);
    event.signal();
    event.wake_all();
  }
  return {};
}

}  // namespace plasmite
