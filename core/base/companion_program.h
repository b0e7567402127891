// Where the other programs of the same installation lie. Thread-safety: free function.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace plasmite {

// The path of the program `name`, which belongs beside the running one or into ../libexec/plasmite.
// Else where it was looked for, in words.
std::expected<std::string, std::string> find_companion_program(std::string_view name);

}  // namespace plasmite
