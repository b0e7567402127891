// The command line: global options, then one command. The programs plasmite-commands and plasmite-agent.
#pragma once

namespace plasmite {

struct DaemonCommands;  // agent/daemon_commands.h

// Runs the program; the value is its exit code. `daemon`: what plasmite-agent adds.
int run_cli(int argc, char** argv, const DaemonCommands* daemon = nullptr);

}  // namespace plasmite
