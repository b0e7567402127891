// The root help and the topics that are not commands.
#pragma once

#include <string>

namespace plasmite {

std::string root_help();

// `plasmite help exit-codes`.
std::string exit_codes_help();

}  // namespace plasmite
