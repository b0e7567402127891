#include "core/record/utf8.h"

#include <algorithm>

#include "core/base/check.h"

namespace plasmite {

namespace {

struct Lead {
  uint8_t length;       // of the whole character; 0: no character begins like this
  uint8_t second_low;   // the second byte has narrower bounds than the others after E0, ED, F0, F4:
  uint8_t second_high;  // overlong forms, surrogates and what lies above U+10FFFF are not UTF-8
};

Lead lead_of(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

bool is_continuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

}  // namespace

Utf8Step utf8_step(std::string_view bytes) {
  PLASMITE_CHECK(!bytes.empty());
  const Lead lead = lead_of(static_cast<uint8_t>(bytes[0]));
  if (lead.length <= 1) return {1, lead.length == 1};
  if (bytes.size() < 2) return {1, false};
  const auto second = static_cast<uint8_t>(bytes[1]);
  if (second < lead.second_low || second > lead.second_high) return {1, false};
  for (uint8_t i = 2; i < lead.length; ++i)
    if (i >= bytes.size() || !is_continuation(bytes[i])) return {i, false};
  return {lead.length, true};
}

size_t utf8_cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text.size();
  // A character that crosses the limit began at most three bytes before it.
  for (size_t back = 1; back <= std::min<size_t>(3, limit); ++back) {
    const size_t begin = limit - back;
    if (is_continuation(text[begin])) continue;
    const Utf8Step step = utf8_step(text.substr(begin, back + 1));
    return step.length == back + 1 ? begin : limit;
  }
  return limit;
}

}  // namespace plasmite
