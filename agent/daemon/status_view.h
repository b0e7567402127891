// `pls agent status` for people. Pure functions.
#pragma once

#include <cstddef>
#include <string>

#include "agent/daemon/agent_status.h"

namespace plasmite {

struct ViewOptions {
  size_t columns = 80;
  bool color = false;
};

// The health first, then what is wrong, then sources and pools.
std::string status_as_text(const AgentStatus& status, const ViewOptions& options);

// 1234567 -> "1,234,567", 12345678 -> "12.3M".
std::string readable_count(uint64_t count);

// 3 h 12 min -> "3h 12m".
std::string readable_duration(std::chrono::milliseconds duration);

}  // namespace plasmite
