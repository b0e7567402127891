// Gives a pool another size while it is in use.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_pool_resize(CLI::App& pool, CommandContext& context);

}  // namespace plasmite
