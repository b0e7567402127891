#include "agent/daemon/agent_command.h"

#include "agent/config/config_init.h"
#include "agent/config/config_report.h"
#include "agent/daemon/agent_run.h"
#include "agent/daemon/config_option.h"
#include "agent/daemon/status_command.h"
#include "agent/output/json_output.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"
#include "agent/output/wrap.h"

namespace plasmite {
namespace {

Result<int> init_config(const AgentRequest& request) {
  if (auto written = write_initial_config(request.config, request.force); !written)
    return std::unexpected(std::move(written.error()));
  const std::string with = config_option(request);
  const std::string text = "Wrote " + request.config + ". Edit it, then `plasmite agent check" +
                           with + "` and `plasmite agent run" + with + "`.";
  const auto printed =
      print_text(wrap_words(escape_for_terminal(text), 0, terminal_columns(kStdout)) + "\n");
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
