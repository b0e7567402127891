// The loop of `follow`: messages in, text out, waiting in between.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "agent/commands/follow_end.h"
#include "agent/commands/follow_run.h"
#include "agent/commands/follow_start.h"
#include "agent/commands/follow_where.h"
#include "agent/commands/followed_pools.h"
#include "agent/commands/replay_pace.h"
#include "core/base/error.h"
#include "core/pool/pool.h"
#include "sinks/message_sink.h"

namespace plasmite {

// Exit code of `follow --timeout` when no message came.
inline constexpr int kTimedOut = 124;

struct FollowLoopOptions {
  TagFilter tags;
  WhereStage* where = nullptr;  // asked about what has the tags; must outlive the loop; null: all
  FollowEnd end;                // of all pools; what differs is said by each
  FollowedRun* run = nullptr;   // must outlive the loop; null: no particular one
  std::optional<double> replay_speed;  // at the recorded pace; no timeout then
  uint64_t print_from_match = 1;
  bool only_one = false;
  bool poll_only = false;  // no wake-ups
  bool quiet_drops = false;
  // Since the start or the last message printed. With `where` since what was retained at the start
  // has been gone through, instead of since the start: how long jq takes for it is not the writers'
  // silence.
  std::optional<std::chrono::milliseconds> timeout;
  int output_fd = 1;  // watched while waiting: whether its reader is still there
  // Takes a pool out that failed, so that the others go on; an error ends the loop. Null: any does.
  std::function<Result<void>(FollowedPools::Failed failed)> lose = nullptr;
  // Looks for pools to be followed, too, and says when to look again. Null: there will be none.
  std::function<Result<std::chrono::steady_clock::time_point>()> look_for_pools = nullptr;
};

// Not thread-safe. The references must outlive it.
class FollowLoop {
 public:
  FollowLoop(FollowLoopOptions options, FollowedPools& pools, MessageSink& sink);

  // Until the last pool ends (an error), the reader goes away (0), one message was printed (--one,
  // 0), the run ended (--run, 0), the end was reached (--until, 0) or the timeout passed
  // (kTimedOut).
  Result<int> run();
  // Whether that was because the run (--run) turned out to be over without a record of it.
  bool ended_by_lost_run() const { return ended_by_lost_run_; }

  using Clock = DropNotices::Clock;

 private:
  enum class Next : uint8_t { go_on, finished, timed_out };

  Result<Next> look();
  void turn_to(size_t pool);
  Result<Next> take(const MessageView& message);
  Result<Next> close_pool();
  Result<Next> lose(FollowedPools::Failed failed);
  Result<Next> sift(const MessageView& message);
  Result<Next> judge_held();
  Result<Next> wait_for_verdict(Clock::time_point began);
  Result<Next> finish_held();
  Result<int> finish(Result<Next> how);
  Result<void> save_positions();
  Result<void> sync_positions(std::optional<Clock::time_point> due_by);
  Result<void> look_for_pools_if_due(Clock::time_point now);
  Result<Next> print(const MessageView& message);
  Result<Next> wait_for_pace(const MessageView& message);
  Result<Next> pass_over(const MessageView& message);
  Result<Next> pass_over_behind_held();
  Result<Next> idle();
  std::optional<Next> look_after_run();
  std::optional<Clock::time_point> next_look(Clock::time_point now) const;
  Result<Next> wait_until(Clock::time_point wake_at);
  bool timed_out() const;
  bool holds_any() const { return options_.where != nullptr && options_.where->holds_any(); }
  void start_clock();
  void renew_deadline(Clock::time_point now);

  FollowLoopOptions options_;
  FollowedPools& pools_;
  MessageSink& sink_;
  size_t pool_ = 0;  // of the message in hand
  std::optional<ReplayPace> pace_;
  Clock::time_point deadline_ = Clock::time_point::max();  // never: no timeout, or not yet
  bool clock_runs_ = false;
  bool printed_since_deadline_ = false;
  bool end_has_passed_ = false;
  bool run_is_lost_ = false;  // what it stored last is still to be read
  bool ended_by_lost_run_ = false;
  bool watch_reader_;
  Clock::time_point next_pool_look_{};
  uint64_t looks_ = 0;
  uint64_t matched_ = 0;
  uint64_t passed_over_ = 0;  // messages not printed, so that the clock is looked at now and then
  std::chrono::milliseconds poll_pause_{1};
};

}  // namespace plasmite
