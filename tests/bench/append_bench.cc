// append, append_batch: the one append path inside a process, validation included.
//
// Record texts lie in memory, 4 MB of them, and are gone through over and over; pool and floor ring
// have the same size. One thread on one CPU.
#include <fcntl.h>
#include <sys/file.h>

#include "core/append/appender.h"
#include "tests/bench/floor.h"
#include "tests/bench/lane.h"

namespace plasmite::bench {
namespace {

constexpr size_t kDistinctRecords = 20'000;
constexpr size_t kRecordBytes = 200;
constexpr size_t kRecordSpread = 20;
constexpr uint64_t kPoolBytes = 16ull << 20;

struct AppendLaneOptions {
  uint64_t records;
  uint64_t batch;    // records per commit
  bool floor_locks;  // the floor takes and gives back a file lock per record
};

class AppendRun : public LaneRun {
 public:
  AppendRun(Workspace& workspace, AppendLaneOptions options)
      : workspace_(workspace), options_(options), pool_file_(workspace.file("append.plasmite")) {}

  Result<void> prepare() {
    auto pool = create_filled_pool(pool_file_.path(), kPoolBytes, workload_);
    if (!pool) return std::unexpected(pool.error());
    pool_.emplace(std::move(*pool));
    lock_file_ =
        UniqueFd(::open(workspace_.file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock_file_) return std::unexpected(errno_error(errno, "cannot create the lock file"));
    return {};
  }

  Result<Sample> floor() override {
    const ScopedCpu pinned(workspace_.cpus().consumer);
    const auto& lines = workload_.lines();
    size_t next = 0;
    const Stopwatch watch;
    for (uint64_t i = 0; i < options_.records; ++i) {
      const std::string_view line = lines[next];
      next = next + 1 == lines.size() ? 0 : next + 1;
      if (!parser_.is_object(line))
        return std::unexpected(Error(ErrorKind::Internal, "the workload is not JSON"));
      if (options_.floor_locks) ::flock(lock_file_.get(), LOCK_EX);
      ring_.append(line);
      if (options_.floor_locks) ::flock(lock_file_.get(), LOCK_UN);
    }
    return watch.per_second(options_.records);
  }

  Result<Sample> value() override {
    const ScopedCpu pinned(workspace_.cpus().consumer);
    const auto& lines = workload_.lines();
    Appender appender(*pool_, {});
    size_t next = 0;
    const Stopwatch watch;
    for (uint64_t done = 0; done < options_.records; done += options_.batch) {
      for (uint64_t i = 0; i < options_.batch; ++i) {
        auto text = validator_.validate_object({lines[next]}, appender.arena());
        next = next + 1 == lines.size() ? 0 : next + 1;
        if (!text) return std::unexpected(text.error());
        if (auto added = appender.add(*text, nullptr); !added)
          return std::unexpected(added.error());
      }
      if (auto committed = appender.commit(); !committed) return std::unexpected(committed.error());
    }
    return watch.per_second(options_.records);
  }

 private:
  Workspace& workspace_;
  AppendLaneOptions options_;
  ScopedFile pool_file_;
  Workload workload_ = Workload::json_records(kDistinctRecords, kRecordBytes, kRecordSpread);
  std::optional<Pool> pool_;
  UniqueFd lock_file_;
  JsonValidator validator_;
  FloorParser parser_;
  FloorRing ring_{kPoolBytes};
};

Lane append_lane(std::string_view name, std::string_view what, double goal,
                 AppendLaneOptions options) {
  return {.name = name,
          .what = what,
          .unit = "records/s",
          .goal = goal,
          .record_bytes = kRecordBytes,
          .start = [options](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
            auto run = std::make_unique<AppendRun>(workspace, options);
            if (auto ready = run->prepare(); !ready) return std::unexpected(ready.error());
            return run;
          }};
}

}  // namespace

void add_append_lanes(std::vector<Lane>& lanes) {
  lanes.push_back(append_lane(
      "append", "one validated record per commit / parse + crc + memcpy + flock and unlock", 0.7,
      {.records = 400'000, .batch = 1, .floor_locks = true}));
  lanes.push_back(append_lane("append_batch",
                              "100 validated records per commit / parse + crc + memcpy", 0.75,
                              {.records = 2'000'000, .batch = 100, .floor_locks = false}));
}

}  // namespace plasmite::bench
