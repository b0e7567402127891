#include "agent/daemon/agent_command.h"

#include "agent/daemon/agent_run.h"
#include "agent/daemon/status_command.h"

namespace plasmite {

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
    case init:
      break;
  }
  return std::unexpected(
      Error(ErrorKind::Internal, "`plasmite agent check` and `init` are being built"));
}

}  // namespace plasmite
