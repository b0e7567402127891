// How deep TOML text nests, found before it is parsed: toml++ 3.3 makes a table for each part of a
// dotted key and destroys them recursively, so that one line of dots would overflow the stack. Pure
// function.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plasmite {

// The line (1-based) where brackets nest more than `limit` deep or a key has more than `limit`
// parts.
std::optional<uint32_t> find_deep_toml(std::string_view text, uint32_t limit);

}  // namespace plasmite
