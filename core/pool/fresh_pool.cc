#include "core/pool/fresh_pool.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/probe.h"
#include "core/base/random.h"
#include "core/pool/event.h"
#include "core/pool/pool_locks.h"
#include "core/pool/pool_open.h"

namespace plasmite {
namespace {

std::string temporary_prefix(const std::filesystem::path& path) {
  return "." + path.filename().string() + ".new-";
}

std::filesystem::path temporary_path(const std::filesystem::path& path) {
  std::array<uint8_t, 8> random;
  fill_random(random);
  std::string suffix;
  for (uint8_t byte : random) {
    suffix += "0123456789abcdef"[byte >> 4];
    suffix += "0123456789abcdef"[byte & 15];
  }
  return path.parent_path() / (temporary_prefix(path) + suffix);
}

// All the space now, so that a full disk fails here and never inside an append. False: the
// filesystem cannot promise space.
Result<bool> allocate(int fd, uint64_t bytes, const std::string& path) {
  int error = EINTR;  // by a signal: it takes long enough for one to come
  while (error == EINTR) {
    error = injected_failure(Call::fallocate);
    if (error == 0 && ::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) != 0) error = errno;
  }
  if (error == 0) return true;
  if (error != EOPNOTSUPP && error != ENOSYS)
    return std::unexpected(errno_error(error, "failed to allocate space for the pool", path));
  error = injected_failure(Call::ftruncate);
  if (error == 0 && ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) error = errno;
  if (error != 0) return std::unexpected(errno_error(error, "failed to size the pool file", path));
  return false;
}

Result<void> check_windows(const CreateOptions& options, const Geometry& geometry) {
  const uint64_t batch = geometry.max_batch_bytes();
  if ((options.sync_window_bytes != 0 && options.sync_window_bytes < 2 * batch) ||
      (options.seq_window != 0 && options.seq_window < 2 * batch / kMinFrameBytes))
    return std::unexpected(Error(ErrorKind::Usage, "window is smaller than two batches"));
  if (options.sync_window_bytes > kMaxCount / 2 || options.seq_window > kMaxCount / 2)
    return std::unexpected(Error(ErrorKind::Usage, "window is too large"));
  return {};
}

// The file under its temporary name, locked: so remove_abandoned() tells it from one whose maker
// died.
Result<UniqueFd> create_file(const std::filesystem::path& temporary,
                             const std::filesystem::path& path) {
  int error = injected_failure(Call::open);
  UniqueFd fd;
  if (error == 0) {
    fd = UniqueFd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    error = errno;
  }
  if (fd) {
    ::flock(fd.get(), LOCK_EX | LOCK_NB);
    return fd;
  }
  return std::unexpected(
      errno_error(error, "failed to create pool", path.string())
          .with_hint("Check the directory's permissions, or choose another with --dir."));
}

Result<void> map_file(PoolHandle& handle, const Geometry& geometry) {
  auto mapped =
      MappedFile::map(handle.fd.get(), 0, geometry.file_size, MappedFile::Mode::read_write);
  if (!mapped) return std::unexpected(std::move(mapped.error()).with_path(handle.path.string()));
  handle.file = std::move(*mapped);
  handle.view = PoolView::of(handle.file.data(), geometry, handle.superblock);
  handle.wait_page = reinterpret_cast<WaitPage*>(handle.file.data() + kWaitPageOffset);
  std::memcpy(handle.file.data(), &handle.superblock, sizeof(Superblock));
  std::memcpy(handle.file.data() + geometry.superblock_copy_offset(), &handle.superblock,
              sizeof(Superblock));
  return {};
}

}  // namespace

Error name_taken_error(const std::filesystem::path& path) {
  return Error(ErrorKind::AlreadyExists, "pool already exists")
      .with_path(path.string())
      .with_hint("Choose a different name, or remove it first with `plasmite pool delete`.");
}

Result<FreshPool> FreshPool::create(const std::filesystem::path& path, const CreateOptions& options,
                                    const uint8_t (*pool_id)[16]) {
  auto geometry = plan_geometry(options.size_bytes);
  if (!geometry) return std::unexpected(std::move(geometry.error()).with_path(path.string()));
  if (auto valid = check_windows(options, *geometry); !valid)
    return std::unexpected(std::move(valid.error()));
  std::filesystem::path temporary = temporary_path(path);
  auto fd = create_file(temporary, path);
  if (!fd) return std::unexpected(std::move(fd.error()));
  auto handle = std::make_shared<PoolHandle>();
  handle->path = path;
  handle->pid = static_cast<uint64_t>(::getpid());
  handle->fd = std::move(*fd);
  handle->superblock = make_superblock(*geometry, options, pool_id);
  FreshPool fresh(std::move(temporary), handle, options.mode);
  auto allocated = allocate(handle->fd.get(), geometry->file_size, path.string());
  if (!allocated) return std::unexpected(std::move(allocated.error()));
  handle->space_allocated = *allocated;
  if (auto mapped = map_file(*handle, *geometry); !mapped)
    return std::unexpected(std::move(mapped.error()));
  return fresh;
}

FreshPool::~FreshPool() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> FreshPool::initialize(const RecoveredPool& state) {
  if (auto initialized = initialize_live(*handle_, state, /*durable=*/true); !initialized)
    return initialized;
  const auto tag = live_tag(handle_->fd.get(), handle_->path.string());
  if (!tag) return std::unexpected(tag.error());
  store_release(handle_->view.live->tag, *tag);
  if (handle_->file.faulted()) return std::unexpected(handle_->truncated_error());
  return {};
}

// Exactly the mode asked for, whatever the umask; only now may others open it.
Result<void> FreshPool::set_mode() {
  if (::fchmod(handle_->fd.get(), mode_) == 0) return {};
  return std::unexpected(
      errno_error(errno, "failed to set pool permissions", handle_->path.string()));
}

Result<std::shared_ptr<PoolHandle>> FreshPool::link() {
  if (auto set = set_mode(); !set) return std::unexpected(std::move(set.error()));
  const std::filesystem::path& path = handle_->path;
  // link, not rename: it does not replace a pool that somebody else created meanwhile.
  int error = injected_failure(Call::rename);
  if (error == 0 && ::link(temporary_.c_str(), path.c_str()) != 0) error = errno;
  if (error == EEXIST) return std::unexpected(name_taken_error(path));
  if (error != 0)
    return std::unexpected(errno_error(error, "failed to create pool", path.string()));
  if (auto synced = sync_directory(path); !synced) {
    ::unlink(path.c_str());
    return std::unexpected(std::move(synced.error()));
  }
  ::flock(handle_->fd.get(), LOCK_UN);
  return handle_;
}

Result<void> FreshPool::take_owner(const struct stat& other) {
  const bool mine = other.st_uid == ::geteuid() && other.st_gid == ::getegid();
  if (mine || ::fchown(handle_->fd.get(), other.st_uid, other.st_gid) == 0) return {};
  return std::unexpected(
      errno_error(errno, "failed to give the new file its owner", handle_->path.string())
          .with_hint("Do it as the pool's owner, or as root."));
}

Result<void> FreshPool::take_name() {
  if (auto set = set_mode(); !set) return set;
  int error = injected_failure(Call::rename);
  if (error == 0 && ::rename(temporary_.c_str(), handle_->path.c_str()) != 0) error = errno;
  if (error != 0)
    return std::unexpected(
        errno_error(error, "failed to replace the pool file", handle_->path.string()));
  temporary_.clear();
  return {};
}

// The old file's mark comes first: a writer that gets its lock after our death must not append to
// a file that has lost its name, whether or not we could tell it. The new file stays locked until
// its name is durable, so nothing is acknowledged in it that a power loss could take.
Result<void> FreshPool::replace(PoolHandle& old) {
  uint64_t& deleted = old.view.live->deleted;
  const uint64_t before = load_acquire(deleted);
  store_release(deleted, kMayBeReplaced);  // pairs with PoolHandle::check_present
  probe(Step::replace_marked, old.view.base);
  if (auto renamed = take_name(); !renamed) {
    store_release(deleted, before);
    return renamed;
  }
  probe(Step::replace_renamed, old.view.base);
  auto synced = sync_directory(handle_->path);
  unlock_file(handle_->fd.get());
  // Whoever has the old file open must learn of it: another name may have kept its link count.
  store_release(deleted, uint64_t{1});  // pairs with PoolHandle::check_present
  Event event(old.wait_page->event);
  event.signal();
  event.wake_all();
  probe(Step::replace_done, old.view.base);
  return synced;
}

void remove_abandoned(const std::filesystem::path& path) {
  const std::filesystem::path directory = path.parent_path().empty() ? "." : path.parent_path();
  const std::string prefix = temporary_prefix(path);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    const UniqueFd fd(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
  }
}

}  // namespace plasmite
