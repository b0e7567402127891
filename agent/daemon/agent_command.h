// `pls agent run|check|status|reload|init`.
#pragma once

#include "agent/daemon_commands.h"

namespace plasmite {

Result<int> run_agent(const CommandContext& context, const AgentRequest& request);

}  // namespace plasmite
