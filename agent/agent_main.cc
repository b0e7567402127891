#include "agent/cli.h"
#include "agent/daemon/agent_command.h"
#include "agent/daemon_commands.h"
#include "agent/intake/intake_command.h"

int main(int argc, char** argv) {
  const plasmite::DaemonCommands commands{.agent = plasmite::run_agent,
                                          .intake_journald = plasmite::intake_journald};
  return plasmite::run_cli(argc, argv, &commands);
}
