// The scripts that make a shell complete plasmite and pls.
#pragma once

#include <string>
#include <string_view>

namespace plasmite {

// Empty: there is none for this shell.
std::string completion_script(std::string_view shell);

}  // namespace plasmite
