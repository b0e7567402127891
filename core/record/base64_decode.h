// Reads what base64_encode() of core/record/json_escape.h writes.
#pragma once

#include <string>
#include <string_view>

namespace plasmite {

// RFC 4648 section 4, strictly: padded, no line breaks, unused bits zero. Puts the bytes into `out`
// in place of what it had; false, with `out` unspecified, if the text is anything else.
bool base64_decode(std::string_view text, std::string& out);

}  // namespace plasmite
