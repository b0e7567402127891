// What came of reading the configuration again. Pure functions and values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "core/base/error.h"

namespace plasmite {

struct ReloadOutcome {
  std::vector<std::string> problems;  // of the configuration: nothing was changed then
  std::vector<std::string> added, changed, removed;  // names of sources
  std::vector<std::string> needs_restart;   // keys whose new values count after a restart only
  std::vector<std::string> still_draining;  // what replaces them starts when they have ended
  std::optional<Error> not_tried;           // why the configuration was not even read
  bool ok() const { return !not_tried && problems.empty() && still_draining.empty(); }
};

// Who asked for it: is told what came of it.
using ReloadWaiter = std::function<void(const ReloadOutcome& outcome)>;

// The keys that differ and cannot be changed while the agent, or a source that reads its stdin,
// runs; `wanted` gets the old values of them. `keeps_stdin`: see Supervisor.
std::vector<std::string> keep_what_needs_a_restart(
    const AgentConfig& now, AgentConfig& wanted,
    const std::function<bool(const std::string& name)>& keeps_stdin);

// One sentence; empty if it went well.
std::string error_of(const ReloadOutcome& outcome);

// {"added":[…],"changed":[…],"needs_restart":[…],"ok":true,"problems":[…],"removed":[…],"still_draining":[…]}
std::string reload_as_json(const ReloadOutcome& outcome);
// For people.
std::string reload_as_text(const ReloadOutcome& outcome);

}  // namespace plasmite
