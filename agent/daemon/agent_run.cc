#include "agent/daemon/agent_run.h"

#include "agent/config/config_loader.h"
#include "agent/daemon/agent.h"
#include "agent/daemon/log.h"
#include "agent/intake/source.h"

namespace plasmite {

namespace {

std::expected<AgentConfig, std::vector<ConfigProblem>> load(const std::filesystem::path& file,
                                                            Log& log) {
  std::vector<ConfigProblem> warnings;
  auto config = load_config(file, &warnings);
  for (const ConfigProblem& problem : warnings)
    log.warning("odd in the configuration", {{"problem", describe(problem)}});
  return config;
}

}  // namespace

Result<int> run_agent_in_foreground(const AgentRequest& request) {
  Log log({.for_journal = stderr_is_journal()});
  auto config = load(request.config, log);
  if (!config) {
    for (const ConfigProblem& problem : config.error())
      log.error("configuration refused", {{"problem", describe(problem)}});
    return kConfigExitCode;
  }
  log.set_level(log_level_of(config->log_level));
  std::error_code ignored;  // then it is shown as it was given
  const auto file = std::filesystem::absolute(request.config, ignored);
  Agent agent({.config_file = ignored ? std::filesystem::path(request.config) : file,
               .config = std::move(*config),
               .load = [&log](const std::filesystem::path& file) { return load(file, log); },
               .make = make_source,
               .log = &log});
  return agent.run();
}

}  // namespace plasmite
