// feed_jsonl, feed_receipts, feed_cold, feed_detect: JSON Lines from a pipe into a pool, by the real command.
//
// A forked child writes the records from memory into a pipe of 1 MiB, on a CPU of its own; the
// floor and the command read it on another. Time runs from starting the reader to its exit: a start
// of some milliseconds against half a second of records.
#include <time.h>

#include <charconv>
#include <cstdio>

#include "tests/bench/floor.h"
#include "tests/bench/lane.h"

namespace plasmite::bench {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDistinctRecords = 20'000;  // 4 MB: more than the near caches hold
constexpr size_t kRecordBytes = 200;
constexpr size_t kRecordSpread = 20;
constexpr uint64_t kPoolBytes = 16ull << 20;

struct FeedOptions {
  uint64_t records = 2'000'000;
  bool receipts = false;
  bool cold = false;  // each value goes into the first lap of a new pool
  bool framing_told = false;  // the floor is the command itself, told what it otherwise finds out
  uint64_t pool_bytes = kPoolBytes;
};

class FeedRun : public LaneRun {
 public:
  FeedRun(Workspace& workspace, FeedOptions options)
      : workspace_(workspace), options_(options), pool_(workspace.file("feed.plasmite")) {}

  Result<void> prepare() {
    if (options_.cold) return {};
    auto pool = create_filled_pool(pool_.path(), options_.pool_bytes, workload_);
    if (!pool) return std::unexpected(pool.error());
    return {};
  }

  Result<Sample> floor() override {
    if (options_.framing_told)
      return timed({workspace_.plasmite(), "feed", pool_.path(), "-q", "--in", "jsonl"});
    return timed({self_path(), "--floor", "feed", std::to_string(kPoolBytes),
                  std::to_string(options_.records), options_.receipts ? "receipts" : "quiet"});
  }

  Result<Sample> value() override {
    if (options_.cold) {
      std::error_code ignored;
      fs::remove(pool_.path(), ignored);
      auto pool = Pool::create(pool_.path(), {.size_bytes = options_.pool_bytes});
      if (!pool) return std::unexpected(pool.error());
    }
    auto before = next_seq(pool_.path());
    if (!before) return std::unexpected(before.error());
    std::vector<std::string> argv = {workspace_.plasmite(), "feed", pool_.path()};
    if (!options_.receipts) argv.emplace_back("-q");
    auto rate = timed(argv);
    if (!rate) return rate;
    auto after = next_seq(pool_.path());
    if (!after) return std::unexpected(after.error());
    if (*after - *before != options_.records)
      return std::unexpected(Error(
          ErrorKind::Internal,
          "feed kept " + std::to_string(*after - *before) + " records of those it was given"));
    return rate;
  }

 private:
  Result<Sample> timed(const std::vector<std::string>& argv) {
    const CpuPair cpus = workspace_.cpus();
    auto input = make_pipe();
    if (!input) return std::unexpected(input.error());
    auto producer = Child::fork(cpus.producer, [&] {
      input->read_end.reset();
      write_workload(input->write_end.get(), workload_, options_.records);
    });
    if (!producer) return std::unexpected(producer.error());
    input->write_end.reset();
    PipeEnds output;
    if (options_.receipts) {
      auto made = make_pipe();
      if (!made) return std::unexpected(made.error());
      output = std::move(*made);
    }
    const ScopedCpu pinned(cpus.producer);  // drains on the producer's CPU
    const int64_t begin = now_ns();
    auto consumer = Child::spawn({.argv = argv,
                                  .stdin_fd = input->read_end.get(),
                                  .stdout_fd = output.write_end.get(),
                                  .cpu = cpus.consumer});
    if (!consumer) return std::unexpected(consumer.error());
    input->read_end.reset();
    output.write_end.reset();
    if (options_.receipts) {
      auto drained = drain_lines(output.read_end.get());
      if (!drained) return std::unexpected(drained.error());
      if (drained->lines != options_.records)
        return std::unexpected(
            Error(ErrorKind::Internal,
                  std::to_string(drained->lines) + " receipts, one per record expected"));
    }
    if (auto ended = consumer->wait_for_success(); !ended) return std::unexpected(ended.error());
    const int64_t end = now_ns();
    const auto records = static_cast<double>(options_.records);
    return Sample{.figure = records * 1e9 / static_cast<double>(end - begin),
                  .cpu_ns = static_cast<double>(consumer->cpu_ns()) / records};
  }

  Workspace& workspace_;
  FeedOptions options_;
  ScopedFile pool_;
  Workload workload_ = Workload::json_records(kDistinctRecords, kRecordBytes, kRecordSpread);
};

Lane feed_lane(std::string_view name, std::string_view what, double goal, FeedOptions options) {
  return {.name = name,
          .what = what,
          .unit = "records/s",
          .goal = goal,
          .record_bytes = kRecordBytes,
          .start = [options](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
            auto run = std::make_unique<FeedRun>(workspace, options);
            if (auto ready = run->prepare(); !ready) return std::unexpected(ready.error());
            return run;
          }};
}

// The receipt of a record without tags. All records of one read share their time.
class ReceiptFormat {
 public:
  explicit ReceiptFormat(FloorWriter& out) : out_(out) {}
  void stamp() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    char text[64];
    const size_t length = strftime(text, sizeof text, ",\"time\":\"%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text + length, sizeof text - length, ".%09ldZ\"}\n", now.tv_nsec);
    time_ = text;
  }
  void append() {
    constexpr std::string_view kHead = "{\"meta\":{\"tags\":[]},\"seq\":";
    char line[128];
    std::memcpy(line, kHead.data(), kHead.size());
    char* at = std::to_chars(line + kHead.size(), line + sizeof line, ++seq_).ptr;
    std::memcpy(at, time_.data(), time_.size());
    out_.append({line, static_cast<size_t>(at - line) + time_.size()});
  }

 private:
  FloorWriter& out_;
  std::string time_;
  uint64_t seq_ = 1'000'000;
};

}  // namespace

int feed_floor(const Arguments& arguments) {
  if (arguments.size() != 3) return 2;
  FloorRing ring(std::stoull(arguments[0]));
  const uint64_t expected = std::stoull(arguments[1]);
  const bool receipts = arguments[2] == "receipts";
  FloorParser parser;
  FloorLines lines(STDIN_FILENO);
  FloorWriter writer(STDOUT_FILENO);
  ReceiptFormat format(writer);
  uint64_t kept = 0;
  const auto keep = [&](std::string_view line) {
    if (!parser.is_object(line)) return;
    ring.append(line);
    ++kept;
    if (receipts) format.append();
  };
  do {
    if (receipts) format.stamp();
  } while (lines.read_some(keep));
  writer.flush();
  return kept == expected && !writer.failed() ? 0 : 1;
}

void add_intake_lanes(std::vector<Lane>& lanes) {
  lanes.push_back(feed_lane("feed_jsonl",
                            "feed -q from a pipe / read + split + simdjson parse + crc + memcpy",
                            0.75, {}));
  lanes.push_back(feed_lane(
      "feed_receipts",
      "feed from a pipe, receipts to a pipe / the floor of feed_jsonl + formatting each receipt "
      "+ 64 KiB writes",
      0.6, {.receipts = true}));
  lanes.push_back(feed_lane("feed_detect",
                            "feed -q, which finds out the framing / feed -q --in jsonl", 0.95,
                            {.framing_told = true}));
  // A million records fill most of the first lap and wrap nothing.
  lanes.push_back(feed_lane("feed_cold",
                            "feed -q into the first lap of a new pool / the floor of feed_jsonl",
                            0.4, {.records = 1'000'000, .cold = true, .pool_bytes = 256ull << 20}));
}

}  // namespace plasmite::bench
