// The program `plasmite-filter`: compiles jq programs and judges messages with them, as
// filter_protocol.h says, over the socket that is its stdin.
#pragma once

namespace plasmite {

// argv: the protocol, the parent's process id, the limits (FilterLimits): bytes and milliseconds,
// and the reach.
int run_filter_worker(int argc, char** argv);

}  // namespace plasmite
