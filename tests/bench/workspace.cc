#include "tests/bench/workspace.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace plasmite::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "pls-bench.";
constexpr uint64_t kRoomForAllPools = 6ull << 30;
constexpr size_t kFillBatch = 500;

UniqueFd lock_folder(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

void remove_abandoned(const fs::path& parent) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, ignored)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    if (const UniqueFd lock = lock_folder(entry.path())) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

fs::path default_parent() {
  struct statvfs shm{};
  if (statvfs("/dev/shm", &shm) == 0 && shm.f_bavail * shm.f_frsize >= kRoomForAllPools)
    return "/dev/shm";
  const char* tmpdir = getenv("TMPDIR");
  return tmpdir != nullptr && *tmpdir != '\0' ? tmpdir : "/tmp";
}

Workspace::Workspace(fs::path path, UniqueFd lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

Result<Workspace> Workspace::create(const fs::path& parent) {
  remove_abandoned(parent);
  std::string path = parent / (std::string(kPrefix) + "XXXXXX");
  if (mkdtemp(path.data()) == nullptr)
    return std::unexpected(errno_error(errno, "cannot create a folder", parent));
  UniqueFd lock = lock_folder(path);
  if (!lock) return std::unexpected(errno_error(errno, "cannot lock the folder", path));
  return Workspace(path, std::move(lock));
}

Workspace::~Workspace() {
  if (!lock_) return;  // moved from
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Result<Pool> create_filled_pool(const fs::path& path, uint64_t size_bytes,
                                const Workload& workload) {
  auto pool = Pool::create(path, {.size_bytes = size_bytes});
  if (!pool) return pool;
  auto info = pool->info();
  if (!info) return std::unexpected(info.error());
  std::vector<RecordView> records;
  for (const std::string_view line : workload.lines()) records.push_back({.body = line});
  // A bit more than one lap: the first records are gone, every page has been written.
  const uint64_t goal = info->ring_size + info->ring_size / 16;
  uint64_t written = 0;
  for (size_t at = 0; written < goal; at = (at + kFillBatch) % records.size()) {
    const auto batch = std::span(records).subspan(at, std::min(kFillBatch, records.size() - at));
    if (auto receipt = pool->append_batch(batch); !receipt) return std::unexpected(receipt.error());
    for (const RecordView& record : batch) written += Pool::stored_bytes(record);
    if (auto allowed = check_deadline(); !allowed) return std::unexpected(allowed.error());
  }
  return pool;
}

Result<uint64_t> next_seq(const fs::path& path) {
  auto pool = Pool::open(path, {.access = Access::read});
  if (!pool) return std::unexpected(pool.error());
  auto info = pool->info();
  if (!info) return std::unexpected(info.error());
  return info->next_seq;
}

}  // namespace plasmite::bench
