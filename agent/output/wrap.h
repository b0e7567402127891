// Breaks text for people between words. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plasmite {

// What help is laid out for: an 80-column terminal, whose last column stays free.
inline constexpr size_t kHelpColumns = 79;

// `text` in lines of at most `columns`, for a place `indent` columns from the left: the first line
// starts there already, the others are indented. What stands between backticks is one word, and a
// word that is too long for a line has one of its own: it can still be copied. `columns` 0: one
// line.
std::string wrap_words(std::string_view text, size_t indent, size_t columns);

}  // namespace plasmite
