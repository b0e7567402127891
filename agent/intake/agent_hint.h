// Errors of what the agent shares with the commands hint at options, which a configuration does not
// have. Here they get the hint that fits there. Pure function.
#pragma once

#include "core/base/error.h"

namespace plasmite {

Error with_agent_hint(Error error);

}  // namespace plasmite
