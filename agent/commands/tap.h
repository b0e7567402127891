// Runs a command and keeps what it prints in a pool.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_tap(CLI::App& root, CommandContext& context);

}  // namespace plasmite
