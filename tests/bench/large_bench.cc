// since_large, open_large: a full pool of 4 GiB beside one of 16 MiB, the same operation on both.
//
// Every operation opens the pool anew, as a command does: what a command pays for mapping and
// touching pages of a large file is part of it. Not a process per operation: its start would hide
// the rest.
#include "tests/bench/lane.h"

namespace plasmite::bench {
namespace {

constexpr uint64_t kSmallBytes = 16ull << 20;
constexpr uint64_t kLargeBytes = 4ull << 30;
constexpr int kOperations = 2'000;

// One pool with the times it covers.
struct FilledPool {
  explicit FilledPool(std::filesystem::path path) : file(std::move(path)) {}
  ScopedFile file;
  int64_t oldest_ns = 0;
  int64_t newest_ns = 0;

  Result<void> fill(uint64_t size_bytes) {
    auto pool =
        create_filled_pool(file.path(), size_bytes, Workload::json_records(20'000, 200, 20));
    if (!pool) return std::unexpected(pool.error());
    auto info = pool->info();
    if (!info) return std::unexpected(info.error());
    oldest_ns = info->oldest_time_ns.value_or(0);
    newest_ns = info->newest_time_ns.value_or(0);
    return {};
  }
};

struct BothPools {
  explicit BothPools(const Workspace& workspace)
      : small(workspace.file("small.plasmite")), large(workspace.file("large.plasmite")) {}
  FilledPool small;
  FilledPool large;
};

// Filling 4 GiB takes a while: the second lane of a run reuses what the first has filled.
using SharedPools = std::shared_ptr<std::shared_ptr<BothPools>>;

Result<std::shared_ptr<BothPools>> filled_pools(const Workspace& workspace,
                                                const SharedPools& shared) {
  if (*shared == nullptr) {
    auto pools = std::make_shared<BothPools>(workspace);
    if (auto filled = pools->small.fill(kSmallBytes); !filled)
      return std::unexpected(filled.error());
    if (auto filled = pools->large.fill(kLargeBytes); !filled)
      return std::unexpected(filled.error());
    *shared = pools;
  }
  return *shared;
}

using Operation = Result<void> (*)(const FilledPool& pool, int turn);

Result<void> seek_time(const FilledPool& filled, int turn) {
  auto pool = Pool::open(filled.file.path(), {.access = Access::read});
  if (!pool) return std::unexpected(pool.error());
  // Steps of the golden ratio: evenly spread, never twice the same place.
  const double fraction = static_cast<double>(turn) * 0.6180339887498949;
  const double inside = fraction - static_cast<double>(static_cast<int64_t>(fraction));
  const auto span = static_cast<double>(filled.newest_ns - filled.oldest_ns);
  const int64_t wanted = filled.oldest_ns + static_cast<int64_t>(span * inside);
  auto cursor = pool->cursor(Start::at_time(wanted));
  if (!cursor) return std::unexpected(cursor.error());
  auto message = cursor->next();
  if (!message) return std::unexpected(message.error());
  if (!*message || (*message)->time_ns < wanted)
    return std::unexpected(Error(ErrorKind::Internal, "found a record before the wanted time"));
  return {};
}

Result<void> open_and_look(const FilledPool& filled, int) {
  auto pool = Pool::open(filled.file.path());
  if (!pool) return std::unexpected(pool.error());
  auto info = pool->info();
  if (!info) return std::unexpected(info.error());
  return {};
}

class LargeRun : public LaneRun {
 public:
  LargeRun(Workspace& workspace, std::shared_ptr<BothPools> pools, Operation operation)
      : workspace_(workspace), pools_(std::move(pools)), operation_(operation) {}

  Result<Sample> floor() override { return timed(pools_->small); }
  Result<Sample> value() override { return timed(pools_->large); }

 private:
  Result<Sample> timed(const FilledPool& pool) {
    const ScopedCpu pinned(workspace_.cpus().consumer);
    const Stopwatch watch;
    for (int i = 0; i < kOperations; ++i) {
      if (auto done = operation_(pool, ++turn_); !done) return std::unexpected(done.error());
      if (auto allowed = check_deadline(); !allowed) return std::unexpected(allowed.error());
    }
    return watch.us_per_operation(kOperations);
  }

  Workspace& workspace_;
  std::shared_ptr<BothPools> pools_;
  Operation operation_;
  int turn_ = 0;
};

Lane large_lane(std::string_view name, std::string_view what, const SharedPools& shared,
                Operation operation) {
  return {.name = name,
          .what = what,
          .unit = "us",
          .better = Better::lower,
          .goal = 2.0,
          .start = [=](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
            auto pools = filled_pools(workspace, shared);
            if (!pools) return std::unexpected(pools.error());
            return std::make_unique<LargeRun>(workspace, *pools, operation);
          }};
}

}  // namespace

void add_large_lanes(std::vector<Lane>& lanes) {
  const auto shared = std::make_shared<std::shared_ptr<BothPools>>();
  lanes.push_back(large_lane("since_large",
                             "open + seek to a time + first record, 4 GiB pool / 16 MiB pool",
                             shared, seek_time));
  lanes.push_back(
      large_lane("open_large", "open + info, 4 GiB pool / 16 MiB pool", shared, open_and_look));
}

}  // namespace plasmite::bench
