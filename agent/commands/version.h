// Prints the program's name and version.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_version(CLI::App& root, CommandContext& context);

}  // namespace plasmite
