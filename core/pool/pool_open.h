// Opening, creating and removing pool files.
#pragma once

#include <filesystem>
#include <memory>

#include "core/base/error.h"
#include "core/pool/pool.h"
#include "core/pool/pool_handle.h"

namespace plasmite {

// `pool_id` null: a random one.
Result<std::shared_ptr<PoolHandle>> create_pool(const std::filesystem::path& path,
                                                const CreateOptions& options,
                                                const uint8_t (*pool_id)[16] = nullptr);
// AlreadyExists if there is something of this name.
Result<void> check_name_is_free(const std::filesystem::path& path);
// The file that has taken the place of this one, which was resized or repaired without loss: the same
// pool. Null: there is none.
std::shared_ptr<PoolHandle> open_successor(const PoolHandle& handle);
// Makes the name of `file` durable.
Result<void> sync_directory(const std::filesystem::path& file);
Result<std::shared_ptr<PoolHandle>> open_pool(const std::filesystem::path& path,
                                              const OpenOptions& options);
Result<void> remove_pool(const std::filesystem::path& path, std::chrono::milliseconds lock_timeout);

// The tag that a live page must carry to be trusted: a hash of boot id, device, inode and birth time.
// Another boot, a copy of the file or a restored backup give another tag.
Result<uint64_t> live_tag(int fd, const std::string& path);

// Reads and verifies the superblock, or its copy in the last page. The version is looked at first and
// decides which engine opens the file: this is the one place that knows of other formats.
Result<Superblock> read_superblock(int fd, uint64_t file_size, const std::string& path);

// A snapshot handle whose pool has meanwhile been opened by a writer starts to follow it.
Result<void> follow_live_if_opened(PoolHandle& handle);

Superblock make_superblock(const Geometry& geometry, const CreateOptions& options,
                           const uint8_t (*pool_id)[16]);
uint32_t superblock_crc(const Superblock& superblock);

}  // namespace plasmite
