// Examines and repairs a pool file. Both work on files that Pool::open refuses.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

struct DoctorIssue {
  std::string code;     // "corrupt" or "format"
  std::string message;  // one line
  std::optional<uint64_t> seq;
  std::optional<uint64_t> offset;  // in the file
};

struct DoctorReport {
  std::vector<DoctorIssue> issues;     // all of them, up to 100; empty: healthy
  uint64_t issue_count = 0;            // also those beyond the 100
  std::vector<std::string> warnings;   // do not make a pool unhealthy
  std::optional<uint64_t> oldest_seq;  // of intact records
  std::optional<uint64_t> last_good_seq;
  uint64_t intact_records = 0;
  bool sync_failed = false;            // flushed appends are refused for good
  bool healthy() const { return issue_count == 0; }
  bool needs_repair() const { return !healthy() || sync_failed; }
};

struct RepairReport {
  uint64_t records_kept = 0;
  uint64_t records_lost = 0;           // known from holes in the sequence
  std::filesystem::path damaged_copy;  // where the damaged file was left
  bool id_changed = false;
};

// Looks at a live pool without disturbing it. NotFound, Permission and Io are errors; everything that
// is wrong with the bytes is an issue in the report.
Result<DoctorReport> examine_pool(const std::filesystem::path& path);

// Writes every intact record into a new file of the same size and renames it over the old, which stays
// beside it with the suffix ".damaged". Sequences, times and tags are kept; the id only if nothing was
// lost. Users of the old file go on in a new one of the same id, else they get NotFound. Busy: a writer
// holds the lock for longer than `lock_timeout`, or somebody holds locks from kUserLocksOffset on.
Result<RepairReport> repair_pool(const std::filesystem::path& path,
                                 std::chrono::milliseconds lock_timeout = kDefaultLockTimeout);

}  // namespace plasmite
