// Copies text into a JSON string at memory speed: the inner loop of capturing lines.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/record/json_text.h"

namespace plasmite {

// What escape_text() may write beyond the six bytes per byte of text.
inline constexpr size_t kEscapeSlack = 16;

struct EscapedText {
  char* end;       // behind the last byte written
  bool non_ascii;  // bytes >= 0x80 were copied as they are: whether they are UTF-8 is not known
};

// Writes `text` without quotes to `out`, which has room for 6 * size + kEscapeSlack bytes. `"`, `\`
// and control characters are escaped as append_json_string() does it.
EscapedText escape_text(char* out, PaddedText text);

// The bytes that escaping adds to `text`; with `replaced` each byte >= 0x80 counts as if it
// became a U+FFFD of its own, an upper bound for text that is not UTF-8.
size_t escape_growth(std::string_view text, bool replaced);

}  // namespace plasmite
