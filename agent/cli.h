// The command line: global options, then one command. The program plasmite-commands.
#pragma once

namespace plasmite {

// Runs the program; the value is its exit code.
int run_cli(int argc, char** argv);

}  // namespace plasmite
