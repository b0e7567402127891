// One run of `follow`: opens its pools, finds where each begins, and loops. Not thread-safe; stays
// where it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/command_context.h"
#include "agent/commands/follow_loop.h"
#include "agent/commands/follow_options.h"
#include "agent/commands/follow_outputs.h"
#include "agent/commands/follow_refs.h"
#include "agent/commands/follow_run.h"
#include "agent/commands/follow_start.h"
#include "agent/commands/follow_where.h"
#include "agent/commands/followed_pools.h"
#include "core/base/error.h"

namespace plasmite {

class FollowSession {
 public:
  // Both must outlive it. `began_ns`: the wall clock that the plan was made by.
  FollowSession(const CommandContext& context, const FollowOptions& options, FollowPlan plan,
                int64_t began_ns);

  // The exit code.
  Result<int> run();

 private:
  Result<void> open_all();
  Result<std::unique_ptr<FollowedPool>> open(const PoolRef& ref) const;
  std::string hint_for_missing(const PoolRef& ref) const;
  size_t take_in(std::unique_ptr<FollowedPool> pool);
  Result<void> settle_end(FollowedPool& pool) const;

  Result<void> find_starts(bool others_resume);
  Result<void> find_tail_of_all();
  Result<Start> find_start(size_t number, bool others_resume);
  Result<TailFilter> tail_filter(size_t number);
  Result<void> begin(size_t number, Start start);
  Result<int> loop(uint64_t print_from_match);

  Result<void> lose(FollowedPools::Failed failed);
  Result<FollowLoop::Clock::time_point> look_for_pools();
  Result<void> admit(const PoolRef& ref);
  void skip(const PoolRef& ref, const Error& error);

  const CommandContext& context_;
  const FollowOptions& options_;
  FollowPlan plan_;
  int64_t began_ns_;
  FollowedPools pools_;
  FollowOutputs outputs_;
  std::optional<PoolWatch> watch_;  // none: no pattern
  bool told_of_limit_ = false;
  std::optional<WhereStage> where_;
  std::optional<FollowedRun> run_;
  std::vector<std::optional<Start>> starts_;  // by number
};

}  // namespace plasmite
