// What is settled about a run before its command is started. Thread-safety: free functions.
#pragma once

#include <cstddef>
#include <string>

#include "agent/commands/tap_run_slot.h"
#include "agent/commands/tap_session.h"
#include "core/base/error.h"
#include "core/pool/pool.h"
#include "core/pool/record.h"

namespace plasmite {

struct TapRun {
  std::string id;
  TagBlock line_tags;
  TagBlock lifecycle_tags;
  size_t max_record_bytes;
  RunSlot slot;  // to be claimed once the command runs
};

// Usage: tags that cannot be stored, a pool too small for lines with them.
Result<TapRun> prepare_run(Pool& pool, const TapOptions& options);

}  // namespace plasmite
