// Writes bytes as JSON strings: what our own encoders are made of.
#pragma once

#include <string>
#include <string_view>

namespace plasmite {

// Appends `utf8` quoted. Only `"`, `\` and control characters are escaped (\b \t \n \f \r, others
// \u00xx); everything else, also DEL and non-ASCII, stays as it is. `utf8` must be UTF-8.
void append_json_string(std::string& out, std::string_view utf8);

// The same for bytes that may not be UTF-8: what cannot be decoded becomes U+FFFD, as browsers do
// it (one per maximal subpart). *was_lossy, if given, is set to whether that happened.
void append_json_string_lossy(std::string& out, std::string_view bytes, bool* was_lossy = nullptr);

// RFC 4648 section 4, padded, no line breaks.
std::string base64_encode(std::string_view bytes);

}  // namespace plasmite
