// Where `follow` begins, and which of the messages from there on it prints.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/commands/follow_where.h"
#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

// All of these tags, in any order.
using TagFilter = std::vector<std::string>;

bool matches(const TagFilter& filter, const MessageView& message);

// Which messages count.
struct TailFilter {
  TagFilter tags;
  std::function<bool(const MessageView&)> shown;  // null: all
  WhereStage* where = nullptr;                    // null: all
  size_t pool = 0;                                // which one it is, for `where`
  uint64_t last_seq = UINT64_MAX;                 // later ones do not count
  bool none() const { return tags.empty() && !shown && where == nullptr; }
};

// The last `count` matching messages that are retained now, then everything that follows. Looks at
// no more than `count` messages unless there is a filter (or a hole in the sequence).
// With `exactly`, the first one is known even when they are everything retained.
Result<Start> start_at_tail(const Pool& pool, uint64_t count, const TailFilter& filter,
                            bool exactly);

struct TailSearch {
  const Pool* pool;
  TailFilter filter;
};

// The same for several pools, in their order on ties: the last `count` matching messages of all
// together. Where each begins.
Result<std::vector<Start>> start_at_merged_tail(std::span<const TailSearch> pools, uint64_t count);

}  // namespace plasmite
