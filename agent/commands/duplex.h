// Follows a pool on stdout and feeds it from stdin, in one process.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_duplex(CLI::App& root, CommandContext& context);

}  // namespace plasmite
