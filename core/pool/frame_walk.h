// Walking frames that nobody writes: recovery and doctor. Knows the rules that make frames a batch.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/pool/pool_view.h"

namespace plasmite {

// What batches must continue from.
struct WalkState {
  uint64_t position;
  uint64_t next_seq;
  uint64_t last_time;
};

// Sees every frame of a batch once the batch is known to be whole.
using FrameVisitor =
    std::function<void(const FrameWords& frame, uint64_t position, uint64_t batch_end)>;

// Follows whole batches from `from`: intact frames back to back, sequences without a hole, the first
// marked BEGIN with a time above the batch before, all of one time, the last marked END. Frames must
// end at or before `end` and have sequences below `seq_limit` (control frames: at most). A recovery frame
// ends the walk. Returns where the last whole batch ended.
WalkState walk_batches(const PoolView& view, WalkState from, uint64_t end, uint64_t seq_limit,
                       const FrameVisitor& visit);

// The position nearest to `reference` whose place in the ring is `offset` and whose lap has these low
// 32 bits.
uint64_t position_near(uint64_t reference, uint32_t lap, uint64_t offset, uint64_t ring_size);

// Intact frames that follow each other without a hole, found by looking at the whole ring.
struct FrameRun {
  uint64_t begin;
  uint64_t end;
};

// All runs in the ring whose frames `accept` takes, in order of position.
std::vector<FrameRun> scan_runs(
    const PoolView& view, uint64_t reference,
    const std::function<bool(const FrameWords& frame, uint64_t position)>& accept);

// The body of the frame at `position`, copied.
std::string read_body(const PoolView& view, const FrameWords& frame, uint64_t position);

}  // namespace plasmite
