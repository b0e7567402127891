#include "core/pool/frame_walk.h"

#include <algorithm>

namespace plasmite {

WalkState walk_batches(const PoolView& view, WalkState from, uint64_t end, uint64_t seq_limit,
                       const FrameVisitor& visit) {
  WalkState whole = from;  // after the last whole batch
  WalkState at = from;
  std::vector<std::pair<FrameWords, uint64_t>> batch;
  while (end - at.position >= sizeof(FrameHeader) && at.position < end) {
    const FrameWords frame = view.header_at(at.position);
    if (!view.intact(frame, at.position, end)) break;
    if ((frame.flags() & kFrameRecovery) != 0 || frame.seq() != at.next_seq) break;
    if (!frame.is_control() && frame.seq() >= seq_limit) break;
    const bool begins = (frame.flags() & kFrameBegin) != 0;
    if (begins != batch.empty()) break;
    if (begins ? frame.time() <= at.last_time : frame.time() != at.last_time) break;
    batch.emplace_back(frame, at.position);
    at.position += frame.size();
    at.next_seq += frame.is_control() ? 0 : 1;
    at.last_time = frame.time();
    if ((frame.flags() & kFrameEnd) == 0) continue;
    whole = at;
    for (const auto& [member, position] : batch) visit(member, position, at.position);
    batch.clear();
  }
  return whole;
}

uint64_t position_near(uint64_t reference, uint32_t lap, uint64_t offset, uint64_t ring_size) {
  const uint64_t reference_lap = reference / ring_size;
  // The signed distance in laps, taken modulo 2^32.
  const auto distance =
      static_cast<int64_t>(static_cast<int32_t>(lap - static_cast<uint32_t>(reference_lap)));
  return (reference_lap + static_cast<uint64_t>(distance)) * ring_size + offset;
}

std::vector<FrameRun> scan_runs(
    const PoolView& view, uint64_t reference,
    const std::function<bool(const FrameWords& frame, uint64_t position)>& accept) {
  const uint64_t ring_size = view.geometry.ring_size;
  std::vector<FrameRun> runs;
  for (uint64_t offset = 0; offset < ring_size;) {
    const uint64_t first_word = view.ring.load(offset);
    if ((static_cast<uint32_t>(first_word) & kFrameMagicMask) != kFrameMagic) {
      offset += 8;
      continue;
    }
    const FrameWords frame = view.header_at(offset);
    const uint64_t position = position_near(reference, frame.lap(), offset, ring_size);
    // The end is not known here: `accept` bounds it, intact() only needs one that does not cut.
    if (position > kMaxCount ||
        !view.intact(frame, position, position + ring_size) || !accept(frame, position)) {
      offset += 8;
      continue;
    }
    if (!runs.empty() && runs.back().end == position)
      runs.back().end = position + frame.size();
    else
      runs.push_back({position, position + frame.size()});
    offset += frame.size();
  }
  std::sort(runs.begin(), runs.end(),
            [](const FrameRun& a, const FrameRun& b) { return a.begin < b.begin; });
  // The ring's end cuts a run in two; put such pieces together again.
  std::vector<FrameRun> joined;
  for (const FrameRun& run : runs) {
    if (!joined.empty() && joined.back().end == run.begin)
      joined.back().end = run.end;
    else
      joined.push_back(run);
  }
  return joined;
}

std::string read_body(const PoolView& view, const FrameWords& frame, uint64_t position) {
  std::vector<uint64_t> words(align8(frame.body_len()) / 8);
  view.ring.copy_out(position + sizeof(FrameHeader), words.data(), words.size() * 8, 0);
  return {reinterpret_cast<const char*>(words.data()), frame.body_len()};
}

}  // namespace plasmite
