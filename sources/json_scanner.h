// Follows the structure of one JSON value through bytes that come in pieces: is it complete, can it
// still become a value, or is it broken for good? This finds where records end; it is no verdict on
// them: encoding, the spelling of numbers and of escapes above U+FFFF are the validator's business.
// One look at each byte, constant memory. Not thread-safe.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/record/json_text.h"

namespace plasmite {

class JsonScanner {
 public:
  enum class State : uint8_t {
    open,      // a value may still come of it (white space in front of one is open, too)
    complete,  // the value has ended
    broken,    // no continuation makes it a value; also when it is nested too deep
  };

  // Looks at bytes while the value is open, and returns how many belong to it: all; or, complete,
  // up to its end; or, broken, up to the byte that broke it, without that. A number that nothing
  // encloses is complete when something follows that is none of it.
  size_t scan(std::string_view bytes);
  State state() const { return state_; }
  void reset() { *this = JsonScanner(); }

 private:
  enum class Expected : uint8_t {
    value,
    value_or_end,
    key,
    key_or_end,
    colon,
    comma_or_end,  // white space may come first
    string,
    escaped,
    hex_digit,
    literal,
    number,  // inside these it may not
  };

  size_t scan_string(std::string_view bytes, size_t at);
  void take(char c);
  void begin_value(char c);
  void open_container(bool is_object);
  void close_container(bool is_object);
  void end_value();
  void take_if(bool expected, Expected next);

  State state_ = State::open;
  Expected expected_ = Expected::value;
  bool string_is_key_ = false;
  uint8_t hex_digits_left_ = 0;
  std::string_view literal_left_;
  size_t depth_ = 0;
  std::bitset<kMaxJsonDepth> is_object_;
};

}  // namespace plasmite
