// Reads the configuration of the agent: the main file, then every *.toml of the folder conf.d
// beside it, in the order of their names. Thread-safety: free functions.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "core/base/error.h"

namespace plasmite {

struct ConfigSurroundings;  // config_surroundings.h

inline constexpr const char* kDefaultConfigPath = "/etc/plasmite/agent.toml";
inline constexpr const char* kDefaultPoolDir = "/var/lib/plasmite/pools";
inline constexpr const char* kDefaultAgentSocket = "/run/plasmite/agent.sock";
inline constexpr int kConfigExitCode = 78;  // EX_CONFIG of sysexits.h: `agent check`, `agent run`

// Something that is wrong in a file. Values of secrets are never part of it.
struct ConfigProblem {
  std::string file;
  uint32_t line = 0;     // 1-based; 0: of the file as a whole
  uint32_t column = 0;   // 1-based; 0: unknown
  std::string key = {};  // "sources.web.command"; empty: none
  std::string message;
  std::string fix = {};  // what to do
};

// All problems that could be found, in the order of files and lines, or a configuration that can
// run. `warnings`, if not null, gets what is odd but does not prevent that, in either case.
std::expected<AgentConfig, std::vector<ConfigProblem>> load_config(
    const std::filesystem::path& main_file, std::vector<ConfigProblem>* warnings = nullptr);

// The same for files in memory, the main one first. Relative paths are taken from `folder`.
struct ConfigText {
  std::string file;  // what problems call it
  std::string text;
};
std::expected<AgentConfig, std::vector<ConfigProblem>> parse_config(
    std::span<const ConfigText> files, const std::filesystem::path& folder,
    const ConfigSurroundings& surroundings, std::vector<ConfigProblem>* warnings = nullptr);

// "FILE:LINE: KEY: MESSAGE (FIX)", for a terminal or a log.
std::string describe(const ConfigProblem& problem);

}  // namespace plasmite
