// The state behind plasmite::Cursor: reads frames without a lock.
//
// Copy, then look at tail again: bytes that were given away for reuse while they were copied are never
// delivered. Positions only grow; a reader that was overtaken goes on at the tail, and because sequences
// have no holes of their own the next record says exactly what was lost.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/pool/pool.h"
#include "core/pool/pool_handle.h"

namespace plasmite {

// Nobody sleeps longer on a pool: covers a writer that died before waking, and removal of the file by
// other means than ours.
inline constexpr std::chrono::milliseconds kSleepCap{2000};
inline constexpr std::chrono::milliseconds kSlowestPoll{50};

struct Cursor::State {
  enum class Read : uint8_t { record, nothing_more, damage };

  std::shared_ptr<PoolHandle> handle;
  uint64_t position = 0;
  uint64_t head = 0;            // as last seen; frames before it are published
  uint64_t expected_seq = 0;    // of the next record; 0: any
  uint64_t last_seq = 0;        // of the newest record seen, wanted or not
  uint64_t min_seq = 0;         // records before it are not wanted
  uint64_t min_time = 0;
  Gap::Cause gap_cause = Gap::Cause::retention;
  std::optional<Gap> gap;
  std::vector<uint64_t> buffer;
  MessageView message;
  std::chrono::milliseconds poll_interval{1};  // without a wait page

  Read read_next();

  // Whether something was published behind what was read, or the position is no longer valid.
  bool has_more() const { return handle->view.head() != position; }

  // See Cursor::wait, but for a file that was replaced.
  Result<bool> wait(std::chrono::steady_clock::time_point deadline, const std::atomic<bool>* stop);

  // Goes on in the file that has taken the place of this one, behind the last record seen. False: there is
  // none.
  bool move_to_successor();

 private:
  enum class Frame : uint8_t { accepted, overtaken, damaged };

  // Where `place_position` lies in the ring, so that stepping from frame to frame divides nothing.
  uint64_t place_position = UINT64_MAX;
  uint64_t offset = 0;
  uint64_t lap = 0;

  Frame copy_frame(FrameWords* frame);
  void step_over(const FrameWords& frame);
  void go_to(uint64_t tail);
  bool return_to(uint64_t live_head);
  bool take_control(const FrameWords& frame);
  bool deliver(const FrameWords& frame);
};

}  // namespace plasmite
