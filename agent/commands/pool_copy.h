// Copies a pool that is in use.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_pool_copy(CLI::App& pool, CommandContext& context);

}  // namespace plasmite
