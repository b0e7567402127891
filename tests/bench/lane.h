// A lane: something a user waits for, measured beside its floor.
//
// Pairs of (floor, value) run alternately, every second pair in the other order, after one pair
// that nobody counts. The ratio of a lane is the median of the pairs' ratios value / floor; value
// and floor shown with it are the medians of their own, so that their quotient may differ a little.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "tests/bench/process.h"
#include "tests/bench/workspace.h"

namespace plasmite::bench {

inline constexpr int kDefaultPairs = 9;

enum class Better : uint8_t { higher, lower };

struct Sample {
  double figure;      // in the lane's unit
  double cpu_ns = 0;  // processor time per record or operation; 0: not known
};

struct Pair {
  Sample floor;
  Sample value;
};

// What a lane does after its preparation. Lives for the lane's time only.
class LaneRun {
 public:
  virtual ~LaneRun() = default;
  // One measurement of each, from some 0.1 s to 1 s.
  virtual Result<Sample> floor() = 0;
  virtual Result<Sample> value() = 0;
  // For lanes that must mix the two more finely.
  virtual Result<Pair> pair(bool value_first);
};

struct Lane {
  std::string_view name;
  std::string_view what;  // "value / floor" in one line
  std::string_view unit;
  Better better = Better::higher;
  double goal = 0;
  double record_bytes = 0;  // records per second: bytes of one; else 0
  bool exact = false;       // the same in every run: one pair says it all
  int default_pairs = kDefaultPairs;
  std::function<Result<std::unique_ptr<LaneRun>>(Workspace&)> start;
};

// Wall and processor time of this process since its construction.
class Stopwatch {
 public:
  Sample per_second(uint64_t count) const {
    const auto records = static_cast<double>(count);
    return {.figure = records * 1e9 / wall_ns(), .cpu_ns = cpu_ns() / records};
  }
  Sample us_per_operation(int count) const {
    return {.figure = wall_ns() / 1e3 / count, .cpu_ns = cpu_ns() / count};
  }

 private:
  double wall_ns() const { return static_cast<double>(now_ns() - wall_begin_); }
  double cpu_ns() const { return static_cast<double>(cpu_now_ns() - cpu_begin_); }
  int64_t wall_begin_ = now_ns();
  int64_t cpu_begin_ = cpu_now_ns();
};

// Pairs of which the 10th and the 90th percentile of the ratio lie further apart are called noisy.
inline constexpr double kNoisySpread = 0.15;

struct LaneResult {
  double value = 0;
  double floor = 0;
  double ratio = 0;
  // The ratio by processor time, in the sense of `ratio`: what to look at on a busy machine, where
  // waiting for a CPU drowns everything. No verdict hangs on it. 0: not known.
  double cpu_ratio = 0;
  double spread = 0;
  int pairs = 0;
  bool ok = false;
  bool noisy = false;
};

Result<LaneResult> measure(const Lane& lane, Workspace& workspace, int pairs);  // pairs >= 1

// Statistics and verdict; apart from measure() for its test.
LaneResult judge(const Lane& lane, const std::vector<Pair>& pairs);

// Every lane, in the order of the design's table. Each subject adds its own.
std::vector<Lane> all_lanes();
void add_intake_lanes(std::vector<Lane>& lanes);   // feed_jsonl, feed_receipts, feed_cold
void add_append_lanes(std::vector<Lane>& lanes);   // append, append_batch
void add_follow_lanes(std::vector<Lane>& lanes);   // follow_jsonl
void add_where_lanes(std::vector<Lane>& lanes);    // follow_where
void add_wake_lanes(std::vector<Lane>& lanes);     // wake_latency_p50, wake_latency_p99
void add_tap_lanes(std::vector<Lane>& lanes);      // tap_lines
void add_journal_lanes(std::vector<Lane>& lanes);  // journald_drain
void add_density_lanes(std::vector<Lane>& lanes);  // density
void add_startup_lanes(std::vector<Lane>& lanes);  // startup
void add_large_lanes(std::vector<Lane>& lanes);    // since_large, open_large

// Programs that run in a process of their own, `pls-bench --floor NAME ARGUMENT...`: floors beside
// a command. Each returns its exit code.
using Arguments = std::vector<std::string>;
int feed_floor(const Arguments& arguments);
int follow_floor(const Arguments& arguments);
int where_floor(const Arguments& arguments);
int tap_floor(const Arguments& arguments);
int journal_floor(const Arguments& arguments);
// `pls-bench --emit-lines N`: the child that is tapped.
int emit_lines(const Arguments& arguments);

}  // namespace plasmite::bench
