// `pls intake journald POOL`: the journald source of the agent, ad hoc and in the foreground.
#pragma once

#include "agent/daemon_commands.h"

namespace plasmite {

Result<int> intake_journald(const CommandContext& context, const JournaldRequest& request);

}  // namespace plasmite
