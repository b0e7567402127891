#include "agent/daemon/agent_command.h"

#include "agent/config/config_init.h"
#include "agent/config/config_report.h"
#include "agent/daemon/agent_run.h"
#include "agent/daemon/status_command.h"
#include "agent/output/json_output.h"
#include "agent/output/terminal_text.h"

namespace plasmite {
namespace {

Result<int> init_config(const AgentRequest& request) {
  if (auto written = write_initial_config(request.config, request.force); !written)
    return std::unexpected(std::move(written.error()));
  const auto printed =
      print_text("Wrote " + escape_for_terminal(request.config) +
                 ". Edit it, then `plasmite agent check` and `plasmite agent run`.\n");
  if (!printed) return std::unexpected(printed.error());
  return 0;
}

}  // namespace

Result<int> run_agent(const CommandContext& context, const AgentRequest& request) {
  using enum AgentRequest::Action;
  switch (request.action) {
    case run:
      return run_agent_in_foreground(request);
    case status:
      return show_agent_status(context, request);
    case reload:
      return reload_agent(context, request);
    case check:
      return check_config(context, request.config);
    case init:
      return init_config(request);
  }
  return 0;
}

}  // namespace plasmite
