#include "agent/daemon_commands.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/program.h"
#include "core/base/companion_program.h"

namespace plasmite {
namespace {

// Returns only if it fails.
Error become_agent_program(char** argv) {
  const auto program = find_companion_program(kAgentProgram);
  std::string cause;
  if (program && argv != nullptr) {
    ::execv(program->c_str(), argv);
    cause = *program + ": " + std::strerror(errno);
  } else {
    cause = program ? "called without arguments" : program.error();
  }
  return Error(ErrorKind::Io, "cannot start plasmite-agent")
      .with_cause(std::move(cause))
      .with_hint("`agent` and `intake` are in plasmite-agent, a program that belongs beside plasmite or into "
                 "../libexec/plasmite: install both from the same build.");
}

}  // namespace

Result<int> run_agent_command(const CommandContext& context, const AgentRequest& request) {
  if (context.daemon != nullptr) return context.daemon->agent(context, request);
  return std::unexpected(become_agent_program(context.argv));
}

Result<int> run_intake_journald(const CommandContext& context, const JournaldRequest& request) {
  if (context.daemon != nullptr) return context.daemon->intake_journald(context, request);
  return std::unexpected(become_agent_program(context.argv));
}

}  // namespace plasmite
