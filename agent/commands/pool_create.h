// Creates pools.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_pool_create(CLI::App& pool, CommandContext& context);

}  // namespace plasmite
