// What is different in a configuration that was read again. Pure function.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"

namespace plasmite {

// All lists are in ascending order.
struct ConfigDiff {
  std::vector<std::string> sources_added = {};
  std::vector<std::string> sources_removed = {};
  // Also those whose pool got another durability: they take it when they start.
  std::vector<std::string> sources_changed = {};
  std::vector<std::string> pools_added = {};
  std::vector<std::string> pools_removed = {};
  std::vector<std::string> pools_changed = {};
  std::vector<std::string> agent_changed = {};  // keys of [agent] that take effect at once
  std::vector<std::string> agent_restart = {};  // those that need a restart: pools, socket, group

  bool operator==(const ConfigDiff&) const = default;
  bool empty() const { return *this == ConfigDiff{}; }
};

ConfigDiff diff_configs(const AgentConfig& before, const AgentConfig& after);

}  // namespace plasmite
