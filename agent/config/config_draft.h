// A configuration while its files are being read: parts with their places, not checked against each
// other yet.
#pragma once

#include <map>
#include <string>

#include "agent/config/config.h"
#include "agent/config/config_reading.h"
#include "agent/config/table_reader.h"

namespace plasmite {

inline constexpr size_t kMaxConfigPools = 256;
inline constexpr size_t kMaxConfigSources = 128;

struct ConfigDraft {
  Placed<AgentConfig> agent;  // without pools and sources
  std::map<std::string, Placed<PoolConfig>> pools;
  std::map<std::string, Placed<SourceConfig>> sources;
};

// [agent]; a later file replaces what an earlier one said.
void read_agent(TableReader& table, Placed<AgentConfig>& out);
// [pools.NAME]
Placed<PoolConfig> read_pool(TableReader& table, std::string name);
// [sources.NAME]
Placed<SourceConfig> read_source(TableReader& table, std::string name,
                                 const ConfigReading& reading);
void read_journald(TableReader& table, JournaldConfig& out, const ConfigReading& reading);
void read_tap(TableReader& table, TapConfig& out, const ConfigReading& reading);
void read_stdin(TableReader& table, StdinConfig& out);

// What only shows when everything was read: names that refer to each other, limits of what is
// shared.
void check_draft(const ConfigDraft& draft, ConfigReading& reading);

}  // namespace plasmite
