// `pls agent run`. Thread-safety: free function.
#pragma once

#include "agent/daemon_commands.h"

namespace plasmite {

Result<int> run_agent_in_foreground(const AgentRequest& request);

}  // namespace plasmite
