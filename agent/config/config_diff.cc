#include "agent/config/config_diff.h"

#include <algorithm>

namespace plasmite {
namespace {

template <class Part>
const Part* find_named(const std::vector<Part>& parts, const std::string& name) {
  const auto found = std::ranges::find(parts, name, &Part::name);
  return found == parts.end() ? nullptr : &*found;
}

template <class Part>
void compare_named(const std::vector<Part>& before, const std::vector<Part>& after,
                   std::vector<std::string>& added, std::vector<std::string>& removed,
                   std::vector<std::string>& changed) {
  for (const Part& part : before)
    if (find_named(after, part.name) == nullptr) removed.push_back(part.name);
  for (const Part& part : after) {
    const Part* old = find_named(before, part.name);
    if (old == nullptr) {
      added.push_back(part.name);
    } else if (!(*old == part)) {
      changed.push_back(part.name);
    }
  }
}

// Of the pools in both, those with another durability now.
bool has_new_durability(const std::string& pool, const AgentConfig& before,
                        const AgentConfig& after) {
  const PoolConfig* old_pool = find_named(before.pools, pool);
  const PoolConfig* new_pool = find_named(after.pools, pool);
  return old_pool != nullptr && new_pool != nullptr && old_pool->durability != new_pool->durability;
}

void add_touched_sources(const AgentConfig& before, const AgentConfig& after, ConfigDiff& diff) {
  for (const SourceConfig& source : after.sources) {
    const SourceConfig* old = find_named(before.sources, source.name);
    if (old != nullptr && *old == source && has_new_durability(source.pool, before, after))
      diff.sources_changed.push_back(source.name);
  }
}

}  // namespace

ConfigDiff diff_configs(const AgentConfig& before, const AgentConfig& after) {
  ConfigDiff diff;
  compare_named(before.sources, after.sources, diff.sources_added, diff.sources_removed,
                diff.sources_changed);
  compare_named(before.pools, after.pools, diff.pools_added, diff.pools_removed,
                diff.pools_changed);
  add_touched_sources(before, after, diff);
  if (before.drain_timeout != after.drain_timeout) diff.agent_changed.emplace_back("drain_timeout");
  if (before.log_level != after.log_level) diff.agent_changed.emplace_back("log_level");
  if (before.reject_pool != after.reject_pool) diff.agent_changed.emplace_back("reject_pool");
  if (before.group != after.group) diff.agent_restart.emplace_back("group");
  if (before.pool_dir != after.pool_dir) diff.agent_restart.emplace_back("pools");
  if (before.socket != after.socket) diff.agent_restart.emplace_back("socket");
  for (auto* names : {&diff.sources_added, &diff.sources_removed, &diff.sources_changed,
                      &diff.pools_added, &diff.pools_removed, &diff.pools_changed})
    std::ranges::sort(*names);
  return diff;
}

}  // namespace plasmite
