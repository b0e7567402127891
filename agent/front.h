// The program plasmite, also called pls: runs `tap` itself and becomes plasmite-commands for
// everything else.
//
// `tap` stands in front of other people's commands, so its start is their delay. An executable that
// is linked statically starts in a third of the time that the loader takes to bring the shared
// libraries of all commands together. It must therefore see nothing of simdjson, which is a shared
// library only. The other commands pay a second start for it, 0.4 ms of 1.8.
#pragma once

namespace plasmite {

// Runs the program; the value is its exit code.
int run_front(int argc, char** argv);

}  // namespace plasmite
