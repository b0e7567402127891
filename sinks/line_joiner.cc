#include "sinks/line_joiner.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/check.h"

namespace plasmite {

void LineJoiner::add(const TapLine& line, uint64_t seq, std::string_view eol,
                     std::vector<JoinedPiece>& ready) {
  PLASMITE_CHECK(line.part.has_value());
  const TapPart& part = *line.part;
  const auto open = find_or_open(line);
  // Parts of one line are stored in their order: what is not the next one follows a loss.
  if (part.number != open->next_part) open->incomplete = true;
  open->next_part = part.number + 1;
  if (open->held.empty()) open->first_seq = seq;
  open->held += line.bytes;
  held_bytes_ += line.bytes.size();
  if (part.last) {
    end(open, eol, ready);
    return;
  }
  if (open->handed_on || open->held.size() > limits_.line_bytes) hand_on(*open, ready);
  keep_within_limits(ready);
}

void LineJoiner::take_rest(std::vector<JoinedPiece>& ready) {
  while (!lines_.empty()) give_up(lines_.begin(), ready);
}

std::optional<uint64_t> LineJoiner::oldest_held() const {
  std::optional<uint64_t> oldest;
  for (const OpenLine& line : lines_)
    if (!line.held.empty()) oldest = std::min(oldest.value_or(UINT64_MAX), line.first_seq);
  return oldest;
}

LineJoiner::Lines::iterator LineJoiner::find_or_open(const TapLine& line) {
  const auto open = std::ranges::find_if(lines_, [&](const OpenLine& candidate) {
    return candidate.stream == line.stream && candidate.id == line.part->id;
  });
  if (open != lines_.end()) return open;
  lines_.push_back({.stream = line.stream, .id = std::string(line.part->id), .held = {}});
  return std::prev(lines_.end());
}

void LineJoiner::keep_within_limits(std::vector<JoinedPiece>& ready) {
  for (OpenLine& line : lines_) {
    if (held_bytes_ <= limits_.all_bytes) break;
    hand_on(line, ready);
  }
  if (lines_.size() > limits_.lines) give_up(lines_.begin(), ready);
}

void LineJoiner::hand_on(OpenLine& line, std::vector<JoinedPiece>& ready) {
  line.handed_on = true;
  if (!line.held.empty()) ready.push_back(piece_of(line));
}

void LineJoiner::end(Lines::iterator line, std::string_view eol, std::vector<JoinedPiece>& ready) {
  JoinedPiece piece = piece_of(*line);
  piece.eol = eol;
  piece.ends_line = true;
  ready.push_back(std::move(piece));
  lines_.erase(line);
}

void LineJoiner::give_up(Lines::iterator line, std::vector<JoinedPiece>& ready) {
  line->incomplete = true;
  end(line, /*eol=*/{}, ready);
}

JoinedPiece LineJoiner::piece_of(OpenLine& line) {
  held_bytes_ -= line.held.size();
  return {.stream = line.stream,
          .bytes = std::exchange(line.held, {}),
          .eol = {},
          .ends_line = false,
          .parts_missing = line.incomplete && !std::exchange(line.told, line.incomplete),
          .id = line.id,
          .first_seq = line.first_seq};
}

}  // namespace plasmite
