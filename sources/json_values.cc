#include "sources/json_values.h"

#include <algorithm>

namespace plasmite {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_number(std::string_view value) {
  return value.front() == '-' || (value.front() >= '0' && value.front() <= '9');
}

Error text_follows(ValueRule rule) {
  return Error(ErrorKind::Usage, "invalid json")
      .with_cause(rule == ValueRule::one ? "more text follows the value"
                                         : "text follows a record without a record separator")
      .with_hint(rule == ValueRule::one ? "For several values use --in jq."
                                        : "Each record begins with a byte 0x1E (RFC 7464).");
}

// RFC 7464, 2.4: the rest of its digits may be missing.
Error cut_off_number() {
  return Error(ErrorKind::Usage, "invalid json")
      .with_cause("the record may be cut off: it is a number, and no white space follows")
      .with_hint("A record is one JSON object (RFC 8259) in UTF-8.");
}

}  // namespace

JsonValues::JsonValues(RecordIntake& intake, ValueRule rule, uint64_t offset)
    : intake_(intake), rule_(rule), offset_(offset) {}

Result<void> JsonValues::push(PaddedText padded) {
  const std::string_view bytes = padded.text;
  at_ = 0;
  value_begin_ = 0;
  while (at_ < bytes.size()) {
    if (state_ == State::in_value || state_ == State::too_long) {
      if (Result<void> taken = go_on(padded); !taken) return taken;
    } else if (rule_ == ValueRule::separated && bytes[at_] == kRecordSeparator) {
      state_ = State::between;
      ++at_;
    } else if (state_ == State::let_go) {
      at_ = rule_ == ValueRule::separated
                ? std::min(bytes.find(kRecordSeparator, at_), bytes.size())
                : bytes.size();
    } else if (is_space(bytes[at_])) {
      ++at_;
    } else if (Result<void> begun = begin(bytes); !begun) {
      return begun;
    }
  }
  if (state_ == State::in_value) held_ += bytes.substr(value_begin_);
  offset_ += bytes.size();
  return {};
}

// A byte that is no white space, outside of any value.
Result<void> JsonValues::begin(std::string_view bytes) {
  if (state_ == State::ended) {
    state_ = State::let_go;
    // A single value was kept back until now, and is part of what is bad.
    if (rule_ == ValueRule::one) return intake_.reject(held_, value_at_, text_follows(rule_));
    return intake_.reject(bytes.substr(at_, 1), {.offset = offset_ + at_}, text_follows(rule_));
  }
  state_ = State::in_value;
  scanner_.reset();
  held_.clear();
  value_begin_ = at_;
  value_at_ = {.offset = offset_ + at_};
  return {};
}

std::string_view JsonValues::text_until(std::string_view bytes, size_t end) {
  const std::string_view part = bytes.substr(value_begin_, end - value_begin_);
  if (held_.empty()) return part;
  held_ += part;
  return held_;
}

Result<void> JsonValues::go_on(PaddedText padded) {
  const std::string_view bytes = padded.text;
  at_ += scanner_.scan(bytes.substr(at_));
  const size_t size = held_.size() + at_ - value_begin_;
  if (state_ == State::in_value && size > intake_.max_record_bytes()) {
    // Only as much as does not depend on how the input was cut.
    const size_t excess = size - intake_.max_record_bytes() - 1;
    state_ = State::too_long;
    Result<void> rejected = intake_.reject_oversized(text_until(bytes, at_ - excess), value_at_);
    held_.clear();
    if (!rejected) return rejected;
  }
  switch (scanner_.state()) {
    case JsonScanner::State::open:
      return {};
    case JsonScanner::State::complete:
      return end_value(padded);
    case JsonScanner::State::broken:
      break;
  }
  if (state_ == State::too_long) {
    state_ = State::let_go;
    return {};
  }
  // A record that the next one cuts off; or the byte that broke it belongs to what is shown.
  const bool cut_off = rule_ == ValueRule::separated && bytes[at_] == kRecordSeparator;
  if (!cut_off) ++at_;
  return break_off(text_until(bytes, at_));
}

Result<void> JsonValues::end_value(PaddedText padded) {
  const std::string_view bytes = padded.text;
  const bool was_too_long = state_ == State::too_long;
  state_ = after_value();
  if (was_too_long) {
    // Whatever follows a single value that is bad is no second bad record.
    if (rule_ == ValueRule::one) state_ = State::let_go;
    return {};
  }
  if (rule_ == ValueRule::one) {
    text_until(bytes, at_);
    if (held_.empty()) held_ = bytes.substr(value_begin_, at_ - value_begin_);
    return {};
  }
  const bool whole_here = held_.empty();
  const std::string_view text = text_until(bytes, at_);
  // A number has ended where something else begins, everything else by itself.
  const bool cut_off =
      rule_ == ValueRule::separated && is_number(text) && bytes[at_] == kRecordSeparator;
  Result<void> taken = cut_off      ? intake_.reject(text, value_at_, cut_off_number())
                       : whole_here ? intake_.take({text}, value_at_)
                                    : intake_.take_copy(text, value_at_);
  held_.clear();
  return taken;
}

JsonValues::State JsonValues::after_value() const {
  return rule_ == ValueRule::many ? State::between : State::ended;
}

// Says what is wrong with a text that no continuation would make a value.
Result<void> JsonValues::break_off(std::string_view text) {
  state_ = State::let_go;
  Result<void> rejected = intake_.take_copy(text, value_at_);
  held_.clear();
  return rejected;
}

Result<void> JsonValues::finish() {
  if (state_ == State::in_value) {
    if (rule_ == ValueRule::separated && is_number(held_))
      return intake_.reject(held_, value_at_, cut_off_number());
    return intake_.take_copy(held_, value_at_);
  }
  if (state_ == State::ended && rule_ == ValueRule::one) return intake_.take_copy(held_, value_at_);
  return {};
}

}  // namespace plasmite
