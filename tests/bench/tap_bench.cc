// tap_lines: what a child prints, line by line into a pool, by the real command.
//
// The child is this program, `--emit-lines N`: it writes log lines from memory as fast as the pipe
// takes them, on a CPU of its own. The floor starts the same child.
#include <fcntl.h>

#include <charconv>
#include <cstdio>

#include "tests/bench/floor.h"
#include "tests/bench/lane.h"

namespace plasmite::bench {
namespace {

constexpr size_t kDistinctLines = 20'000;
constexpr double kLineBytes = 100;
constexpr uint64_t kLines = 3'000'000;
constexpr uint64_t kPoolBytes = 64ull << 20;  // what tap creates
constexpr uint64_t kLifecycleRecords = 2;     // start and exit

class TapRun : public LaneRun {
 public:
  explicit TapRun(Workspace& workspace)
      : workspace_(workspace), pool_(workspace.file("tap.plasmite")) {}

  Result<void> prepare() {
    const auto workload = Workload::json_records(kDistinctLines, 140, 20);
    auto pool = create_filled_pool(pool_.path(), kPoolBytes, workload);
    if (!pool) return std::unexpected(pool.error());
    return {};
  }

  Result<Sample> floor() override {
    return timed(
        {self_path(), "--floor", "tap", std::to_string(kPoolBytes), std::to_string(kLines)});
  }

  Result<Sample> value() override {
    auto before = next_seq(pool_.path());
    if (!before) return std::unexpected(before.error());
    auto rate = timed({workspace_.plasmite(), "tap", "-q", pool_.path(), "--", self_path(),
                       "--emit-lines", std::to_string(kLines)});
    if (!rate) return rate;
    auto after = next_seq(pool_.path());
    if (!after) return std::unexpected(after.error());
    if (*after - *before != kLines + kLifecycleRecords)
      return std::unexpected(
          Error(ErrorKind::Internal, "tap kept " + std::to_string(*after - *before) + " records"));
    return rate;
  }

 private:
  Result<Sample> timed(const std::vector<std::string>& argv) {
    const ScopedCpu pinned(workspace_.cpus().producer);
    const int64_t begin = now_ns();
    auto tap = Child::spawn({.argv = argv, .cpu = workspace_.cpus().consumer});
    if (!tap) return std::unexpected(tap.error());
    if (auto ended = tap->wait_for_success(); !ended) return std::unexpected(ended.error());
    // No processor time: it would include the child's.
    return Sample{static_cast<double>(kLines) * 1e9 / static_cast<double>(now_ns() - begin)};
  }

  Workspace& workspace_;
  ScopedFile pool_;
};

void pin_to_producer_cpu() {
  const int cpu = [] {
    // The parent is pinned to the consumer's CPU and we have inherited that: ask for any, then
    // pick.
    cpu_set_t all;
    CPU_ZERO(&all);
    for (int i = 0; i < CPU_SETSIZE; ++i) CPU_SET(i, &all);
    sched_setaffinity(0, sizeof all, &all);
    return pick_cpus().producer;
  }();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
}

}  // namespace

int emit_lines(const Arguments& arguments) {
  if (arguments.size() != 1) return 2;
  pin_to_producer_cpu();
  const auto workload = Workload::log_lines(kDistinctLines);
  return write_workload(STDOUT_FILENO, workload, std::stoull(arguments[0])) ? 0 : 1;
}

int tap_floor(const Arguments& arguments) {
  if (arguments.size() != 2) return 2;
  FloorRing ring(std::stoull(arguments[0]));
  auto pipe = make_pipe();
  if (!pipe) return 1;
  auto child = Child::spawn({.argv = {self_path(), "--emit-lines", arguments[1]},
                             .stdout_fd = pipe->write_end.get(),
                             .cpu = pick_cpus().consumer});
  if (!child) return 1;
  pipe->write_end.reset();
  constexpr std::string_view kHead = "{\"kind\":\"line\",\"line\":\"";
  constexpr std::string_view kTail = "\",\"stream\":\"stdout\"}";
  FloorLines lines(pipe->read_end.get());
  uint64_t kept = 0;
  std::string body(kHead);
  const auto keep = [&](std::string_view line) {
    const size_t room = kHead.size() + 6 * line.size() + kTail.size();
    if (body.size() < room) body.resize(room);
    char* end = floor_escape(body.data() + kHead.size(), line);
    if (end == nullptr) return;
    std::memcpy(end, kTail.data(), kTail.size());
    ring.append({body.data(), static_cast<size_t>(end - body.data()) + kTail.size()});
    ++kept;
  };
  while (lines.read_some(keep)) {
  }
  return child->wait_for_success() && kept == std::stoull(arguments[1]) ? 0 : 1;
}

void add_tap_lanes(std::vector<Lane>& lanes) {
  lanes.push_back(
      {.name = "tap_lines",
       .what = "tap -q of a child that prints / read + split + JSON-escape + crc + memcpy",
       .unit = "lines/s",
       .goal = 0.6,
       .record_bytes = kLineBytes,
       .start = [](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
         auto run = std::make_unique<TapRun>(workspace);
         if (auto ready = run->prepare(); !ready) return std::unexpected(ready.error());
         return run;
       }});
}

}  // namespace plasmite::bench
