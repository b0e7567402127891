// The JSON that commands print on stdout: compact for programs, laid out for people.
#pragma once

#include <string_view>

#include "agent/command_context.h"
#include "core/base/error.h"

namespace plasmite {

// Prints one JSON document and a line end: laid out on a terminal (or with --color always), else
// compact. False: nobody reads stdout any more.
Result<bool> print_json(ColorMode color, std::string_view compact);

// Prints text that is already complete.
Result<bool> print_text(std::string_view text);

}  // namespace plasmite
