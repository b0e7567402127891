// Prints a pool's messages, retained ones and those to come.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_follow(CLI::App& root, CommandContext& context);

}  // namespace plasmite
