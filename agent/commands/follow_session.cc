#include "agent/commands/follow_session.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "agent/commands/lost_run_notice.h"
#include "agent/commands/tap_runs.h"
#include "agent/output/error_report.h"
#include "agent/output/json_writer.h"
#include "agent/output/notice.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"
#include "agent/values.h"

namespace plasmite {
namespace {

bool is_pattern(const CommandContext& context, const std::string& ref) {
  return is_pool_pattern(ref, context.pool_dir);
}

// By what was typed, so that the same line always prints the same shape.
bool names_several(const CommandContext& context, const FollowOptions& options) {
  return options.pools.size() > 1 || is_pattern(context, options.pools.front());
}

// The pool went away under the follower.
Error pool_is_gone(Error error, const std::string& name) {
  if (error.kind() != ErrorKind::NotFound) return error;
  return std::move(error).with_hint(
      "The pool was deleted while it was followed. `plasmite follow " + quote_token(name) +
      " --create` makes a new one and follows it.");
}

// 0: nothing is retained.
Result<uint64_t> newest_seq(const Pool& pool) {
  const auto info = pool.info();
  if (!info) return std::unexpected(info.error());
  return info->newest_seq.value_or(0);
}

void tell_of_pool(ColorMode color, std::string_view kind, const std::string& what,
                  const std::string& name, const std::filesystem::path& path, const Error& error) {
  JsonWriter details;
  details.begin_object();
  append_error_object(details.key("error"), error);
  details.key("pool_path").string(path.string()).end_object();
  print_notice(color, {.command = "follow",
                       .kind = kind,
                       .message = what + ": " + error.message(),
                       .pool = name,
                       .details_json = details.text()});
}

}  // namespace

FollowSession::FollowSession(const CommandContext& context, const FollowOptions& options,
                             FollowPlan plan, int64_t began_ns)
    : context_(context),
      options_(options),
      plan_(std::move(plan)),
      began_ns_(began_ns),
      pools_(names_several(context, options)),
      outputs_(context, options, plan_.format, pools_.merged()) {}

Result<int> FollowSession::run() {
  if (plan_.where) where_.emplace(*plan_.where, context_.color, pools_as_typed(options_));
  if (auto opened = open_all(); !opened) return std::unexpected(std::move(opened.error()));
  if (options_.run) {
    auto found = FollowedRun::find(pools_[0].pool, *options_.run, pools_[0].name);
    if (!found) return std::unexpected(found.error());
    run_.emplace(std::move(*found));
  }
  bool resumes = false;
  starts_.resize(pools_.count());
  pools_.for_each([&](size_t number, FollowedPool& pool) {
    if (pool.follower) starts_[number] = pool.follower->resumes_at();
    resumes |= starts_[number].has_value();
  });
  if (!resumes && plan_.since_is_to_come) return 0;  // nothing retained is that young
  if (auto found = find_starts(resumes); !found) return std::unexpected(std::move(found.error()));
  for (size_t number = 0; number < starts_.size(); ++number) {
    if (auto begun = begin(number, *starts_[number]); !begun)
      return std::unexpected(std::move(begun.error()));
  }
  if (where_) where_->tell_rounded_numbers(options_.where);
  const bool waits_for_last = options_.one && plan_.tail > 0 && !plan_.replay_speed && !resumes;
  return loop(waits_for_last ? plan_.tail : 1);
}

// Pools that were named must be there and whole. Of those that a pattern found one must.
Result<void> FollowSession::open_all() {
  std::vector<PoolRef> refs;
  if (pools_.merged()) {
    std::vector<std::string> patterns;
    for (const std::string& ref : options_.pools)
      if (is_pattern(context_, ref)) patterns.push_back(ref);
    if (auto ok = check_several_pools(options_, !patterns.empty()); !ok)
      return std::unexpected(ok.error());
    auto resolved = resolve_pools(options_.pools, context_.pool_dir);
    if (!resolved) return std::unexpected(std::move(resolved.error()));
    refs = std::move(*resolved);
    if (!patterns.empty()) watch_.emplace(context_.pool_dir, std::move(patterns));
  } else {
    refs.push_back({.name = options_.pools.front(), .path = {}, .found_by_pattern = false});
  }
  for (const PoolRef& ref : refs) outputs_.make_room_for(ref.name);
  std::optional<Error> first_error;
  for (const PoolRef& ref : refs) {
    auto pool = open(ref);
    if (pool) {
      take_in(std::move(*pool));
      continue;
    }
    if (!ref.found_by_pattern) return std::unexpected(std::move(pool.error()));
    if (!first_error) first_error = pool.error();
    if (refs.size() > 1) skip(ref, pool.error());
  }
  if (pools_.count() == 0) return std::unexpected(std::move(*first_error));
  // Of pools that come later nothing was there when it began.
  if (plan_.replay_speed) watch_.reset();
  return {};
}

// --create does not go with patterns.
std::string FollowSession::hint_for_missing(const PoolRef& ref) const {
  if (!watch_) return missing_pool_hint(options_);
  return "The pool does not exist. `plasmite pool create " + quote_token(ref.name) + "` makes it.";
}

Result<std::unique_ptr<FollowedPool>> FollowSession::open(const PoolRef& ref) const {
  auto opened = open_pool(context_, {.ref = ref.found_by_pattern ? ref.path.native() : ref.name,
                                     .access = Access::read,
                                     .create = options_.create,
                                     .missing_hint = hint_for_missing(ref)});
  if (!opened) return std::unexpected(std::move(opened.error()));
  DropNotices drops(context_.color, ref.name, opened->path().string());
  auto pool = std::make_unique<FollowedPool>(FollowedPool{
      .name = ref.name,
      .found_by_pattern = ref.found_by_pattern,
      .pool = std::move(*opened),
      .drops = std::move(drops),
  });
  if (auto settled = settle_end(*pool); !settled) return std::unexpected(settled.error());
  if (options_.name) {
    auto follower = NamedFollower::open(context_.color, pool->pool, ref.name, *options_.name);
    if (!follower) return std::unexpected(std::move(follower.error()));
    pool->follower.emplace(std::move(*follower));
  }
  return pool;
}

size_t FollowSession::take_in(std::unique_ptr<FollowedPool> pool) {
  const size_t number = pools_.add(std::move(pool));
  const std::string& name = pools_[number].name;
  outputs_.add(number, name);
  if (where_ && pools_.merged()) where_->name_pool(number, name);
  return number;
}

// What of the end depends on what is in the pool.
Result<void> FollowSession::settle_end(FollowedPool& pool) const {
  pool.end = plan_.end;
  if (!plan_.end.seq && !plan_.replay_speed) return {};
  const auto info = pool.pool.info();
  if (!info) return std::unexpected(info.error());
  // A replay is of what is there now.
  if (plan_.replay_speed)
    pool.end.seq = std::min(plan_.end.seq.value_or(UINT64_MAX), info->next_seq - 1);
  pool.end.seq_has_passed = *pool.end.seq < info->next_seq;
  return {};
}

// Of pools that do not resume.
Result<void> FollowSession::find_starts(bool others_resume) {
  if (plan_.tail > 0 && pools_.merged()) return find_tail_of_all();
  for (size_t number = 0; number < starts_.size(); ++number) {
    if (starts_[number]) continue;
    auto start = find_start(number, others_resume);
    if (!start) return std::unexpected(std::move(start.error()));
    starts_[number] = *start;
  }
  return {};
}

Result<Start> FollowSession::find_start(size_t number, bool others_resume) {
  const FollowedPool& pool = pools_[number];
  if (run_) return Start::at_seq(run_->start_seq());
  if (plan_.since_ns) return Start::at_time(*plan_.since_ns);
  if (plan_.since_seq) return Start::at_seq(*plan_.since_seq);
  if (plan_.tail > 0) {
    const auto filter = tail_filter(number);
    if (!filter) return std::unexpected(filter.error());
    return start_at_tail(pool.pool, plan_.tail, *filter, /*exactly=*/options_.one);
  }
  // It came to match while nobody followed under this name: nothing of it is skipped.
  if (others_resume && pool.found_by_pattern) return Start::oldest();
  // What is asked for up to a point that has passed is what is retained up to it.
  return pool.end.has_passed(wall_clock_ns()) ? Start::oldest() : Start::newest();
}

Result<void> FollowSession::find_tail_of_all() {
  std::vector<TailSearch> searches;
  std::vector<size_t> numbers;
  for (size_t number = 0; number < starts_.size(); ++number) {
    if (starts_[number]) continue;
    auto filter = tail_filter(number);
    if (!filter) return std::unexpected(filter.error());
    searches.push_back({.pool = &pools_[number].pool, .filter = std::move(*filter)});
    numbers.push_back(number);
  }
  const auto starts = start_at_merged_tail(searches, plan_.tail);
  if (!starts) return std::unexpected(starts.error());
  for (size_t i = 0; i < numbers.size(); ++i) starts_[numbers[i]] = (*starts)[i];
  return {};
}

Result<TailFilter> FollowSession::tail_filter(size_t number) {
  const auto last_seq = last_seq_before_end(pools_[number].pool, pools_[number].end);
  if (!last_seq) return std::unexpected(last_seq.error());
  TailFilter filter{.tags = options_.tags,
                    .shown = nullptr,
                    .where = where_ ? &*where_ : nullptr,
                    .pool = number,
                    .last_seq = last_seq->value_or(UINT64_MAX)};
  if (options_.text) {
    filter.shown = [&sink = outputs_.sink_of(number)](const MessageView& message) {
      return sink.shows(message);
    };
  }
  return filter;
}

Result<void> FollowSession::begin(size_t number, Start start) {
  FollowedPool& pool = pools_[number];
  if (pool.follower && !pool.follower->resumes_at()) {
    auto begun = pool.follower->begin(pool.pool, start);
    if (!begun) return std::unexpected(std::move(begun.error()));
    start = *begun;
  }
  auto cursor = pool.pool.cursor(start);
  if (!cursor) return std::unexpected(std::move(cursor.error()));
  pool.cursor.emplace(std::move(*cursor));
  if (options_.text) {
    const auto pty = begins_within_pty_run(pool.pool, pool.cursor->expected_seq());
    if (!pty) return std::unexpected(pty.error());
    outputs_.begin_within_run(number, *pty);
  }
  if (where_) {
    const auto newest = newest_seq(pool.pool);
    if (!newest) return std::unexpected(newest.error());
    pool.retained_until = *newest;
  }
  pools_.begin(number);
  return {};
}

Result<int> FollowSession::loop(uint64_t print_from_match) {
  FollowLoopOptions options{.tags = options_.tags,
                            .where = where_ ? &*where_ : nullptr,
                            .end = pools_[0].end,
                            .run = run_ ? &*run_ : nullptr,
                            .replay_speed = plan_.replay_speed,
                            .print_from_match = print_from_match,
                            .only_one = options_.one,
                            .poll_only = options_.no_notify,
                            .quiet_drops = options_.quiet_drops,
                            .timeout = plan_.timeout,
                            .output_fd = kStdout};
  if (pools_.merged()) options.lose = [this](auto failed) { return lose(std::move(failed)); };
  if (watch_) options.look_for_pools = [this] { return look_for_pools(); };
  FollowLoop loop(std::move(options), pools_, outputs_.sink());
  auto exit_code = loop.run();
  if (!exit_code)
    return std::unexpected(pool_is_gone(std::move(exit_code.error()), options_.pools.front()));
  if (loop.ended_by_lost_run())
    LostRunNotice(run_->id()).print(context_.color, "follow", options_.pools.front());
  if (*exit_code == kTimedOut && is_terminal(kStderr)) {
    write_stderr("No messages received (timed out after " + escape_for_terminal(*options_.timeout) +
                 ").\n");
  }
  return *exit_code;
}

// One of several: the others go on, as long as there is one or may come one.
Result<void> FollowSession::lose(FollowedPools::Failed failed) {
  FollowedPool& pool = pools_[failed.reader];
  if (pools_.count() == 1 && !watch_)
    return std::unexpected(pool_is_gone(std::move(failed.error), pool.name));
  pool.drops.print_rest();
  if (pool.follower)
    if (auto synced = pool.follower->sync(); !synced) return synced;
  const std::filesystem::path path = pool.pool.path();
  tell_of_pool(context_.color, "pool_lost", "no longer followed", pool.name, path, failed.error);
  // A new pool of its name is another one; this one would only fail again.
  if (watch_ && failed.error.kind() != ErrorKind::NotFound) watch_->refuse(path, /*for_good=*/true);
  pools_.close(failed.reader);
  auto printed = outputs_.remove(failed.reader);
  pools_.remove(failed.reader);
  if (!printed) return std::unexpected(std::move(printed.error()));
  return {};
}

Result<FollowLoop::Clock::time_point> FollowSession::look_for_pools() {
  const auto is_followed = [this](const std::filesystem::path& path) {
    bool found = false;
    pools_.for_each([&](size_t, const FollowedPool& pool) {
      std::error_code ignored;
      found = found || pool.pool.path() == path ||
              std::filesystem::equivalent(pool.pool.path(), path, ignored);
    });
    return found;
  };
  for (const PoolRef& ref : watch_->look(is_followed)) {
    if (auto admitted = admit(ref); !admitted) return std::unexpected(admitted.error());
  }
  return FollowLoop::Clock::now() + PoolWatch::kLookEvery;
}

// A pool that came to match: what was stored in it since follow began, or since --since.
Result<void> FollowSession::admit(const PoolRef& ref) {
  if (pools_.count() == kMostFollowedPools) {
    if (std::exchange(told_of_limit_, true)) return {};
    const Error error(ErrorKind::Usage, "too many pools");
    tell_of_pool(context_.color, "pool_skipped", "not followed", ref.name, ref.path, error);
    return {};
  }
  auto pool = open(ref);
  if (!pool) {
    if (pool.error().kind() != ErrorKind::NotFound) skip(ref, pool.error());
    return {};
  }
  const auto& follower = (*pool)->follower;
  const auto resumes_at = follower ? follower->resumes_at() : std::nullopt;
  const size_t number = take_in(std::move(*pool));
  auto begun =
      begin(number, resumes_at.value_or(Start::at_time(plan_.since_ns.value_or(began_ns_))));
  if (begun) return {};
  return lose({number, std::move(begun.error())});
}

void FollowSession::skip(const PoolRef& ref, const Error& error) {
  if (watch_->refuse(ref.path, /*for_good=*/false))
    tell_of_pool(context_.color, "pool_skipped", "not followed", ref.name, ref.path, error);
}

}  // namespace plasmite
