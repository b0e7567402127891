// follow_jsonl: all records of a full pool to a pipe, by the real command.
//
// The clock stops when the last line has arrived at the drain, which runs on a CPU of its own; the
// follower would wait for more and is killed. The floor reads the same bodies from a mapped file of
// plain frames beside the pool, so that both pay for mapping pages.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/bench/floor.h"
#include "tests/bench/follower_run.h"
#include "tests/bench/lane.h"

namespace plasmite::bench {
namespace {

constexpr size_t kDistinctRecords = 20'000;
constexpr size_t kRecordBytes = 200;
constexpr size_t kRecordSpread = 20;
constexpr uint64_t kPoolBytes = 256ull << 20;

struct FrameHeader {
  uint32_t body_bytes;
  uint32_t crc;
};

// What the command prints around a body, digit for digit as long.
constexpr std::string_view kBefore = "{\"data\":";
constexpr std::string_view kAfter =
    ",\"meta\":{\"tags\":[]},\"seq\":1000000,\"time\":\"2026-01-01T00:00:00.123456789Z\"}\n";

class FollowRun : public LaneRun {
 public:
  explicit FollowRun(Workspace& workspace)
      : workspace_(workspace),
        pool_(workspace.file("follow.plasmite")),
        frames_(workspace.file("follow.frames")) {}

  Result<void> prepare() {
    const auto workload = Workload::json_records(kDistinctRecords, kRecordBytes, kRecordSpread);
    auto pool = create_filled_pool(pool_.path(), kPoolBytes, workload);
    if (!pool) return std::unexpected(pool.error());
    return write_frames(*pool);
  }

  Result<Sample> floor() override {
    return timed({self_path(), "--floor", "follow", frames_.path()}, &floor_bytes_);
  }

  Result<Sample> value() override {
    auto rate = timed({workspace_.plasmite(), "follow", pool_.path(), "--jsonl", "--since",
                       "2000-01-01T00:00:00Z"},
                      &value_bytes_);
    // Not the same job if the floor wrote clearly less.
    if (rate && floor_bytes_ > 0 && floor_bytes_ + floor_bytes_ / 50 < value_bytes_)
      return std::unexpected(
          Error(ErrorKind::Internal, "follow wrote " + std::to_string(value_bytes_) +
                                         " bytes, the floor " + std::to_string(floor_bytes_)));
    return rate;
  }

 private:
  Result<void> write_frames(const Pool& pool) {
    constexpr std::string_view kZeros("\0\0\0\0\0\0\0", 7);
    const auto records = write_floor_file(
        pool, frames_.path(), [&](FloorWriter& writer, const MessageView& message) {
          const std::string_view body = message.body;
          const FrameHeader header{static_cast<uint32_t>(body.size()), crc32c(body)};
          writer.append({reinterpret_cast<const char*>(&header), sizeof header});
          writer.append(body);
          writer.append(kZeros.substr(0, -body.size() % 8));
        });
    if (!records) return std::unexpected(records.error());
    records_ = *records;
    return {};
  }

  Result<Sample> timed(const std::vector<std::string>& argv, uint64_t* bytes) {
    const auto run =
        time_follower(workspace_.cpus(), {.argv = argv, .records = records_, .lines = records_});
    if (!run) return std::unexpected(run.error());
    *bytes = run->bytes;
    return run->sample;
  }

  Workspace& workspace_;
  ScopedFile pool_;
  ScopedFile frames_;
  uint64_t records_ = 0;
  uint64_t floor_bytes_ = 0;
  uint64_t value_bytes_ = 0;
};

}  // namespace

int follow_floor(const Arguments& arguments) {
  if (arguments.size() != 1) return 2;
  const UniqueFd fd(::open(arguments[0].c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!fd || fstat(fd.get(), &status) != 0) return 1;
  const auto size = static_cast<uint64_t>(status.st_size);
  const void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return 1;
  const char* const frames = static_cast<const char*>(memory);
  FloorWriter writer(STDOUT_FILENO);
  std::string copy;
  for (uint64_t at = 0; at < size && !writer.failed();) {
    FrameHeader header;
    std::memcpy(&header, frames + at, sizeof header);
    copy.assign(frames + at + sizeof header, header.body_bytes);
    if (crc32c(copy) != header.crc) return 1;
    writer.append(kBefore);
    writer.append(copy);
    writer.append(kAfter);
    at += sizeof header + ((header.body_bytes + uint64_t{7}) & ~uint64_t{7});
  }
  writer.flush();
  return writer.failed() ? 1 : 0;
}

void add_follow_lanes(std::vector<Lane>& lanes) {
  lanes.push_back(
      {.name = "follow_jsonl",
       .what = "follow --jsonl of a full pool to a pipe / copy + crc + memcpy of the output + "
               "64 KiB writes",
       .unit = "records/s",
       .goal = 0.6,
       .record_bytes = kRecordBytes,
       .start = [](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
         auto run = std::make_unique<FollowRun>(workspace);
         if (auto ready = run->prepare(); !ready) return std::unexpected(ready.error());
         return run;
       }});
}

}  // namespace plasmite::bench
