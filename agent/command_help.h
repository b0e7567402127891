// The text behind --help, for CLI11 apps made with add_command(). Pure functions.
#pragma once

#include <string>

#include "agent/command_context.h"

namespace CLI {
class Option;
}

namespace plasmite {

// The group of options that are parsed, but not here yet: help shows them last, under this title.
inline constexpr const char* kLaterOptions = "NOT HERE YET";

// Usage, description, commands, arguments, options and EXAMPLES.
std::string format_help(const CLI::App& command);

// "plasmite pool create".
std::string full_command_name(const CLI::App& command);

bool needs_arguments(const CLI::App& command);

// Makes a positional argument take any number of words, exactly as they are. (A CLI11 list of "any
// number" would take the word "[a,b]" apart.) Returns `option`.
CLI::Option* take_all_words(CLI::Option* option);

}  // namespace plasmite
