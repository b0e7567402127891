// Thread-safety: free function.
#pragma once

#include <string>

#include "agent/daemon_commands.h"

namespace plasmite {

// What a hint's command needs to be about the same configuration: " --config FILE", quoted for a
// shell; nothing for the default one.
std::string config_option(const AgentRequest& request);

}  // namespace plasmite
