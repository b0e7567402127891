// pool create, list, info, delete.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_pool(CLI::App& root, CommandContext& context);

}  // namespace plasmite
