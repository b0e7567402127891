// `follow --name`: where it begins, and when its position is saved. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/command_context.h"
#include "core/base/error.h"
#include "core/client/follower_position.h"
#include "core/pool/pool.h"

namespace plasmite {

class NamedFollower {
 public:
  using Clock = std::chrono::steady_clock;

  // Takes the name, or says who has it. A notice tells when its position is of no use.
  static Result<NamedFollower> open(ColorMode color, const Pool& pool, const std::string& ref,
                                    const std::string& name);

  // Where it goes on; none: the name is new.
  const std::optional<Start>& resumes_at() const { return resumes_at_; }

  // Where a new name begins, as a sequence, so that it goes on from there even if nothing comes
  // before it ends. Saved at once, unless it is still to come.
  Result<Start> begin(const Pool& pool, Start start);

  // Everything before `next_seq` was written out. What is saved survives our death at once, and
  // power loss within a second.
  Result<void> written(uint64_t next_seq);

  // To be called when there is nothing else to do, at the latest at due().
  Result<void> sync_due(Clock::time_point now);
  std::optional<Clock::time_point> due() const;

  // To be called at the end.
  Result<void> sync();

 private:
  NamedFollower(FollowerPosition position, FollowerPosition::Place place)
      : position_(std::move(position)), place_(place) {}

  FollowerPosition position_;
  FollowerPosition::Place place_;  // as last saved, of this pool
  std::optional<Start> resumes_at_;
  bool unsynced_ = false;
  Clock::time_point last_sync_{};
};

}  // namespace plasmite
