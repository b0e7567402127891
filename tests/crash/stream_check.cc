#include "tests/crash/stream_check.h"

#include <cinttypes>

namespace plasmite::crash {

std::optional<PayloadId> StreamCheck::next(const MessageView& message,
                                           const std::optional<Gap>& gap) {
  check_gap(message, gap);
  state_.expected_seq = message.seq + 1;
  ++state_.delivered;
  const auto id = parse_payload(message.body);
  if (!id || id->writer >= kWriters || id->batch_index >= id->batch_count) {
    failures_.report(Failure::torn, "%s: record %" PRIu64 " of %zu bytes is not what anybody wrote",
                     who_, message.seq, message.body.size());
    state_.in_batch = false;
    state_.after_gap = true;
    for (auto& writer : state_.writers) writer.exact = false;
    return std::nullopt;
  }
  if (!shared_.sequences.agree(message.seq, id->digest()))
    failures_.report(Failure::repeated, "%s: sequence %" PRIu64 " was given to another record",
                     who_, message.seq);
  check_batch(message, *id);
  check_writer(message, *id);
  state_.last = *id;
  state_.last_time_ns = message.time_ns;
  state_.in_batch = id->batch_index + 1 < id->batch_count;
  state_.after_gap = false;
  return id;
}

void StreamCheck::check_gap(const MessageView& message, const std::optional<Gap>& gap) {
  if (!gap && state_.expected_seq == 0) return;
  if (!gap) {
    if (message.seq > state_.expected_seq)
      failures_.report(Failure::lost, "%s: %" PRIu64 "..%" PRIu64 " missing without a word", who_,
                       state_.expected_seq, message.seq - 1);
    else if (message.seq < state_.expected_seq)
      failures_.report(Failure::repeated, "%s: %" PRIu64 " after %" PRIu64, who_, message.seq,
                       state_.expected_seq - 1);
    return;
  }
  if (gap->cause != Gap::Cause::retention)
    failures_.report(Failure::torn, "%s: %" PRIu64 "..%" PRIu64 " reported as %s", who_, gap->first,
                     gap->last, gap->cause == Gap::Cause::damage ? "damaged" : "lost with power");
  if (gap->last + 1 != message.seq || gap->first > gap->last ||
      (state_.expected_seq != 0 && gap->first != state_.expected_seq))
    failures_.report(Failure::lost,
                     "%s: gap %" PRIu64 "..%" PRIu64 " where %" PRIu64 "..%" PRIu64 " is missing",
                     who_, gap->first, gap->last, state_.expected_seq, message.seq - 1);
  // What was reported as retired must be retired.
  if (const auto info = pool_.info(); info && info->oldest_seq && *info->oldest_seq <= gap->last)
    failures_.report(Failure::lost, "%s: gap to %" PRIu64 ", but %" PRIu64 " is retained", who_,
                     gap->last, *info->oldest_seq);
  state_.lost += message.seq - gap->first;
  state_.in_batch = false;
  state_.after_gap = true;
  for (auto& writer : state_.writers) writer.exact = false;
}

void StreamCheck::check_batch(const MessageView& message, const PayloadId& id) {
  const PayloadId& last = state_.last;
  if (state_.in_batch) {
    const bool follows = id.writer == last.writer && id.run == last.run &&
                         id.batch_count == last.batch_count &&
                         id.batch_index == last.batch_index + 1;
    if (!follows)
      failures_.report(Failure::torn, "%s: batch cut before %" PRIu64 " (%u of %u seen)", who_,
                       message.seq, last.batch_index + 1, last.batch_count);
  } else if (id.batch_index != 0 && !state_.after_gap) {
    failures_.report(Failure::torn, "%s: %" PRIu64 " begins inside a batch", who_, message.seq);
  }
  const bool same_batch = state_.in_batch;
  if (state_.last_time_ns == 0) return;
  if (message.time_ns < state_.last_time_ns ||
      (!same_batch && id.batch_index == 0 && message.time_ns == state_.last_time_ns) ||
      (same_batch && message.time_ns != state_.last_time_ns))
    failures_.report(Failure::torn, "%s: time of %" PRIu64 " does not follow", who_, message.seq);
}

void StreamCheck::check_writer(const MessageView& message, const PayloadId& id) {
  StreamState::Writer& writer = state_.writers[id.writer];
  const bool later = id.run > writer.run || (id.run == writer.run && id.number > writer.number);
  if (!later) {
    failures_.report(Failure::repeated,
                     "%s: %" PRIu64 ": writer %u run %u number %" PRIu64
                     " after run %u number %" PRIu64,
                     who_, message.seq, id.writer, id.run, id.number, writer.run, writer.number);
  } else if (writer.exact) {
    const uint64_t wanted = id.run == writer.run ? writer.number + 1 : 1;
    if (id.number != wanted)
      failures_.report(Failure::lost,
                       "%s: %" PRIu64 ": writer %u run %u: number %" PRIu64 " where %" PRIu64
                       " is due",
                       who_, message.seq, id.writer, id.run, id.number, wanted);
  }
  writer = {.run = id.run, .number = id.number, .exact = true};
}

}  // namespace plasmite::crash
