// Shows what one pool holds.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_pool_info(CLI::App& pool, CommandContext& context);

}  // namespace plasmite
