// Reads one scalar out of a JSON document that a program of ours wrote. Thread-safety: free
// function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plasmite {

// The string at a JSON pointer (RFC 6901: "/agent/health"), or a number, true, false as written.
// None: no such member, null, an object or an array, or no JSON as far as that.
std::optional<std::string> json_text_at(std::string_view json, std::string_view pointer);

}  // namespace plasmite
