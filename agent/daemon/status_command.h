// `pls agent status` and `pls agent reload`: the agent's clients. Thread-safety: free functions.
#pragma once

#include "agent/daemon_commands.h"

namespace plasmite {

inline constexpr int kDegradedExitCode = 1;
inline constexpr int kNotRunningExitCode = 3;

Result<int> show_agent_status(const CommandContext& context, const AgentRequest& request);
Result<int> reload_agent(const CommandContext& context, const AgentRequest& request);

}  // namespace plasmite
