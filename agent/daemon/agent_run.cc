#include "agent/daemon/agent_run.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <climits>

#include "agent/config/config_loader.h"
#include "agent/daemon/agent.h"
#include "agent/daemon/log.h"
#include "agent/intake/source.h"
#include "capture/process_guard.h"

namespace plasmite {

namespace {

// Whoever started us may have left some open, which commands that run for months must not hold.
// (Before Linux 5.11 they do.)
void keep_descriptors_from_children() {
  (void)::close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
}

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
  keep_descriptors_from_children();
  // It forks, and should hold nothing.
  const auto guard = ProcessGuard::start();
  Log log({.for_journal = stderr_is_journal()});
  auto config = load(request.config, log);
  if (!config) {
    for (const ConfigProblem& problem : config.error())
      log.error("configuration refused", {{"problem", describe(problem)}});
    return kConfigExitCode;
  }
  log.set_level(log_level_of(config->log_level));
  if (!guard)
    log.warning("no guard: if the agent is killed, what its commands have started may go on",
                {{"error", describe(guard.error())}});
  std::error_code ignored;  // then it is shown as it was given
  const auto file = std::filesystem::absolute(request.config, ignored);
  Agent agent({.config_file = ignored ? std::filesystem::path(request.config) : file,
               .config = std::move(*config),
               .load = [&log](const std::filesystem::path& path) { return load(path, log); },
               .make =
                   [&guard](const SourceContext& context) {
                     return make_source(context, guard ? &*guard : nullptr);
                   },
               .log = &log,
               .guard = UniqueFd(guard ? ::fcntl(guard->pidfd(), F_DUPFD_CLOEXEC, 0) : -1)});
  return agent.run();
}

}  // namespace plasmite
