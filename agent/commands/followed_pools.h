// The pools that `follow` reads: one, or several merged by time. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/commands/drop_notices.h"
#include "agent/commands/follow_end.h"
#include "agent/commands/named_follower.h"
#include "agent/commands/time_merge.h"
#include "core/pool/pool.h"

namespace plasmite {

struct FollowedPool {
  std::string name;  // the ref as typed, or that of a pool that a pattern found
  bool found_by_pattern;
  Pool pool;
  DropNotices drops;
  FollowEnd end = {};
  std::optional<NamedFollower> follower = {};  // none: no --name
  std::optional<Cursor> cursor = {};           // none: not begun
  // Everything before it was given to the sink or passed over; 0: nothing yet. Set where a
  // message's fate is known, in order: one that is only held back does not count.
  uint64_t next_seq = 0;
  uint64_t retained_until = 0;  // the newest that was there when follow began
};

class FollowedPools {
 public:
  using Found = TimeMerge::Found;
  using Failed = TimeMerge::Failed;

  // Several are merged, even if there is only one for now.
  explicit FollowedPools(bool merged);

  // Its number: the smallest that is free, so that ties come in the order of adding. It stays in
  // its place until it is removed.
  size_t add(std::unique_ptr<FollowedPool> pool);
  // It has its cursor: its messages count from here on.
  void begin(size_t number);
  // No message of it is wanted any more.
  void close(size_t number);
  void remove(size_t number);

  FollowedPool& operator[](size_t number) { return *pools_[number]; }
  size_t count() const { return count_; }
  bool merged() const { return merged_; }
  // Whether there may be messages.
  bool any_open() const { return !open_.empty(); }

  template <class Visitor>  // Visitor(size_t number, FollowedPool&)
  void for_each(Visitor visit) {
    for (size_t number = 0; number < pools_.size(); ++number)
      if (pools_[number]) visit(number, *pools_[number]);
  }

  // The next message of all, none when there is nothing more now; or which pool failed, and how.
  std::expected<std::optional<Found>, Failed> next();
  // Until next() may have something, or the deadline.
  std::expected<void, Failed> wait(std::chrono::steady_clock::time_point deadline);

 private:
  bool merged_;
  std::vector<std::unique_ptr<FollowedPool>> pools_;  // by number; null: free
  size_t count_ = 0;
  TimeMerge merge_;               // unused with one pool
  std::vector<size_t> open_;      // begun and not closed
  std::vector<Cursor*> cursors_;  // of these
};

}  // namespace plasmite
