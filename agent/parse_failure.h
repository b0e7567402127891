// What CLI11 has to say about a wrong command line, in our words and as our Usage error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/command_context.h"
#include "core/base/error.h"

namespace CLI {
class ParseError;
}

namespace plasmite {

// `command` is the deepest command that was recognized.
Error usage_error(const CLI::ParseError& failure, const CLI::App& command);

// "unexpected argument 'X' found", with the nearest of `known` in the hint when one is near.
Error unexpected_argument(std::string_view argument, const std::vector<std::string>& known,
                          std::string_view command);

std::vector<std::string> subcommand_names(const CLI::App& command);

// "unrecognized subcommand 'X'", likewise.
Error unrecognized_command(std::string_view word, const std::vector<std::string>& known,
                           std::string_view command);

}  // namespace plasmite
