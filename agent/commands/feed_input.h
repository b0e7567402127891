// Moves the input of `feed` into the pool.
#pragma once

#include "agent/command_context.h"
#include "agent/commands/feed_options.h"
#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

// The value is the exit code: 1 when records were skipped.
Result<int> feed_pool(const CommandContext& context, const FeedOptions& options,
                      const FeedPlan& plan, Pool& pool);

}  // namespace plasmite
