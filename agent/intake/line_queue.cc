#include "agent/intake/line_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace plasmite {

LineQueue::LineQueue(size_t capacity)
    : capacity_(capacity), bytes_(std::make_unique_for_overwrite<char[]>(capacity)) {}

size_t LineQueue::may_push(size_t wanted) const {
  return line_is_begun_outside() ? std::min(wanted, room()) : wanted;
}

void LineQueue::push(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t feed = bytes.find('\n');
    const bool ends_line = feed != std::string_view::npos;
    const std::string_view piece = bytes.substr(0, ends_line ? feed + 1 : bytes.size());
    bytes.remove_prefix(piece.size());
    if (leaving_out_) {
      leaving_out_ = !ends_line;
    } else if (piece.size() <= room()) {
      append(piece);
      if (ends_line) line_ = in_;
    } else {
      PLASMITE_CHECK(!line_is_begun_outside());
      in_ = line_;
      if (left_out_++ == 0) left_out_at_ = in_;
      leaving_out_ = !ends_line;
    }
  }
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
  const size_t size = static_cast<size_t>(in_ - out_);
  const size_t first = std::min(size, capacity_ - at);
  return {std::string_view(bytes_.get() + at, first), std::string_view(bytes_.get(), size - first)};
}

void LineQueue::pop(size_t bytes) {
  PLASMITE_CHECK(bytes <= in_ - out_);
  out_ += bytes;
}

uint64_t LineQueue::take_left_out(uint64_t bytes) {
  return left_out_at_ <= bytes ? std::exchange(left_out_, 0) : 0;
}

}  // namespace plasmite
