#include "agent/daemon/agent_command.h"

namespace plasmite {

Result<int> run_agent(const CommandContext&, const AgentRequest&) {
  return std::unexpected(Error(ErrorKind::Internal, "`plasmite agent` is being built"));
}

}  // namespace plasmite
