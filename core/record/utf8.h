// UTF-8 at the level of bytes: is it well-formed, and where may it be cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/utf8_check.h"  // is_utf8()

namespace plasmite {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

// What the front of a text is: one well-formed character, or bytes that a decoder replaces by one
// U+FFFD (the "maximal subpart" of the Unicode standard and WHATWG: as many bytes as could still
// have become a character).
struct Utf8Step {
  uint8_t length;  // 1..4
  bool valid;
};
Utf8Step utf8_step(std::string_view bytes);  // bytes must not be empty

// The largest length <= limit that does not split a character, as far as text[0..limit] can tell:
// the answer does not depend on what follows. Bytes that are no UTF-8 are cut at the limit.
size_t utf8_cut(std::string_view text, size_t limit);

}  // namespace plasmite
