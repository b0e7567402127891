// Lists the pools of the pool directory.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_pool_list(CLI::App& pool, CommandContext& context);

}  // namespace plasmite
