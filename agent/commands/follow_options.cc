#include "agent/commands/follow_options.h"

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/message_format.h"
#include "agent/pool_access.h"
#include "agent/time_value.h"
#include "agent/values.h"
#include "core/client/follower_position.h"

namespace plasmite {
namespace {

Error usage(std::string message, std::string hint) {
  return Error(ErrorKind::Usage, std::move(message)).with_hint(std::move(hint));
}

Result<void> check_text(const FollowOptions& options) {
  if (options.text && (options.jsonl || options.format || options.data_only)) {
    const char* other = options.jsonl ? "--jsonl" : options.format ? "--format" : "--data-only";
    return std::unexpected(usage("conflicting output options",
                                 std::string("Use --text for the lines as they were printed, or ") +
                                     other + " for the records, not both."));
  }
  if (options.raw && !options.text) {
    return std::unexpected(usage("--raw requires --text", "Add --text, or leave --raw out."));
  }
  return {};
}

// --run begins where the run began, and never makes a pool: it would have no run.
Result<void> check_run(const FollowOptions& options) {
  if (!options.run) return {};
  if (options.run->empty())
    return std::unexpected(usage("invalid value '' for '--run'", "Use last or a run's id."));
  if (options.tail || options.since || options.since_seq || options.name || options.create) {
    const char* other = options.tail        ? "--tail"
                        : options.since     ? "--since"
                        : options.since_seq ? "--since-seq"
                        : options.name      ? "--name"
                                            : "--create";
    return std::unexpected(
        usage("conflicting start options",
              std::string("--run begins where the run began: leave ") + other + " out."));
  }
  return {};
}

// Null without --where. Starting the process takes a while, so this is no check among the others.
Result<std::unique_ptr<Filter>> compile_where(const FollowOptions& options) {
  if (options.where.empty()) return nullptr;
  auto filter = Filter::create(options.where, FilterReach::host);
  if (!filter) return std::unexpected(filter.error());
  return std::make_unique<Filter>(std::move(*filter));
}

// --since, --since-seq, --until, --until-seq.
Result<void> read_bounds(const FollowOptions& options, int64_t now_ns, FollowPlan& plan) {
  if (options.since) {
    const auto since_ns = parse_since(*options.since, now_ns);
    if (!since_ns) return std::unexpected(since_ns.error());
    plan.since_ns = *since_ns;
    plan.since_is_to_come = *since_ns > now_ns;
  }
  if (options.since_seq) {
    const auto seq = parse_count(*options.since_seq, "--since-seq");
    if (!seq) return std::unexpected(seq.error());
    plan.since_seq = *seq;
  }
  if (options.until) {
    const auto until_ns = parse_until(*options.until, now_ns);
    if (!until_ns) return std::unexpected(until_ns.error());
    plan.end.time_ns = *until_ns;
  }
  if (options.until_seq) {
    const auto seq = parse_count(*options.until_seq, "--until-seq");
    if (!seq) return std::unexpected(seq.error());
    plan.end.seq = *seq;
  }
  if ((plan.since_ns && plan.end.time_ns && *plan.end.time_ns < *plan.since_ns) ||
      (plan.since_seq && plan.end.seq && *plan.end.seq < *plan.since_seq)) {
    return std::unexpected(usage("the end lies before the beginning",
                                 "Nothing is both since the one and until the other: exchange the "
                                 "two values. A clock time without a day is today's."));
  }
  return {};
}

Result<void> check_name(const FollowOptions& options) {
  if (!options.name || is_follower_name(*options.name)) return {};
  return std::unexpected(usage("invalid value '" + *options.name + "' for '--name'",
                               "Use 1 to 64 letters, digits, - and _."));
}

Result<void> read_replay(const FollowOptions& options, FollowPlan& plan) {
  if (!options.replay) return {};
  const auto speed = parse_speed(*options.replay, "--replay");
  if (!speed) return std::unexpected(speed.error());
  plan.replay_speed = *speed;
  if (options.name) {
    return std::unexpected(usage("--replay cannot be used with --name",
                                 "A replay ends, and shows the same again: leave --name out."));
  }
  if (options.tail || options.since || options.since_seq || options.run) return {};
  return std::unexpected(usage("--replay requires --tail or --since",
                               "Say what to replay: --since 1h, --tail 100, --since-seq 1 or "
                               "--run last."));
}

}  // namespace

void add_follow_options(CLI::App& command, FollowOptions& options) {
  take_all_words(
      command.add_option("POOL", options.pools, "Pool name, path, or pattern over names: 'app-*'"))
      ->required();
  command.add_flag("--create", options.create, "Make the pool when it is missing");
  auto* tail = command
                   .add_option("-n,--tail", options.tail,
                               "First print the last N matching messages [default: 0]")
                   ->type_name("N");
  auto* since = command
                    .add_option("--since", options.since,
                                "First print those since 10m, 1h30m, 10:15, yesterday")
                    ->type_name("TIME")
                    ->excludes(tail);
  command.add_option("--since-seq", options.since_seq, "First print those from this sequence on")
      ->type_name("N")
      ->excludes(tail)
      ->excludes(since);
  command
      .add_option("--until", options.until, "Exit after this time: as --since, or +10m (from now)")
      ->type_name("TIME");
  command.add_option("--until-seq", options.until_seq, "Exit after the message of this sequence")
      ->type_name("N");
  command.add_option("--name", options.name, "Go on where the follower of this name stopped")
      ->type_name("NAME");
  command.add_flag("--one", options.one,
                   "Exit after one message; with --tail N the Nth match is the one");
  command.add_flag("--jsonl", options.jsonl, "One line per message");
  command.add_option("--format", options.format, "pretty or jsonl [default: pretty]")
      ->type_name("FORMAT");
  command.add_flag("--data-only", options.data_only, "Print only the data of each message");
  command.add_flag("--text", options.text,
                   "Print the lines that tap captured as they were, each to its own stream");
  command.add_flag("--raw", options.raw,
                   "With --text: pass escape sequences and all other bytes to a terminal, too");
  command
      .add_option("--run", options.run,
                  "Only one run of tap, from its start to its end: last or its id")
      ->type_name("RUN");
  command
      .add_option("--timeout", options.timeout, "Exit 124 when no message is printed for so long")
      ->type_name("DURATION");
  command
      .add_option("--tag", options.tags, "Only messages with this tag; repeated: with all of them")
      ->type_name("TAG")
      ->allow_extra_args(false);
  command
      .add_option("--where", options.where,
                  "Only messages of which this jq program makes true; repeated: all of them")
      ->type_name("EXPR")
      ->allow_extra_args(false);
  command
      .add_option("--replay", options.replay,
                  "Print what is retained at its pace times SPEED, then exit")
      ->type_name("SPEED");
  command.add_flag("--quiet-drops", options.quiet_drops, "Do not tell about retired messages");
  command.add_flag("--no-notify", options.no_notify, "Poll instead of being woken");
  add_remote_options(command, options.remote);
}

Result<FollowPlan> make_follow_plan(const FollowOptions& options, int64_t now_ns) {
  FollowPlan plan;
  if (auto ok = check_text(options); !ok) return std::unexpected(ok.error());
  const auto format = choose_message_format(options.jsonl, options.format);
  if (!format) return std::unexpected(format.error());
  plan.format = *format;
  if (options.tail) {
    const auto tail = parse_count(*options.tail, "--tail");
    if (!tail) return std::unexpected(tail.error());
    plan.tail = *tail;
  }
  if (auto ok = read_bounds(options, now_ns, plan); !ok) return std::unexpected(ok.error());
  if (options.timeout) {
    const auto timeout = parse_duration(*options.timeout);
    if (!timeout) return std::unexpected(timeout.error());
    plan.timeout = *timeout;
  }
  if (auto ok = check_name(options); !ok) return std::unexpected(ok.error());
  if (auto ok = check_run(options); !ok) return std::unexpected(ok.error());
  auto where = compile_where(options);
  if (!where) return std::unexpected(where.error());
  plan.where = std::move(*where);
  for (const std::string& pool : options.pools)
    if (auto ok = check_local_ref(pool); !ok) return std::unexpected(ok.error());
  if (auto ok = check_no_remote_options("follow", options.remote); !ok)
    return std::unexpected(ok.error());
  if (auto ok = read_replay(options, plan); !ok) return std::unexpected(ok.error());
  return plan;
}

std::string pools_as_typed(const FollowOptions& options) {
  std::string text;
  for (const std::string& pool : options.pools) text += (text.empty() ? "" : " ") + pool;
  return text;
}

Result<void> check_several_pools(const FollowOptions& options, bool patterns) {
  if (options.run) {
    return std::unexpected(usage("--run takes one pool",
                                 "A run of tap is in one pool: name that one, without a pattern."));
  }
  if (options.since_seq || options.until_seq) {
    const std::string option = options.since_seq ? "--since-seq" : "--until-seq";
    return std::unexpected(usage(option + " takes one pool",
                                 "Each pool has its own sequences. Use --since, --until or --tail, "
                                 "or name one pool, without a pattern."));
  }
  if (patterns && options.create) {
    return std::unexpected(usage("--create cannot be used with a pattern",
                                 "Name the pools to be made, or leave --create out: pools that "
                                 "come to match later are followed, too."));
  }
  return {};
}

std::string missing_pool_hint(const FollowOptions& options) {
  if (options.run) {
    return "The pool does not exist, so no run is kept there. `plasmite tap " +
           quote_token(options.pools.front()) + " --create -- CMD` makes it and captures one.";
  }
  std::string line = "plasmite follow";
  for (const std::string& pool : options.pools) line += " " + quote_token(pool);
  line += " --create";
  const auto add = [&](const char* option, const std::string& value) {
    line += std::string(" ") + option + " " + quote_token(value);
  };
  if (options.name) add("--name", *options.name);
  if (options.tail) add("--tail", *options.tail);
  if (options.one) line += " --one";
  if (options.jsonl) line += " --jsonl";
  if (options.timeout) add("--timeout", *options.timeout);
  if (options.data_only) line += " --data-only";
  if (options.text) line += " --text";
  if (options.raw) line += " --raw";
  if (options.format) add("--format", *options.format);
  if (options.since) add("--since", *options.since);
  for (const std::string& expression : options.where) add("--where", expression);
  if (options.since_seq) add("--since-seq", *options.since_seq);
  if (options.until) add("--until", *options.until);
  if (options.until_seq) add("--until-seq", *options.until_seq);
  for (const std::string& tag : options.tags) add("--tag", tag);
  if (options.quiet_drops) line += " --quiet-drops";
  if (options.no_notify) line += " --no-notify";
  if (options.replay) add("--replay", *options.replay);
  return "The pool does not exist. The exact command that also creates it: `" + line + "`.";
}

}  // namespace plasmite
