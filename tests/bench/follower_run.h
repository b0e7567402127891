// What the lanes about `follow` share: a pool's messages, and a program that prints lines.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/pool/pool.h"
#include "tests/bench/floor.h"
#include "tests/bench/lane.h"

namespace plasmite::bench {

// Writes a file with what `append` makes of each message of the pool; how many there are.
Result<uint64_t> write_floor_file(
    const Pool& pool, const std::string& path,
    const std::function<void(FloorWriter& writer, const MessageView& message)>& append);

struct FollowerRun {
  std::vector<std::string> argv;
  uint64_t records = 0;  // that it reads
  uint64_t lines = 0;    // that it prints: the last one is the end of the work
  // It ends by itself, so that the processor time of its own children counts. Else it would wait
  // for more, and is killed.
  bool ends = false;
};

struct FollowerSample {
  Sample sample;
  uint64_t bytes = 0;  // that it printed
};

// On a CPU of its own, into a pipe that is drained on the other one.
Result<FollowerSample> time_follower(const CpuPair& cpus, const FollowerRun& run);

}  // namespace plasmite::bench
