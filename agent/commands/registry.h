// The list of commands. A new one adds a line here and its own file.
#pragma once

#include <span>

#include "agent/command_context.h"

namespace plasmite {

struct CommandEntry {
  const char* name;
  const char* summary;  // for the root help
  void (*add)(CLI::App& root, CommandContext& context);
};

std::span<const CommandEntry> all_commands();

// Commands of the full program that this version does not have.
std::span<const char* const> planned_commands();

}  // namespace plasmite
