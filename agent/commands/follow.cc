#include "agent/commands/follow.h"

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "agent/commands/follow_loop.h"
#include "agent/commands/follow_options.h"
#include "agent/commands/follow_run.h"
#include "agent/commands/follow_where.h"
#include "agent/commands/lost_run_notice.h"
#include "agent/commands/tap_runs.h"
#include "agent/commands/text_output.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"
#include "agent/values.h"

namespace plasmite {
namespace {

using Format = FollowWriterOptions::Format;

FollowWriterOptions writer_options(const CommandContext& context, const FollowOptions& options,
                                   Format format) {
  const bool on_terminal = is_terminal(kStdout);
  FollowWriterOptions result;
  result.format = format;
  result.data_only = options.data_only;
  result.pretty = {.color = use_color(context.color, kStdout), .for_terminal = on_terminal};
  if (on_terminal && format == Format::jsonl) {
    result.output = [buffer = std::string()](std::string_view block) mutable {
      return write_output(kStdout, escape_json_for_terminal(block, buffer));
    };
  } else {
    result.output = [](std::string_view block) { return write_output(kStdout, block); };
  }
  return result;
}

struct Sink {
  std::unique_ptr<FollowWriter> json;
  std::unique_ptr<TextOutput> text;
  MessageSink& get() const { return text ? static_cast<MessageSink&>(text->writer()) : *json; }
};

Sink make_sink(const CommandContext& context, const FollowOptions& options, Format format) {
  if (!options.text)
    return {.json = std::make_unique<FollowWriter>(writer_options(context, options, format)),
            .text = nullptr};
  return {
      .json = nullptr,
      .text = std::make_unique<TextOutput>(TextOutputOptions{
          .command = "follow", .pool = options.pool, .color = context.color, .raw = options.raw})};
}

Result<FollowStart> find_start(const Pool& pool, const FollowOptions& options,
                               const FollowPlan& plan, MessageSink& sink, WhereStage* where) {
  if (plan.since_ns) return FollowStart{.start = Start::at_time(*plan.since_ns)};
  if (plan.since_seq) return FollowStart{.start = Start::at_seq(*plan.since_seq)};
  if (plan.tail == 0) {
    // What is asked for up to a point that has passed is what is retained up to it.
    const bool has_passed = plan.end.has_passed(wall_clock_ns());
    return FollowStart{.start = has_passed ? Start::oldest() : Start::newest()};
  }
  const auto last_seq = last_seq_before_end(pool, plan.end);
  if (!last_seq) return std::unexpected(last_seq.error());
  TailFilter filter{.tags = options.tags,
                    .shown = nullptr,
                    .where = where,
                    .last_seq = last_seq->value_or(UINT64_MAX)};
  if (options.text)
    filter.shown = [&sink](const MessageView& message) { return sink.shows(message); };
  return start_at_tail(pool, plan.tail, filter, options.one && !plan.replay_speed);
}

// The pool went away under the follower.
Error pool_is_gone(Error error, const FollowOptions& options) {
  if (error.kind() != ErrorKind::NotFound) return error;
  return std::move(error).with_hint(
      "The pool was deleted while it was followed. `plasmite follow " + quote_token(options.pool) +
      " --create` makes a new one and follows it.");
}

// What of the end depends on what is in the pool.
Result<void> settle_end(const Pool& pool, FollowPlan& plan) {
  if (!plan.end.seq && !plan.replay_speed) return {};
  const auto info = pool.info();
  if (!info) return std::unexpected(info.error());
  // A replay is of what is there now.
  if (plan.replay_speed)
    plan.end.seq = std::min(plan.end.seq.value_or(UINT64_MAX), info->next_seq - 1);
  plan.end.seq_has_passed = *plan.end.seq < info->next_seq;
  return {};
}

// 0: nothing is retained.
Result<uint64_t> newest_seq(const Pool& pool) {
  const auto info = pool.info();
  if (!info) return std::unexpected(info.error());
  return info->newest_seq.value_or(0);
}

Result<std::optional<NamedFollower>> take_name(const CommandContext& context,
                                               const FollowOptions& options, const Pool& pool) {
  if (!options.name) return std::nullopt;
  auto follower = NamedFollower::open(context.color, pool, options.pool, *options.name);
  if (!follower) return std::unexpected(std::move(follower.error()));
  return std::move(*follower);
}

Result<int> follow_pool(const CommandContext& context, const FollowOptions& options,
                        const FollowPlan& plan, const Pool& pool) {
  const Sink sink = make_sink(context, options, plan.format);
  std::optional<WhereStage> where;
  if (plan.where) where.emplace(*plan.where, context.color, options.pool);
  std::optional<FollowedRun> run;
  if (options.run) {
    auto found = FollowedRun::find(pool, *options.run, options.pool);
    if (!found) return std::unexpected(found.error());
    run.emplace(std::move(*found));
  }
  auto name_taken = take_name(context, options, pool);
  if (!name_taken) return std::unexpected(std::move(name_taken.error()));
  NamedFollower* const follower = *name_taken ? &**name_taken : nullptr;
  const bool resumes = follower != nullptr && follower->resumes_at();
  if (!resumes && plan.since_is_to_come) return 0;  // nothing retained is that young
  auto start = resumes ? Result<FollowStart>({.start = *follower->resumes_at()})
               : run   ? Result<FollowStart>({.start = Start::at_seq(run->start_seq())})
                       : find_start(pool, options, plan, sink.get(), where ? &*where : nullptr);
  if (!start) return std::unexpected(start.error());
  if (follower != nullptr && !resumes) {
    auto begun = follower->begin(pool, start->start);
    if (!begun) return std::unexpected(std::move(begun.error()));
    start->start = *begun;
  }
  auto cursor = pool.cursor(start->start);
  if (!cursor) return std::unexpected(cursor.error());
  if (sink.text) {
    const auto pty = begins_within_pty_run(pool, cursor->expected_seq());
    if (!pty) return std::unexpected(pty.error());
    sink.text->writer().begin_within_run(*pty);
  }
  const auto retained_until = where ? newest_seq(pool) : Result<uint64_t>(0);
  if (!retained_until) return std::unexpected(retained_until.error());
  if (where) where->tell_rounded_numbers(options.where);
  DropNotices drops(context.color, options.pool, pool.path().string());
  FollowLoop loop({.tags = options.tags,
                   .where = where ? &*where : nullptr,
                   .end = plan.end,
                   .run = run ? &*run : nullptr,
                   .follower = follower,
                   .replay_speed = plan.replay_speed,
                   .print_from_match = start->print_from_match,
                   .only_one = options.one,
                   .poll_only = options.no_notify,
                   .quiet_drops = options.quiet_drops,
                   .timeout = plan.timeout,
                   .retained_until = *retained_until,
                   .output_fd = kStdout},
                  *cursor, sink.get(), drops);
  auto exit_code = loop.run();
  if (!exit_code) return std::unexpected(pool_is_gone(std::move(exit_code.error()), options));
  if (loop.ended_by_lost_run())
    LostRunNotice(run->id()).print(context.color, "follow", options.pool);
  if (*exit_code == kTimedOut && is_terminal(kStderr)) {
    write_stderr("No messages received (timed out after " + escape_for_terminal(*options.timeout) +
                 ").\n");
  }
  return *exit_code;
}

Result<int> run(const CommandContext& context, const FollowOptions& options) {
  const int64_t now_ns = wall_clock_ns();
  auto plan = make_follow_plan(options, now_ns);
  if (!plan) return std::unexpected(plan.error());
  const auto pool = open_pool(context, {.ref = options.pool,
                                        .access = Access::read,
                                        .create = options.create,
                                        .missing_hint = missing_pool_hint(options)});
  if (!pool) return std::unexpected(pool.error());
  if (auto settled = settle_end(*pool, *plan); !settled) return std::unexpected(settled.error());
  return follow_pool(context, options, *plan, *pool);
}

}  // namespace

void register_follow(CLI::App& root, CommandContext& context) {
  auto options = std::make_shared<FollowOptions>();
  CLI::App* command = add_command(
      root,
      {.name = "follow",
       .description = "Print a pool's messages as they arrive, from now on or with retained ones "
                      "first.\nMessages that were retired before they could be printed are told "
                      "on stderr.",
       .examples =
           "  plasmite follow chat\n"
           "  plasmite follow chat -n 10 --tag error\n"
           "  plasmite follow chat --since 10m --jsonl | jq .data\n"
           "  plasmite follow chat --since 'yesterday 09:00' --until 'yesterday 17:00'\n"
           "  plasmite follow chat --where '.data.level == \"error\"'\n"
           "  plasmite follow chat --tag api --where '.data.msg | test(\"panic|oom\"; \"i\")'\n"
           "  plasmite follow jobs --name mailer --since 1d --jsonl\n"
           "  plasmite follow chat --since 1h --replay 10\n"
           "  plasmite follow build --run last --text\n"
           "  plasmite follow chat --one --timeout 30s --data-only"});
  add_follow_options(*command, *options);
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
