// Where `follow` ends by itself: `--until`, `--until-seq`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/pool/pool.h"

namespace plasmite {

struct FollowEnd {
  // The last time and the last sequence wanted; none: no such end.
  std::optional<int64_t> time_ns;
  std::optional<uint64_t> seq;
  // Whether `seq` was stored before the follower began: it ends when it has read what is there.
  bool seq_has_passed = false;

  bool is_behind(const MessageView& message) const {
    return (time_ns && message.time_ns > *time_ns) || (seq && message.seq > *seq);
  }
  bool is_at(const MessageView& message) const { return seq && message.seq == *seq; }

  // Whether it was reached before anything was read.
  bool has_passed(int64_t now_ns) const { return seq_has_passed || (time_ns && *time_ns < now_ns); }

  // When to look again, for a follower that has read everything; none: reached. A writer takes its
  // time and then publishes: what it was storing when the time came is waited for.
  std::optional<std::chrono::nanoseconds> wait_at_most(int64_t now_ns) const;
};

// `last_seq` of what `pool` retains up to the end, for searches that begin there; none: all of it.
Result<std::optional<uint64_t>> last_seq_before_end(const Pool& pool, const FollowEnd& end);

}  // namespace plasmite
