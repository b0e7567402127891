// Whether bytes are well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
// Thread-safety: free functions.
#pragma once

#include <string_view>

namespace plasmite {

// Sixteen bytes at a time where the processor can.
bool is_utf8(std::string_view bytes);

// The same one character at a time: elsewhere, and for tests of the other.
bool is_utf8_portable(std::string_view bytes);

}  // namespace plasmite
