// Appends JSON from the command line, a file or stdin to a pool.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_feed(CLI::App& root, CommandContext& context);

}  // namespace plasmite
