#include "sources/json_scanner.h"

namespace plasmite {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool in_number(char c) {
  return is_digit(c) || c == '.' || c == 'e' || c == 'E' || c == '-' || c == '+';
}

}  // namespace

size_t JsonScanner::scan(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size() && state_ == State::open) {
    if (expected_ == Expected::string) {
      at = scan_string(bytes, at);
    } else if (expected_ == Expected::number && !in_number(bytes[at])) {
      end_value();  // and what ended it is looked at again
    } else {
      take(bytes[at]);
      if (state_ != State::broken) ++at;
    }
  }
  return at;
}

// Most bytes of most records are inside strings.
size_t JsonScanner::scan_string(std::string_view bytes, size_t at) {
  while (at < bytes.size()) {
    const char c = bytes[at];
    if (c == '"') {
      if (string_is_key_)
        expected_ = Expected::colon;
      else
        end_value();
      return at + 1;
    }
    if (c == '\\') {
      expected_ = Expected::escaped;
      return at + 1;
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      state_ = State::broken;
      return at;
    }
    ++at;
  }
  return at;
}

void JsonScanner::take(char c) {
  if (expected_ <= Expected::comma_or_end && is_space(c)) return;
  switch (expected_) {
    case Expected::value:
      return begin_value(c);
    case Expected::value_or_end:
      return c == ']' ? close_container(/*is_object=*/false) : begin_value(c);
    case Expected::key_or_end:
      if (c == '}') return close_container(/*is_object=*/true);
      [[fallthrough]];
    case Expected::key:
      string_is_key_ = true;
      return take_if(c == '"', Expected::string);
    case Expected::colon:
      return take_if(c == ':', Expected::value);
    case Expected::comma_or_end:
      if (c == '}' || c == ']') return close_container(c == '}');
      return take_if(c == ',', is_object_[depth_ - 1] ? Expected::key : Expected::value);
    case Expected::escaped:
      hex_digits_left_ = 4;
      return take_if(std::string_view("\"\\/bfnrtu").contains(c),
                     c == 'u' ? Expected::hex_digit : Expected::string);
    case Expected::hex_digit:
      --hex_digits_left_;
      return take_if(is_hex_digit(c),
                     hex_digits_left_ > 0 ? Expected::hex_digit : Expected::string);
    case Expected::literal:
      take_if(c == literal_left_.front(), Expected::literal);
      literal_left_.remove_prefix(1);
      if (state_ == State::open && literal_left_.empty()) end_value();
      return;
    case Expected::string:  // scan_string() takes these
    case Expected::number:  // one more of its characters
      return;
  }
}

void JsonScanner::begin_value(char c) {
  switch (c) {
    case '{':
    case '[':
      return open_container(c == '{');
    case '"':
      string_is_key_ = false;
      expected_ = Expected::string;
      return;
    case 't':
    case 'f':
    case 'n':
      literal_left_ = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
      expected_ = Expected::literal;
      return;
    default:
      return take_if(c == '-' || is_digit(c), Expected::number);
  }
}

void JsonScanner::open_container(bool is_object) {
  if (depth_ == kMaxJsonDepth) {
    state_ = State::broken;
    return;
  }
  is_object_[depth_++] = is_object;
  expected_ = is_object ? Expected::key_or_end : Expected::value_or_end;
}

void JsonScanner::close_container(bool is_object) {
  if (is_object_[depth_ - 1] != is_object) {
    state_ = State::broken;
    return;
  }
  --depth_;
  end_value();
}

void JsonScanner::end_value() {
  expected_ = Expected::comma_or_end;
  if (depth_ == 0) state_ = State::complete;
}

void JsonScanner::take_if(bool expected, Expected next) {
  if (expected)
    expected_ = next;
  else
    state_ = State::broken;
}

}  // namespace plasmite
