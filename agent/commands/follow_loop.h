// The loop of `follow`: cursor in, text out, waiting in between.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "agent/commands/drop_notices.h"
#include "agent/commands/follow_end.h"
#include "agent/commands/follow_run.h"
#include "agent/commands/follow_start.h"
#include "agent/commands/follow_where.h"
#include "agent/commands/named_follower.h"
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
  FollowEnd end;
  FollowedRun* run = nullptr;          // must outlive the loop; null: no particular one
  NamedFollower* follower = nullptr;   // must outlive the loop; null: none
  std::optional<double> replay_speed;  // at the recorded pace; no timeout then
  uint64_t print_from_match = 1;
  bool only_one = false;
  bool poll_only = false;  // no wake-ups
  bool quiet_drops = false;
  std::optional<std::chrono::milliseconds> timeout;  // since the start or the last message printed
  // With `where` since the messages up to this one, which were there at the start, have been gone
  // through, instead of since the start: how long jq takes for them is not the writers' silence.
  uint64_t retained_until = 0;
  int output_fd = 1;  // watched while waiting: whether its reader is still there
};

// Not thread-safe. The references must outlive it.
class FollowLoop {
 public:
  FollowLoop(FollowLoopOptions options, Cursor& cursor, MessageSink& sink, DropNotices& drops);

  // Until the pool ends (an error), the reader goes away (0), one message was printed (--one, 0),
  // the run ended (--run, 0), the end was reached (--until, 0) or the timeout passed (kTimedOut).
  Result<int> run();
  // Whether that was because the run (--run) turned out to be over without a record of it.
  bool ended_by_lost_run() const { return ended_by_lost_run_; }

 private:
  using Clock = DropNotices::Clock;
  enum class Next : uint8_t { go_on, finished, timed_out };

  Result<Next> take(const MessageView& message);
  Result<Next> sift(const MessageView& message);
  Result<Next> judge_held();
  Result<Next> wait_for_verdict(Clock::time_point began);
  Result<Next> finish_held();
  Result<int> finish(Result<Next> how);
  Result<void> save_position();
  Result<Next> print(const MessageView& message);
  Result<Next> wait_for_pace(const MessageView& message);
  Result<Next> pass_over(const MessageView& message);
  Result<Next> pass_over_behind_held();
  Result<Next> idle();
  std::optional<Next> look_after_run();
  std::optional<Clock::time_point> next_look(Clock::time_point now) const;
  Result<void> wait_until(Clock::time_point wake_at);
  bool timed_out() const;
  bool holds_any() const { return options_.where != nullptr && options_.where->holds_any(); }
  void start_clock();
  void renew_deadline(Clock::time_point now);

  FollowLoopOptions options_;
  Cursor& cursor_;
  MessageSink& sink_;
  DropNotices& drops_;
  std::optional<ReplayPace> pace_;
  Clock::time_point deadline_ = Clock::time_point::max();  // never: no timeout, or not yet
  bool clock_runs_ = false;
  bool printed_since_deadline_ = false;
  bool end_has_passed_ = false;
  bool run_is_lost_ = false;  // what it stored last is still to be read
  bool ended_by_lost_run_ = false;
  bool watch_reader_;
  // Everything before it was given to the sink or passed over; 0: nothing yet. Set where a
  // message's fate is known, in order: one that is only held back does not count.
  uint64_t next_seq_ = 0;
  uint64_t matched_ = 0;
  uint64_t passed_over_ = 0;  // messages not printed, so that the clock is looked at now and then
  std::chrono::milliseconds poll_pause_{1};
};

}  // namespace plasmite
