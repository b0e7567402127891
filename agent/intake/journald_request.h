// What `pls intake journald` was asked for, checked. Thread-safety: free functions.
#pragma once

#include <cstdint>

#include "agent/config/config.h"
#include "agent/daemon_commands.h"
#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

struct JournaldPlan {
  SourceConfig source;  // its pool is the ref as typed
  Durability durability = Durability::fast;
  uint64_t create_bytes = 0;
};

// Usage errors, each with what to write instead: the first wrong option is the one reported.
Result<JournaldPlan> make_journald_plan(const JournaldRequest& request, int64_t now_ns);

}  // namespace plasmite
