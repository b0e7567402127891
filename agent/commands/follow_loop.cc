#include "agent/commands/follow_loop.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "agent/output/stdio.h"
#include "agent/values.h"

namespace plasmite {
namespace {

// Among messages that are not printed; among all when new pools are looked for.
constexpr uint64_t kLookAtClockEvery = 1024;

}  // namespace

FollowLoop::FollowLoop(FollowLoopOptions options, FollowedPools& pools, MessageSink& sink)
    : options_(std::move(options)),
      pools_(pools),
      sink_(sink),
      pace_(options_.replay_speed),
      watch_reader_(may_lose_its_reader(options_.output_fd)) {
  if (options_.where == nullptr) start_clock();
}

Result<int> FollowLoop::run() {
  for (;;) {
    auto next = look();
    if (!next || *next != Next::go_on) return finish(std::move(next));
  }
}

Result<FollowLoop::Next> FollowLoop::look() {
  if (options_.look_for_pools && looks_++ % kLookAtClockEvery == 0) {
    if (auto looked = look_for_pools_if_due(Clock::now()); !looked)
      return std::unexpected(std::move(looked.error()));
  }
  auto found = pools_.next();
  if (!found) return lose(std::move(found.error()));
  if (!*found) return idle();
  turn_to((*found)->reader);
  return take((*found)->message);
}

void FollowLoop::turn_to(size_t pool) {
  if (pool == pool_) return;
  pool_ = pool;
  sink_.select_pool(pool);
}

// What was read of it is printed first.
Result<FollowLoop::Next> FollowLoop::lose(FollowedPools::Failed failed) {
  auto next = judge_held();
  if (!next || *next != Next::go_on) return next;
  if (!options_.lose) return std::unexpected(std::move(failed.error));
  const auto flushed = sink_.flush();
  if (!flushed) return std::unexpected(flushed.error());
  if (!*flushed) return Next::finished;
  if (auto saved = save_positions(); !saved) return std::unexpected(std::move(saved.error()));
  if (auto lost = options_.lose(std::move(failed)); !lost)
    return std::unexpected(std::move(lost.error()));
  return Next::go_on;
}

Result<void> FollowLoop::look_for_pools_if_due(Clock::time_point now) {
  if (now < next_pool_look_) return {};
  const auto next_look = options_.look_for_pools();
  if (!next_look) return std::unexpected(next_look.error());
  next_pool_look_ = *next_look;
  return {};
}

// However it ends: what was taken from the pool is printed, what was lost is told.
Result<int> FollowLoop::finish(Result<Next> how) {
  const auto flushed = sink_.finish();
  pools_.for_each([](size_t, FollowedPool& pool) { pool.drops.print_rest(); });
  auto saved = save_positions();
  if (saved) saved = sync_positions(std::nullopt);
  if (!how) return std::unexpected(std::move(how.error()));
  if (!flushed) return std::unexpected(flushed.error());
  if (!saved) return std::unexpected(std::move(saved.error()));
  return *how == Next::timed_out ? kTimedOut : 0;
}

// Only what was written out counts: a follower that is killed repeats, and never skips.
Result<void> FollowLoop::save_positions() {
  const size_t in_hand = pool_;
  Result<void> saved;
  pools_.for_each([&](size_t number, FollowedPool& pool) {
    if (!saved || !pool.follower || pool.next_seq == 0) return;
    turn_to(number);
    saved = pool.follower->written(sink_.oldest_unwritten().value_or(pool.next_seq));
  });
  turn_to(in_hand);
  return saved;
}

// None: whether it is due or not.
Result<void> FollowLoop::sync_positions(std::optional<Clock::time_point> due_by) {
  Result<void> synced;
  pools_.for_each([&](size_t, FollowedPool& pool) {
    if (!synced || !pool.follower) return;
    synced = due_by ? pool.follower->sync_due(*due_by) : pool.follower->sync();
  });
  return synced;
}

Result<FollowLoop::Next> FollowLoop::take(const MessageView& message) {
  const size_t number = pool_;
  FollowedPool& pool = pools_[number];
  if (const auto gap = pool.cursor->take_gap(); gap && !options_.quiet_drops) [[unlikely]] {
    // What was taken before comes before the notice.
    if (auto judged = judge_held(); !judged || *judged != Next::go_on) return judged;
    turn_to(number);
    if (auto flushed = sink_.flush(); !flushed) return std::unexpected(flushed.error());
    pool.drops.add(*gap);
  }
  if (pool.end.is_behind(message)) return close_pool();
  if (message.seq > pool.retained_until) start_clock();
  using Verdict = FollowedRun::Verdict;
  const Verdict verdict = options_.run == nullptr ? Verdict::ours : options_.run->judge(message);
  Result<Next> next = Next::go_on;
  if (verdict == Verdict::not_ours || !matches(options_.tags, message)) {
    next = holds_any() ? pass_over_behind_held() : pass_over(message);
  } else {
    next = sift(message);
  }
  const bool is_last = verdict == Verdict::ours_and_last || pool.end.is_at(message);
  if (!is_last || !next || *next != Next::go_on) return next;
  turn_to(number);
  return close_pool();
}

// The pool in hand is at its end; the last one that is ends follow.
Result<FollowLoop::Next> FollowLoop::close_pool() {
  pools_.close(pool_);
  return pools_.any_open() ? Next::go_on : finish_held();
}

// The end, once what --where holds back is judged.
Result<FollowLoop::Next> FollowLoop::finish_held() {
  const auto next = judge_held();
  return next && *next == Next::go_on ? Next::finished : next;
}

Result<FollowLoop::Next> FollowLoop::sift(const MessageView& message) {
  if (options_.where == nullptr) return print(message);
  options_.where->put(message, pool_);
  return options_.where->is_full() ? judge_held() : Next::go_on;
}

// Prints what matches of the messages that --where has held back.
Result<FollowLoop::Next> FollowLoop::judge_held() {
  const Clock::time_point began = holds_any() ? Clock::now() : Clock::time_point();
  while (holds_any()) {
    if (!options_.where->has_verdict()) {
      const auto next = wait_for_verdict(began);
      if (!next || *next != Next::go_on) return next;
      continue;
    }
    const WhereStage::Judged judged = options_.where->take();
    turn_to(judged.pool);
    const auto next = judged.matches ? print(judged.message) : pass_over(judged.message);
    if (!next || *next != Next::go_on) return next;
  }
  return Next::go_on;
}

// Programs may be slow: then what matched so far is printed, and the timeout and the reader are
// looked after. A batch that takes less than a second is judged whatever the timeout says, as if
// it took no time.
Result<FollowLoop::Next> FollowLoop::wait_for_verdict(Clock::time_point began) {
  constexpr std::chrono::milliseconds kQuick{10};
  constexpr std::chrono::seconds kLookAround{1};
  const auto soon = options_.where->wait(Clock::now() + kQuick);
  if (!soon) return std::unexpected(soon.error());
  if (*soon) return Next::go_on;
  const auto flushed = sink_.flush();
  if (!flushed) return std::unexpected(flushed.error());
  if (!*flushed || (watch_reader_ && reader_is_gone(options_.output_fd))) return Next::finished;
  if (auto saved = save_positions(); !saved) return std::unexpected(std::move(saved.error()));
  const Clock::time_point now = Clock::now();
  renew_deadline(now);
  if (now - began > kLookAround && timed_out()) return Next::timed_out;
  if (auto later = options_.where->wait(now + kLookAround); !later)
    return std::unexpected(later.error());
  return Next::go_on;
}

Result<FollowLoop::Next> FollowLoop::print(const MessageView& message) {
  if (matched_ + 1 < options_.print_from_match) {
    if (sink_.shows(message)) ++matched_;
    return pass_over(message);
  }
  if (pace_ && sink_.shows(message)) {
    auto waited = wait_for_pace(message);
    if (!waited || *waited != Next::go_on) return waited;
  }
  const auto waits_from = sink_.oldest_unwritten();
  pools_[pool_].next_seq = message.seq + 1;
  const auto written = sink_.write(message);
  if (!written) return std::unexpected(written.error());
  if (*written == MessageSink::Written::nobody_reads) return Next::finished;
  if (*written == MessageSink::Written::passed_over) return pass_over(message);
  printed_since_deadline_ = true;
  if (sink_.oldest_unwritten() != waits_from.value_or(message.seq)) [[unlikely]] {
    // A block went out.
    if (auto saved = save_positions(); !saved) return std::unexpected(std::move(saved.error()));
  }
  return options_.only_one ? Next::finished : Next::go_on;
}

// The message stays as it was copied from the pool, however long this takes.
Result<FollowLoop::Next> FollowLoop::wait_for_pace(const MessageView& message) {
  const Clock::time_point due = pace_->due(message.time_ns, Clock::now());
  for (auto now = Clock::now(); now < due; now = Clock::now()) {
    const auto flushed = sink_.flush();  // what is due is seen
    if (!flushed) return std::unexpected(flushed.error());
    if (!*flushed) return Next::finished;
    pools_.for_each([&](size_t, FollowedPool& pool) { pool.drops.print_due(now); });
    const auto pause = std::min<Clock::duration>(due - now, std::chrono::seconds(1));
    if (!watch_reader_) {
      std::this_thread::sleep_for(pause);
    } else if (reader_is_gone(options_.output_fd, pause)) {
      return Next::finished;
    }
  }
  return Next::go_on;
}

// A flood of messages that are not printed keeps the cursor from ever being idle.
Result<FollowLoop::Next> FollowLoop::pass_over(const MessageView& message) {
  pools_[pool_].next_seq = message.seq + 1;
  if (++passed_over_ % kLookAtClockEvery != 0) return Next::go_on;
  if (auto saved = save_positions(); !saved) return std::unexpected(std::move(saved.error()));
  return timed_out() ? Next::timed_out : Next::go_on;
}

// The position stays before what is held, whose fate is not known. What is held does not wait for
// the end of a flood of others.
Result<FollowLoop::Next> FollowLoop::pass_over_behind_held() {
  if (++passed_over_ % kLookAtClockEvery != 0) return Next::go_on;
  return judge_held();
}

bool FollowLoop::timed_out() const { return !printed_since_deadline_ && Clock::now() >= deadline_; }

void FollowLoop::start_clock() {
  if (std::exchange(clock_runs_, true) || !options_.timeout || pace_) return;
  deadline_ = Clock::now() + *options_.timeout;
}

void FollowLoop::renew_deadline(Clock::time_point now) {
  if (!std::exchange(printed_since_deadline_, false)) return;
  poll_pause_ = std::chrono::milliseconds(1);
  if (options_.timeout && clock_runs_ && !pace_) deadline_ = now + *options_.timeout;
}

Result<FollowLoop::Next> FollowLoop::idle() {
  if (holds_any()) return judge_held();
  start_clock();
  const auto flushed = sink_.flush();
  if (!flushed) return std::unexpected(flushed.error());
  if (!*flushed) return Next::finished;
  if (auto saved = save_positions(); !saved) return std::unexpected(std::move(saved.error()));
  if (const auto next = look_after_run()) return *next;
  const Clock::time_point now = Clock::now();
  renew_deadline(now);
  if (now >= deadline_) return Next::timed_out;
  pools_.for_each([&](size_t, FollowedPool& pool) { pool.drops.print_due(now); });
  if (auto synced = sync_positions(now); !synced) return std::unexpected(std::move(synced.error()));
  if (watch_reader_ && reader_is_gone(options_.output_fd)) return Next::finished;

  const auto wake_at = next_look(now);
  // Once more after it has passed: what came while the output was slow is still to be read.
  if (!wake_at) return std::exchange(end_has_passed_, true) ? Next::finished : Next::go_on;
  return wait_until(*wake_at);
}

// When something may be to be done although no message comes; none: the end is reached.
std::optional<FollowLoop::Clock::time_point> FollowLoop::next_look(Clock::time_point now) const {
  Clock::time_point wake_at = deadline_;
  const auto until_end = options_.end.wait_at_most(wall_clock_ns());
  if (!until_end) return std::nullopt;
  if (*until_end != until_end->max()) wake_at = std::min(wake_at, now + *until_end);
  if (options_.look_for_pools) wake_at = std::min(wake_at, next_pool_look_);
  pools_.for_each([&](size_t, const FollowedPool& pool) {
    if (const auto due = pool.drops.due()) wake_at = std::min(wake_at, *due);
    const auto sync_due = pool.follower ? pool.follower->due() : std::nullopt;
    if (sync_due) wake_at = std::min(wake_at, *sync_due);
  });
  // `follow | head -1` ends although no further message makes it write.
  // No message tells of a run that was killed, either.
  if (watch_reader_ || options_.run != nullptr)
    wake_at = std::min(wake_at, now + std::chrono::seconds(1));
  return wake_at;
}

// None: it goes on.
std::optional<FollowLoop::Next> FollowLoop::look_after_run() {
  if (options_.run == nullptr) return std::nullopt;
  if (run_is_lost_) {
    ended_by_lost_run_ = true;
    return Next::finished;
  }
  run_is_lost_ = options_.run->is_lost();
  if (!run_is_lost_) return std::nullopt;
  return Next::go_on;  // what it stored last may have come after we looked
}

Result<FollowLoop::Next> FollowLoop::wait_until(Clock::time_point wake_at) {
  if (options_.poll_only) {
    constexpr std::chrono::milliseconds kLongestPause{50};
    std::this_thread::sleep_until(std::min(wake_at, Clock::now() + poll_pause_));
    poll_pause_ = std::min(2 * poll_pause_, kLongestPause);
    wake_at = Clock::now();  // below: only whether the pool is still there
  }
  auto waited = pools_.wait(wake_at);
  if (!waited) return lose(std::move(waited.error()));
  if (!options_.look_for_pools) return Next::go_on;
  if (auto looked = look_for_pools_if_due(Clock::now()); !looked)
    return std::unexpected(std::move(looked.error()));
  return Next::go_on;
}

}  // namespace plasmite
