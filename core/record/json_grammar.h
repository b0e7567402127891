// The grammar of RFC 8259 by hand: of the tokens that have one of their own, and of whole texts, for
// saying where one that was refused is wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace plasmite {

// The length of the number at the front of `text`, 0 if there is none. What follows it is not
// looked at: "01" begins with the number "0".
size_t json_number_length(std::string_view text);

// Whether every backslash in the content of a string begins an escape as it may be, surrogates in pairs.
bool json_escapes_are_valid(std::string_view content);

struct JsonDefect {
  size_t offset;          // of the first byte that no valid JSON could have there
  std::string_view what;  // a clause for people, without the offset
  bool too_deep = false;  // valid so far, but for the depth
};

// None: one value of valid JSON, in UTF-8, at most kMaxJsonDepth containers deep.
std::optional<JsonDefect> find_json_defect(std::string_view text);

// The same of a whole message, `{"data":…,"meta":…}`: its data lies one container deep.
std::optional<JsonDefect> find_message_defect(std::string_view text);

}  // namespace plasmite
