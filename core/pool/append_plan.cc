#include "core/pool/append_plan.h"

#include <algorithm>

#include "core/pool/pool_format.h"

namespace plasmite {

AppendPlan plan_append(const WriterState& state, const BatchSize& batch, uint64_t ring_size,
                       uint64_t sync_window, uint64_t seq_window) {
  AppendPlan plan{};
  plan.new_head = state.head + batch.bytes;
  const uint64_t new_next = state.next_seq + batch.records;
  if (plan.new_head > state.pos_limit || new_next > state.seq_limit) {
    plan.verdict = AppendVerdict::reserve_first;
    return plan;
  }
  const bool room = state.tail + ring_size >= plan.new_head;
  plan.verdict = room ? AppendVerdict::fits : AppendVerdict::retire;
  plan.retire_to = room ? state.tail : plan.new_head - ring_size;
  const uint64_t pos_half = state.pos_limit - sync_window / 2;
  const uint64_t seq_half = state.seq_limit - seq_window / 2;
  plan.crosses_half_window = (state.head <= pos_half && plan.new_head > pos_half) ||
                             (state.next_seq <= seq_half && new_next > seq_half);
  return plan;
}

}  // namespace plasmite
