// `pls intake journald POOL`: a source of the agent, ad hoc. What it runs is in plasmite-agent.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_intake(CLI::App& root, CommandContext& context);

}  // namespace plasmite
