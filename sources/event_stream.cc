#include "sources/event_stream.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace plasmite {

namespace {

constexpr size_t kLongestName = std::string_view("event").size();

size_t line_length(std::string_view bytes) {
  size_t length = 0;
  while (length < bytes.size() && bytes[length] != '\n' && bytes[length] != '\r') ++length;
  return length;
}

}  // namespace

EventStream::EventStream(size_t max_data_bytes, RecordPosition begin, OnEvent on_event)
    : max_data_bytes_(max_data_bytes),
      on_event_(std::move(on_event)),
      line_at_(begin),
      offset_(begin.offset) {}

Result<void> EventStream::push(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size();) {
    if (std::exchange(swallow_lf_, false) && bytes[at] == '\n') {
      ++at;
      ++line_at_.offset;
      continue;
    }
    const std::string_view part = bytes.substr(at, line_length(bytes.substr(at)));
    if (Result<void> taken = take_part(part); !taken) return taken;
    at += part.size();
    if (at == bytes.size()) break;
    swallow_lf_ = bytes[at] == '\r';
    ++at;
    if (Result<void> ended = end_line(); !ended) return ended;
    line_at_ = {.offset = offset_ + at, .line = line_at_.line + 1};
  }
  offset_ += bytes.size();
  return {};
}

Result<void> EventStream::finish() {
  if (!blank_)
    if (Result<void> ended = end_line(); !ended) return ended;
  return dispatch();
}

Result<void> EventStream::take_part(std::string_view part) {
  if (part.empty()) return {};
  blank_ = false;
  if (in_name_) {
    const size_t colon = part.find(':');
    // One byte more than any name has tells that it is none of them.
    name_ += part.substr(0, std::min(colon, kLongestName + 1 - name_.size()));
    if (colon == std::string_view::npos) return {};
    part.remove_prefix(colon + 1);
    space_allowed_ = true;
    if (Result<void> ended = end_name(); !ended) return ended;
  }
  if (part.empty()) return {};
  if (std::exchange(space_allowed_, false) && part.front() == ' ') part.remove_prefix(1);
  return append_value(part);
}

Result<void> EventStream::end_name() {
  in_name_ = false;
  field_ = name_ == "data"    ? Field::data
           : name_ == "event" ? Field::event
           : name_ == "id"    ? Field::id
           : name_ == "retry" ? Field::retry
                              : Field::none;
  if (field_ != Field::data) return {};
  if (std::exchange(has_data_, true)) return append_data("\n");
  data_at_ = line_at_;
  return {};
}

Result<void> EventStream::append_value(std::string_view part) {
  if (field_ == Field::data) return append_data(part);
  if (field_ != Field::none && value_.size() <= kMaxFieldBytes)
    value_ += part.substr(0, kMaxFieldBytes + 1 - value_.size());
  return {};
}

Result<void> EventStream::append_data(std::string_view part) {
  if (oversized_) return {};
  const size_t room = max_data_bytes_ + 1 - std::min(data_.size(), max_data_bytes_ + 1);
  data_ += part.substr(0, room);
  if (data_.size() <= max_data_bytes_) return {};
  oversized_ = true;
  Result<void> handed_out = hand_out(/*oversized=*/true);
  data_.clear();
  return handed_out;
}

Result<void> EventStream::end_line() {
  Result<void> done;
  if (blank_) {
    done = dispatch();
  } else {
    if (in_name_) done = end_name();  // a name without a colon has an empty value
    const bool usable = value_.size() <= kMaxFieldBytes;
    if (field_ == Field::event && usable) type_ = value_;
    if (field_ == Field::id && usable && !value_.contains('\0')) last_event_id_ = value_;
    if (field_ == Field::retry && value_.find_first_not_of("0123456789") == std::string::npos) {
      uint64_t milliseconds = 0;
      const auto parsed =
          std::from_chars(value_.data(), value_.data() + value_.size(), milliseconds);
      if (parsed.ec == std::errc()) retry_ms_ = milliseconds;
    }
  }
  blank_ = true;
  in_name_ = true;
  space_allowed_ = false;
  name_.clear();
  value_.clear();
  field_ = Field::none;
  return done;
}

Result<void> EventStream::dispatch() {
  Result<void> handed_out;
  if (has_data_ && !oversized_) handed_out = hand_out(/*oversized=*/false);
  data_.clear();
  type_.clear();
  has_data_ = false;
  oversized_ = false;
  return handed_out;
}

Result<void> EventStream::hand_out(bool oversized) {
  return on_event_({.data = data_, .type = type_, .at = data_at_, .oversized = oversized});
}

}  // namespace plasmite
