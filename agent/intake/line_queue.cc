#include "agent/intake/line_queue.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"

namespace plasmite {

LineQueue::LineQueue(size_t capacity)
    : capacity_(capacity), bytes_(std::make_unique_for_overwrite<char[]>(capacity)) {}

size_t LineQueue::may_push(size_t wanted) const {
  return line_is_begun_outside() ? std::min(wanted, room()) : wanted;
}

uint64_t LineQueue::push(std::string_view bytes) {
  uint64_t left_out = 0;
  while (!bytes.empty()) {
    const size_t feed = bytes.find('\n');
    const bool ends_line = feed != std::string_view::npos;
    const std::string_view piece = bytes.substr(0, ends_line ? feed + 1 : bytes.size());
    bytes.remove_prefix(piece.size());
    is_full_ = is_full_ && room() < capacity_ / 4;
    if (leaving_out_) {
      leaving_out_ = !ends_line;
    } else if (!is_full_ && piece.size() <= room()) {
      append(piece);
      if (ends_line) line_ = in_;
    } else {
      PLASMITE_CHECK(!line_is_begun_outside());
      leave_out_line();
      ++left_out;
      leaving_out_ = !ends_line;
    }
  }
  return left_out;
}

void LineQueue::leave_out_line() {
  in_ = line_;
  is_full_ = true;
  const bool is_new = holes_.empty() || holes_.back().at != in_;
  if (is_new && holes_.size() < kMostHoles) holes_.push_back({.at = in_, .lines = 0});
  ++holes_.back().lines;
}

void LineQueue::append(std::string_view bytes) {
  const size_t at = static_cast<size_t>(in_ % capacity_);
  const size_t first = std::min(bytes.size(), capacity_ - at);
  std::memcpy(bytes_.get() + at, bytes.data(), first);
  std::memcpy(bytes_.get(), bytes.data() + first, bytes.size() - first);
  in_ += bytes.size();
}

std::array<std::string_view, 2> LineQueue::front() const {
  const size_t at = static_cast<size_t>(out_ % capacity_);
  const size_t size = static_cast<size_t>(next_hole() - out_);
  const size_t first = std::min(size, capacity_ - at);
  return {std::string_view(bytes_.get() + at, first), std::string_view(bytes_.get(), size - first)};
}

void LineQueue::pop(size_t bytes) {
  PLASMITE_CHECK(bytes <= in_ - out_);
  out_ += bytes;
}

uint64_t LineQueue::take_left_out(uint64_t bytes) {
  uint64_t lines = 0;
  for (; !holes_.empty() && holes_.front().at <= bytes; holes_.pop_front())
    lines += holes_.front().lines;
  return lines;
}

bool LineQueue::is_at_hole() const {
  return std::ranges::any_of(holes_, [&](const Hole& hole) { return hole.at == out_; });
}

uint64_t LineQueue::next_hole() const {
  const auto next = std::ranges::find_if(holes_, [&](const Hole& hole) { return hole.at > out_; });
  return next == holes_.end() ? in_ : next->at;
}

}  // namespace plasmite
