// What `pls intake` says on stderr. Pure but for the notices, which are written at once.
#pragma once

#include <cstdint>
#include <string>

#include "agent/command_context.h"
#include "agent/intake/source_report.h"
#include "core/base/error.h"

namespace plasmite {

// "84512 entries  43.1M  2m ago": how far the journal has been read; at its end "caught up".
std::string intake_progress_text(const SourceSnapshot& snapshot, int64_t now_ns);

// kind "intake_retry" while it waits to be run again, "intake_blocked" while the pool takes
// nothing.
void notice_trouble(const CommandContext& context, const std::string& pool,
                    const SourceSnapshot& snapshot);

// kind "intake_summary", at the end.
void notice_intake_summary(const CommandContext& context, const std::string& pool,
                           const SourceSnapshot& snapshot);

}  // namespace plasmite
