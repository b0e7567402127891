#include "agent/commands/registry.h"

#include <array>

#include "agent/commands/agent.h"
#include "agent/commands/completion.h"
#include "agent/commands/doctor.h"
#include "agent/commands/duplex.h"
#include "agent/commands/feed.h"
#include "agent/commands/fetch.h"
#include "agent/commands/follow.h"
#include "agent/commands/intake.h"
#include "agent/commands/pool.h"
#include "agent/commands/tap.h"
#include "agent/commands/version.h"

namespace plasmite {

std::span<const CommandEntry> all_commands() {
  static constexpr std::array kCommands = {
      CommandEntry{"feed", "Append JSON messages to a pool", register_feed},
      CommandEntry{"follow", "Print messages as they arrive", register_follow},
      CommandEntry{"tap", "Run a command and store what it prints", register_tap},
      CommandEntry{"fetch", "Print one message by its sequence", register_fetch},
      CommandEntry{"duplex", "Follow and feed a pool in one process", register_duplex},
      CommandEntry{"pool", "Create, list, inspect, copy, resize and delete pools", register_pool},
      CommandEntry{"doctor", "Check pools for damage and repair them", register_doctor},
      CommandEntry{"intake", "Take in the journal", register_intake},
      CommandEntry{"agent", "Take in many sources for good", register_agent},
      CommandEntry{"completion", "Make bash, fish or zsh complete what you type",
                   register_completion},
      CommandEntry{"version", "Print the version", register_version},
  };
  return kCommands;
}

std::span<const char* const> planned_commands() {
  static constexpr std::array kPlanned = {"mcp", "serve"};
  return kPlanned;
}

}  // namespace plasmite
