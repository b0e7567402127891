// Examines pools, and repairs them.
#pragma once

#include "agent/command_context.h"

namespace plasmite {

void register_doctor(CLI::App& root, CommandContext& context);

}  // namespace plasmite
