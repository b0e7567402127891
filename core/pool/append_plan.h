// What one append needs, decided before any shared word is touched. Pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "core/pool/geometry.h"
#include "core/pool/record.h"

namespace plasmite {

struct BatchSize {
  uint64_t bytes = 0;       // frames, headers and padding included
  uint64_t records = 0;
  uint64_t largest = 0;     // bytes of the largest record frame
};

BatchSize size_of_batch(std::span<const RecordView> records, uint64_t checkpoint_body_bytes);

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
