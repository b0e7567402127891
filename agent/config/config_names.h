// Which names pools and sources may have. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace plasmite {

// Empty: it is good. They are names of files and of checkpoints, and appear in logs and labels as
// they are.
std::string why_no_name(std::string_view name);

// The same for the environment of a child.
std::string why_no_variable(std::string_view name);

inline constexpr const char* kNameFix =
    "Use 1 to 64 of a-z A-Z 0-9 . _ - and begin with a letter, a digit or _.";

}  // namespace plasmite
