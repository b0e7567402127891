// `pls agent status` as JSON (spec/agent-status.md). Pure functions.
#pragma once

#include <string>

#include "agent/daemon/agent_status.h"

namespace plasmite {

// One line.
std::string status_as_json(const AgentStatus& status);

// How far the source is behind: 0 if it has seen everything, else the age of the newest record it
// has stored; of one that is blocked and was not behind before, how long it has waited for its
// pool. None: nothing is known.
std::optional<int64_t> lag_ms(const SourceSnapshot& snapshot, const AgentStatus& status);

}  // namespace plasmite
