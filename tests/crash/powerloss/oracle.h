// What a scenario knows about its pool: every batch ever attempted and what became of it. Images
// taken at some instant are judged by a Snapshot of that instant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/pool/pool.h"

namespace plasmite::crash {

inline constexpr int kCheckpointNames = 3;
std::string checkpoint_name(int which);

enum class BatchState : uint8_t {
  planned,    // the writer lock was not taken for it yet
  attempted,  // bytes of it may be in the file, nobody saw it
  published,  // readers saw it
  durable,    // and a flush that covers it returned, or a recovery found it
  gone,       // not there after a power loss
};

struct Batch {
  std::vector<std::string> bodies;
  int checkpoint = -1;             // which name; -1: none
  uint64_t checkpoint_number = 0;  // its value
  uint64_t first_seq = 0;          // from here on: known once attempted
  int64_t time_ns = 0;             // 0: not known
  uint64_t begin = 0;              // position, plus Snapshot::position_offset
  uint64_t end = 0;

  uint64_t checkpoint_bytes() const;
  uint64_t record_begin(size_t index) const;
  uint64_t bytes() const;
};

// The text of record `index` of batch `id`, with about `length` bytes.
std::string make_body(uint32_t id, size_t index, size_t length);

// Which record a text claims to be.
struct BodyId {
  uint32_t batch;
  size_t index;
};
std::optional<BodyId> parse_body(std::string_view body);

struct Snapshot {
  std::vector<uint32_t> order;          // published and not gone, oldest first
  std::vector<BatchState> states;       // of all batches
  std::vector<uint32_t> open_attempts;  // unpublished, and nothing was published after them
  // Values at the last recovery, and how much of the order was there then.
  std::array<uint64_t, kCheckpointNames> base_checkpoints{};
  size_t base_order = 0;
  // Of this batch the last recovery found only the records from front_index on.
  std::optional<uint32_t> front_batch;
  size_t front_index = 0;
  uint64_t attempt_end = 0;  // bytes up to here may have been written
  uint64_t position = 0;
  uint64_t position_offset = 0;  // positions here minus positions in the file
  uint64_t max_visible_seq = 0;  // over all lives
  uint64_t ring_size = 0;

  // Whether an append that was attempted may have retired record `index` of batch `id`, which
  // begins at `begin`. `slack`: bytes of recovery frames that came on top.
  bool may_be_retired(uint32_t id, size_t index, uint64_t begin, uint64_t slack) const {
    return begin + ring_size < attempt_end + slack || (id == front_batch && index < front_index);
  }
};

// How far into the order an image showed records.
struct Survivors {
  size_t order_count = 0;           // batches order[0 .. order_count) may survive...
  std::vector<uint32_t> shown;      // ...but of those with records only these did
  size_t front_index = 0;           // of the first of these
  std::optional<uint32_t> attempt;  // an unpublished batch that was recovered whole
  std::array<uint64_t, kCheckpointNames> checkpoints{};
  uint64_t next_seq = 1;
  uint64_t position = 0;  // where the next batch begins
};

class Oracle {
 public:
  explicit Oracle(uint64_t ring_size) { now_.ring_size = ring_size; }

  uint32_t plan(Batch batch);
  uint32_t next_id() const { return static_cast<uint32_t>(batches_.size()); }
  uint64_t next_checkpoint_number() { return ++last_checkpoint_number_; }

  // The writer lock was taken (again) to append `id`.
  void attempt(uint32_t id);
  void publish(uint32_t id);
  // The first `count` of the order are on disk.
  void make_durable(size_t count);
  void set_time(uint32_t id, int64_t time_ns) { batches_[id].time_ns = time_ns; }

  // Recovery found this; the rest is gone.
  void adopt(const Survivors& survivors);
  // The records were copied to other positions.
  void set_position_offset(uint64_t offset) { now_.position_offset = offset; }

  const Batch& batch(uint32_t id) const { return batches_[id]; }
  size_t batch_count() const { return batches_.size(); }
  const Snapshot& now() const { return now_; }
  uint64_t next_seq() const { return next_seq_; }
  bool is_published(uint32_t id) const { return now_.states[id] >= BatchState::published; }

 private:
  std::vector<Batch> batches_;
  Snapshot now_;
  uint64_t next_seq_ = 1;
  uint64_t last_checkpoint_number_ = 0;
};

}  // namespace plasmite::crash
