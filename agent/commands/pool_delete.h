// Deletes pools.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_pool_delete(CLI::App& pool, CommandContext& context);

}  // namespace plasmite
