// Copying a pool that is in use. Part of the public interface of core/pool.
#pragma once

#include <chrono>
#include <filesystem>

#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

struct CopyOptions {
  uint32_t mode = 0600;
  std::chrono::milliseconds lock_timeout = kDefaultLockTimeout;
};

// Writes what a reader sees of `source` at one instant into a new pool file: records with their
// sequences, times and tags, checkpoints, the next sequence. Writers of `source` are not stopped;
// what they retire while it is copied may be missing at the old end, nowhere else. The copy has an
// id of its own: from here on the two go separate ways, and (id, seq) names one record for ever.
//
// The new file is complete and durable before it gets its name. AlreadyExists: `destination` is
// there. Busy: writers went round the whole ring again and again until the lock timeout. Corrupt: a
// record is damaged.
Result<void> copy_pool(const std::filesystem::path& source,
                       const std::filesystem::path& destination, const CopyOptions& options = {});

}  // namespace plasmite
