// Times as text: RFC 3339, UTC, `Z`, up to nine digits of fraction with trailing zeros removed, no
// fraction at all when it is zero.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace plasmite {

// Remembers the last second (and the last time), because records in a row mostly share them. Not
// thread-safe.
class TimestampFormatter {
 public:
  // Valid until the next call.
  std::string_view format(int64_t time_ns);

 private:
  static constexpr size_t kSecondChars = 19;  // 2026-05-04T10:11:12
  char text_[kSecondChars + 11];              // .123456789Z
  size_t size_ = 0;                           // 0: nothing formatted yet
  int64_t second_ = 0;
  int64_t time_ns_ = 0;
};

void append_rfc3339(std::string& out, int64_t time_ns);

// Any RFC 3339 time with any offset; lower-case t and z, a space for the T and a leap second are
// accepted, digits after the ninth are ignored. A time before 1677 or after 2262 becomes the first
// or last one that fits, so that comparing with record times stays right. Usage: not RFC 3339.
Result<int64_t> parse_rfc3339(std::string_view text);

}  // namespace plasmite
