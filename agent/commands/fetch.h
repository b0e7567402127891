// Prints one message.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_fetch(CLI::App& root, CommandContext& context);

}  // namespace plasmite
