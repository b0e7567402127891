// Where a running agent listens. Thread-safety: free function.
#pragma once

#include <string>

#include "agent/daemon_commands.h"
#include "core/base/error.h"

namespace plasmite {

// --socket, else what the configuration says. One that cannot run says it, too, as long as its
// `socket` can be told: an agent that goes on with an older one must be found. The default if it
// says none, or, unless it was named with --config, cannot be read: another agent than the one that
// is meant is never asked. The errors are those of a bad configuration (kConfigExitCode).
Result<std::string> find_agent_socket(const AgentRequest& request);

}  // namespace plasmite
