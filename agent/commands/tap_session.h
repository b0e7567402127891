// One tapped command from its start to its last line: the event loop between a child's pipes, the
// pool, and our own stdout and stderr.
//
// Every byte read is stored first and passed on after that. While our own output is blocked the
// child's stream is not read: the pipe fills and the child waits, as it would without us. When
// storing fails, capturing ends but the passing on does not: the child must not suffer from a full
// or deleted pool. Thread-safety: one thread, and one session per process at a time (signals).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/commands/tap_records.h"
#include "agent/commands/tap_run_slot.h"
#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

struct TapOptions {
  std::vector<std::string> command;
  std::vector<std::string> shown_command;  // the same with what is secret hidden
  std::vector<std::string> tags;
  bool pty = false;      // the child's terminal is ours to read, in place of two pipes
  bool run_tag = false;  // tag every record of the run with run:<id>
  Durability durability = Durability::fast;
  bool passthrough = true;
  // How long to wait, after the child's end, for what others may still write into its pipes.
  std::chrono::milliseconds linger{2000};
  // Called once the command runs, with the ids of earlier runs that have no exit record.
  std::function<void(const std::vector<LostRun>& lost_runs)> on_started = nullptr;
  // Called when the command was stopped because it wants the keys of a terminal, or its modes, in
  // whose foreground it is not. It waits for somebody to continue it.
  std::function<void()> on_needs_terminal = nullptr;
};

struct TapOutcome {
  TapExit exit;
  // The command itself ran to its end.
  std::optional<Error> store_failure;
  std::optional<Error> passthrough_failure;
  bool cursor_is_behind_text = false;  // of the terminal that the output was passed on to
};

// An error means that the command was not started, or could not be watched. SIGPIPE must be
// ignored.
Result<TapOutcome> run_tap(Pool& pool, const TapOptions& options);

}  // namespace plasmite
