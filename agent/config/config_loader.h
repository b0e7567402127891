// Reads the configuration of the agent: the main file, then every *.toml of the folder conf.d beside it, in
// the order of their names. Thread-safety: free functions.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "core/base/error.h"

namespace plasmite {

inline constexpr const char* kDefaultConfigPath = "/etc/plasmite/agent.toml";
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

// All problems that could be found, in the order of files and lines, or a configuration that can run.
std::expected<AgentConfig, std::vector<ConfigProblem>> load_config(const std::filesystem::path& main_file);

// "FILE:LINE: KEY: MESSAGE (FIX)", for a terminal or a log.
std::string describe(const ConfigProblem& problem);

}  // namespace plasmite
