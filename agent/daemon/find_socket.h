// Where a running agent listens. Thread-safety: free function.
#pragma once

#include <string>

#include "agent/daemon_commands.h"

namespace plasmite {

// --socket, else what the configuration says. One that cannot run says it, too, as long as a line
// of it reads `socket = "…"`: an agent that goes on with an older one must be found. Else the
// default.
std::string find_agent_socket(const AgentRequest& request);

}  // namespace plasmite
