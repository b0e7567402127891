// What one append needs, decided before any shared word is touched. Pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/pool/geometry.h"
#include "core/pool/pool_format.h"
#include "core/pool/record.h"

namespace plasmite {

struct BatchSize {
  uint64_t bytes = 0;       // frames, headers and padding included
  uint64_t records = 0;
  uint64_t largest = 0;     // bytes of the largest record frame
};

// Inline: of a single record it costs less than what a result in memory does.
inline BatchSize size_of_batch(std::span<const RecordView> records, uint64_t checkpoint_body_bytes) {
  BatchSize size;
  for (const RecordView& record : records) {
    const uint64_t tags = record.tags ? record.tags->bytes().size() : 0;
    const uint64_t bytes = frame_bytes(tags + record.body.size());
    size.bytes += bytes;
    size.largest = std::max(size.largest, bytes);
  }
  size.records = records.size();
  if (checkpoint_body_bytes != 0) size.bytes += frame_bytes(checkpoint_body_bytes);
  return size;
}

// Where the writer stands when it holds the lock.
struct WriterState {
  uint64_t head;
  uint64_t tail;
  uint64_t next_seq;
  uint64_t pos_limit;
  uint64_t seq_limit;
};

enum class AppendVerdict : uint8_t {
  fits,          // nothing to retire
  retire,        // the tail must move to retire_to or beyond, on a frame boundary
  reserve_first, // the durable reservation does not cover the batch
};

struct AppendPlan {
  AppendVerdict verdict;
  uint64_t new_head;
  uint64_t retire_to;         // the lowest tail that leaves room
  bool crosses_half_window;   // whoever crosses it reserves anew, after unlocking
};

AppendPlan plan_append(const WriterState& state, const BatchSize& batch, uint64_t ring_size,
                       uint64_t sync_window, uint64_t seq_window);

}  // namespace plasmite
