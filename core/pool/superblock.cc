#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

#include "core/base/crc32c.h"
#include "core/base/probe.h"
#include "core/base/random.h"
#include "core/pool/pool_open.h"

namespace plasmite {
namespace {

Result<void> read_page(int fd, uint64_t offset, void* page, const std::string& path) {
  size_t filled = 0;
  while (filled < kPageBytes) {
    int error = injected_failure(Call::pread);
    ssize_t got = -1;
    if (error == 0) {
      got = ::pread(fd, static_cast<char*>(page) + filled, kPageBytes - filled,
                    static_cast<off_t>(offset + filled));
      error = errno;
    }
    if (got < 0 && error == EINTR) continue;
    if (got < 0) return std::unexpected(errno_error(error, "failed to read pool file", path));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  std::memset(static_cast<char*>(page) + filled, 0, kPageBytes - filled);
  return {};
}

Error foreign_error(const std::string& path, const char* what) {
  return Error(ErrorKind::Corrupt, what)
      .with_path(path)
      .with_hint("This is not a pool, or its first and last pages are damaged. Run `plasmite doctor "
                 "--repair` if it was a pool, otherwise choose another name. Recreate the pool if "
                 "that fails.");
}

Error version_error(const std::string& path, uint32_t version) {
  if (version == kFormat3) {
    return Error(ErrorKind::Usage, "unsupported pool format version 3 (supported: 4)")
        .with_path(path)
        .with_hint("Pools of format 3 cannot be opened by this version yet. Create a new pool and feed "
                   "it the output of `follow --jsonl --data-only` of the program that wrote this one.");
  }
  return Error(ErrorKind::Usage, "unsupported pool format version " + std::to_string(version) +
                                     " (supported: 4)")
      .with_path(path)
      .with_hint("A newer plasmite wrote this pool: upgrade this one.");
}

bool has_magic(const Superblock& block) {
  return std::memcmp(block.magic, kPoolMagic, sizeof(kPoolMagic)) == 0;
}

}  // namespace

uint32_t superblock_crc(const Superblock& superblock) {
  return crc32c(std::string_view(reinterpret_cast<const char*>(&superblock),
                                 offsetof(Superblock, crc)));
}

Superblock make_superblock(const Geometry& geometry, const CreateOptions& options,
                           const uint8_t (*pool_id)[16]) {
  Superblock block{};
  std::memcpy(block.magic, kPoolMagic, sizeof(kPoolMagic));
  block.version = kFormat4;
  block.header_bytes = sizeof(Superblock);
  if (pool_id)
    std::memcpy(block.pool_id, pool_id, sizeof(block.pool_id));
  else
    fill_random(block.pool_id);
  block.file_size = geometry.file_size;
  block.anchor_bytes = geometry.anchor_bytes;
  block.checkpoint_offset = geometry.checkpoint_offset;
  block.checkpoint_slots = geometry.checkpoint_slots;
  block.index_stride = kIndexStride;
  block.index_offset = geometry.index_offset;
  block.index_slots = geometry.index_slots;
  block.ring_offset = geometry.ring_offset;
  block.ring_size = geometry.ring_size;
  block.sync_window = options.sync_window_bytes ? options.sync_window_bytes : kDefaultSyncWindow;
  block.seq_window = options.seq_window ? options.seq_window : kDefaultSeqWindow;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  block.created_ns =
      static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  block.crc = superblock_crc(block);
  return block;
}

Result<Superblock> read_superblock(int fd, uint64_t file_size, const std::string& path) {
  Superblock first;
  if (auto read = read_page(fd, 0, &first, path); !read)
    return std::unexpected(std::move(read.error()));
  if (file_size == 0) return std::unexpected(foreign_error(path, "pool file is empty"));
  const bool first_magic = has_magic(first);
  if (first_magic && first.version == kFormat4 && first.crc == superblock_crc(first) &&
      first.incompatible_flags == 0)
    return first;
  // Damaged or foreign? The copy in the last page tells.
  Superblock last{};
  if (file_size >= kMinPoolBytes && file_size % kPageBytes == 0) {
    if (auto read = read_page(fd, file_size - kPageBytes, &last, path); !read)
      return std::unexpected(std::move(read.error()));
    if (has_magic(last) && last.version == kFormat4 && last.crc == superblock_crc(last) &&
        last.incompatible_flags == 0)
      return last;
  }
  if (!first_magic || first.version == 0) return std::unexpected(foreign_error(path, "bad magic"));
  if (first.version != kFormat4) return std::unexpected(version_error(path, first.version));
  if (first.crc == superblock_crc(first))
    return std::unexpected(Error(ErrorKind::Usage, "pool uses features this version does not know")
                               .with_path(path)
                               .with_hint("A newer plasmite wrote this pool: upgrade this one."));
  return std::unexpected(foreign_error(
      path, file_size == first.file_size ? "superblock checksum mismatch" : "invalid file size"));
}

}  // namespace plasmite
