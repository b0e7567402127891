// `pls agent`: many sources under one supervisor. What it runs is in plasmite-agent.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_agent(CLI::App& root, CommandContext& context);

}  // namespace plasmite
