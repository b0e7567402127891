#include "tests/bench/lane.h"

#include "tests/bench/stats.h"

namespace plasmite::bench {
namespace {

constexpr unsigned kPairSeconds = 60;      // far more than any pair needs
constexpr unsigned kPrepareSeconds = 300;  // filling 4 GiB on a slow disk

}  // namespace

Result<Pair> LaneRun::pair(bool value_first) {
  Pair pair{};
  if (value_first) {
    auto first = value();
    if (!first) return std::unexpected(first.error());
    pair.value = *first;
  }
  auto bare = floor();
  if (!bare) return std::unexpected(bare.error());
  pair.floor = *bare;
  if (!value_first) {
    auto second = value();
    if (!second) return std::unexpected(second.error());
    pair.value = *second;
  }
  return pair;
}

LaneResult judge(const Lane& lane, const std::vector<Pair>& pairs) {
  std::vector<double> values;
  std::vector<double> floors;
  std::vector<double> ratios;
  std::vector<double> cpu_ratios;
  for (const Pair& pair : pairs) {
    values.push_back(pair.value.figure);
    floors.push_back(pair.floor.figure);
    ratios.push_back(pair.value.figure / pair.floor.figure);
    if (pair.value.cpu_ns <= 0 || pair.floor.cpu_ns <= 0) continue;
    const double slower = pair.value.cpu_ns / pair.floor.cpu_ns;
    cpu_ratios.push_back(lane.better == Better::higher ? 1 / slower : slower);
  }
  LaneResult result;
  result.value = median(values);
  result.floor = median(floors);
  result.ratio = median(ratios);
  if (!cpu_ratios.empty()) result.cpu_ratio = median(cpu_ratios);
  result.spread = spread(ratios);
  result.pairs = static_cast<int>(pairs.size());
  result.ok = lane.better == Better::higher ? result.ratio >= lane.goal : result.ratio <= lane.goal;
  result.noisy = result.spread > kNoisySpread;
  return result;
}

Result<LaneResult> measure(const Lane& lane, Workspace& workspace, int pairs) {
  std::unique_ptr<LaneRun> run;
  {
    const Deadline deadline(kPrepareSeconds);
    auto started = lane.start(workspace);
    if (!started) return std::unexpected(started.error());
    run = std::move(*started);
  }
  const int counted = lane.exact ? 1 : pairs;
  const int warm_up = lane.exact ? 0 : 1;
  std::vector<Pair> measured;
  for (int i = -warm_up; i < counted; ++i) {
    const Deadline deadline(kPairSeconds);
    auto pair = run->pair(/*value_first=*/i % 2 != 0);
    if (!pair) return std::unexpected(pair.error());
    if (i >= 0) measured.push_back(*pair);
  }
  return judge(lane, measured);
}

std::vector<Lane> all_lanes() {
  std::vector<Lane> lanes;
  add_intake_lanes(lanes);
  add_append_lanes(lanes);
  add_follow_lanes(lanes);
  add_where_lanes(lanes);
  add_wake_lanes(lanes);
  add_tap_lanes(lanes);
  add_journal_lanes(lanes);
  add_density_lanes(lanes);
  add_startup_lanes(lanes);
  add_large_lanes(lanes);
  return lanes;
}

}  // namespace plasmite::bench
