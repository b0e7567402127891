// Giving a pool another size while it is in use. Part of the public interface of core/pool.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

struct ResizeOptions {
  uint64_t size_bytes = kDefaultPoolBytes;  // rounded up to 4096
  bool retire = false;  // whether records that do not fit any more may be retired, oldest first
  std::chrono::milliseconds lock_timeout = kDefaultLockTimeout;
};

struct ResizeReport {
  uint64_t old_size = 0;
  uint64_t new_size = 0;
  uint64_t retired = 0;  // sequences that the old file had and the new one has not
};

// Writes the pool into a new file of that size beside the old one and puts it in its place: the
// same pool (id, sequences, times, tags, checkpoints, owner and permissions), which others find by
// its name. Those who have it open go on with the new file by themselves. Writers wait only while
// what they wrote during the copying is copied, too. A crash at any instant leaves the old file or
// the new one under the name.
//
// Usage: a size out of range, records or checkpoints that do not fit (see `retire`), a file with
// several names. Corrupt: a record is damaged. Permission, Busy, Io (full disk): the old file is as
// it was.
Result<ResizeReport> resize_pool(const std::filesystem::path& path, const ResizeOptions& options);

}  // namespace plasmite
