// What the commands `agent` and `intake` run, in the program plasmite-agent: the one that links
// libsystemd, spdlog, toml++ and Asio. plasmite-commands knows the options and the help of these
// commands, but to run one it becomes plasmite-agent (docs/architecture.md). Thread-safety: free
// functions.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/command_context.h"
#include "core/base/error.h"

namespace plasmite {

struct AgentRequest {
  enum class Action : uint8_t { run, check, status, reload, init } action = Action::run;
  std::string config;                 // the main file
  bool is_config_given = false;       // else it is the default
  std::optional<std::string> socket;  // status, reload: instead of what the configuration says
  bool json = false;                  // status: also on a terminal
  bool metrics = false;               // status: Prometheus text
  bool force = false;                 // init: replaces what is there
};

struct JournaldRequest {
  std::string pool;
  std::vector<std::string> units, identifiers, matches, tags,
      files;  // as typed; matches: FIELD=VALUE
  std::optional<std::string> directory, name_space, priority, since, create_size, name;
  std::string boot;   // "current", or a boot's id; empty: any
  std::string start;  // "now", "oldest"; empty: by default
  std::string durability = "fast";
  std::string max_record = "1M";
  bool create = false;
  bool once = false;   // drain and exit
  bool quiet = false;  // no progress
};

struct DaemonCommands {
  Result<int> (*agent)(const CommandContext& context, const AgentRequest& request);
  Result<int> (*intake_journald)(const CommandContext& context, const JournaldRequest& request);
};

// The callbacks of the two commands: run it here if this is plasmite-agent, or become that program.
Result<int> run_agent_command(const CommandContext& context, const AgentRequest& request);
Result<int> run_intake_journald(const CommandContext& context, const JournaldRequest& request);

}  // namespace plasmite
