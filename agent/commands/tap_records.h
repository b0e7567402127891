// The lifecycle records of a tapped command: what was started and how it ended. Pure functions;
// keys are in ascending order.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "capture/child_process.h"

namespace plasmite {

struct StreamTotals {
  uint64_t bytes = 0;
  uint64_t lines = 0;
};

struct TapStart {
  const std::vector<std::string>& command;  // as it may be shown
  pid_t pid;
  bool pty;
  std::string_view run;
  std::string working_directory = {};  // empty: ours
};

struct TapExit {
  std::string run;
  bool pty;
  ChildEnd end;
  std::chrono::steady_clock::duration elapsed;
  ChildUsage usage;
  bool pipes_open;  // somebody else still held a pipe when capturing ended
  StreamTotals out;
  StreamTotals err;
};

// {"cmd":[…],"cwd":"…","host":"…","kind":"start","pid":N,"run":"…"}, with
// "pty":true for a command on a pseudo-terminal. Words that are not UTF-8 are
// shown with U+FFFD; then "cmd_base64" has all words exactly. Words beyond max_bytes of record are
// counted in "cmd_omitted".
std::string tap_start_json(const TapStart& start, size_t max_bytes);

// {"code":0,"elapsed_ms":12,"kind":"exit",…} or
// {"elapsed_ms":12,"kind":"exit",…,"signal":"SIGTERM",…}
std::string tap_exit_json(const TapExit& exit);

// A run that has no exit record and never will: {"count":null,"from":null,"kind":"gap",…,"run":"…"}
// `source`: "tap", or the name of the source of the agent whose run it was.
std::string tap_gap_json(std::string_view lost_run, std::string_view source);

}  // namespace plasmite
