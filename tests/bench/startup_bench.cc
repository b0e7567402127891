// startup: one `pls feed` of one record, from its start to its exit, beside a C++ program that does
// nothing.
//
// Both are started by posix_spawn on the same CPU, one after the other; a pair is the medians of 30
// each.
#include "tests/bench/lane.h"
#include "tests/bench/stats.h"

namespace plasmite::bench {
namespace {

constexpr int kStarts = 30;

class StartupRun : public LaneRun {
 public:
  explicit StartupRun(Workspace& workspace)
      : workspace_(workspace), pool_(workspace.file("startup.plasmite")) {}

  Result<void> prepare() {
    auto pool =
        create_filled_pool(pool_.path(), kDefaultPoolBytes, Workload::json_records(1'000, 200, 0));
    if (!pool) return std::unexpected(pool.error());
    return {};
  }

  Result<Sample> floor() override { return start_once({sibling_path("pls-bench-empty")}); }
  Result<Sample> value() override {
    return start_once({workspace_.plasmite(), "feed", pool_.path(), R"({"a":1})"});
  }

  Result<Pair> pair(bool value_first) override {
    const ScopedCpu pinned(workspace_.cpus().consumer);
    std::vector<double> floors;
    std::vector<double> values;
    double floor_cpu = 0;
    double value_cpu = 0;
    for (int i = 0; i < kStarts; ++i) {
      auto one = LaneRun::pair(value_first != (i % 2 != 0));
      if (!one) return one;
      floors.push_back(one->floor.figure);
      values.push_back(one->value.figure);
      floor_cpu += one->floor.cpu_ns / kStarts;
      value_cpu += one->value.cpu_ns / kStarts;
    }
    return Pair{.floor = {.figure = median(floors), .cpu_ns = floor_cpu},
                .value = {.figure = median(values), .cpu_ns = value_cpu}};
  }

 private:
  Result<Sample> start_once(const std::vector<std::string>& argv) {
    const int64_t begin = now_ns();
    auto child = Child::spawn({.argv = argv, .cpu = workspace_.cpus().consumer});
    if (!child) return std::unexpected(child.error());
    if (auto ended = child->wait_for_success(); !ended) return std::unexpected(ended.error());
    return Sample{.figure = static_cast<double>(now_ns() - begin) / 1e6,
                  .cpu_ns = static_cast<double>(child->cpu_ns())};
  }

  Workspace& workspace_;
  ScopedFile pool_;
};

}  // namespace

void add_startup_lanes(std::vector<Lane>& lanes) {
  lanes.push_back({.name = "startup",
                   .what = "one feed of one record, start to exit / an empty C++ program",
                   .unit = "ms",
                   .better = Better::lower,
                   .goal = 2.5,
                   .start = [](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
                     auto run = std::make_unique<StartupRun>(workspace);
                     if (auto ready = run->prepare(); !ready) return std::unexpected(ready.error());
                     return run;
                   }});
}

}  // namespace plasmite::bench
