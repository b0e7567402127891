#include "agent/commands/duplex.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/commands/drop_notices.h"
#include "agent/commands/duplex_receiver.h"
#include "agent/commands/duplex_sender.h"
#include "agent/commands/follow_loop.h"
#include "agent/commands/follow_start.h"
#include "agent/commands/remote_options.h"
#include "agent/message_format.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"
#include "agent/time_value.h"
#include "agent/values.h"
#include "core/base/unique_fd.h"
#include "core/record/json_member.h"
#include "sinks/follow_writer.h"

namespace plasmite {
namespace {

using Format = FollowWriterOptions::Format;

struct Options {
  std::string pool;
  std::optional<std::string> me;
  bool create = false;
  std::optional<std::string> tail;
  std::optional<std::string> since;
  bool jsonl = false;
  std::optional<std::string> format;
  std::optional<std::string> timeout;
  bool echo_self = false;
};

struct Plan {
  Format format = Format::pretty;
  uint64_t tail = 0;
  std::optional<int64_t> since_ns;
  std::optional<std::chrono::milliseconds> timeout;
};

Error usage(std::string message, std::string hint) {
  return Error(ErrorKind::Usage, std::move(message)).with_hint(std::move(hint));
}

Result<Plan> make_plan(const Options& options, int64_t now_ns) {
  Plan plan;
  const auto format = choose_message_format(options.jsonl, options.format);
  if (!format) return std::unexpected(format.error());
  plan.format = *format;
  if (options.tail) {
    const auto tail = parse_count(*options.tail, "--tail");
    if (!tail) return std::unexpected(tail.error());
    plan.tail = *tail;
  }
  if (options.since) {
    const auto since_ns = parse_since(*options.since, now_ns);
    if (!since_ns) return std::unexpected(since_ns.error());
    plan.since_ns = *since_ns;
  }
  if (options.timeout) {
    const auto timeout = parse_duration(*options.timeout);
    if (!timeout) return std::unexpected(timeout.error());
    plan.timeout = *timeout;
  }
  if (auto ok = check_local_ref(options.pool); !ok) return std::unexpected(ok.error());
  if (is_terminal(kStdin) && options.me.value_or("").empty()) {
    return std::unexpected(
        usage("TTY input requires --me for duplex",
              "Say who is typing: `plasmite duplex " + quote_token(options.pool) + " --me NAME`."));
  }
  return plan;
}

std::string missing_pool_hint(const Options& options) {
  std::string line = "plasmite duplex " + quote_token(options.pool);
  const auto add = [&](const char* option, const std::optional<std::string>& value) {
    if (value) line += std::string(" ") + option + " " + quote_token(*value);
  };
  add("--me", options.me);
  line += " --create";
  add("--tail", options.tail);
  add("--since", options.since);
  if (options.jsonl) line += " --jsonl";
  add("--format", options.format);
  add("--timeout", options.timeout);
  if (options.echo_self) line += " --echo-self";
  return "The pool does not exist. The exact command that also creates it: `" + line +
         "`. (`plasmite follow` only reads.)";
}

FollowWriterOptions writer_options(const CommandContext& context, Format format) {
  const bool on_terminal = is_terminal(kStdout);
  FollowWriterOptions result;
  result.format = format;
  result.pretty = {.color = use_color(context.color, kStdout), .for_terminal = on_terminal};
  result.output = [escape = on_terminal && format == Format::jsonl,
                   buffer = std::string()](std::string_view block) mutable {
    return write_output(kStdout, escape ? escape_json_for_terminal(block, buffer) : block);
  };
  return result;
}

// Messages of ME are hidden, whoever sent them, unless --echo-self.
std::function<bool(const MessageView&)> shown_messages(const Options& options) {
  if (options.echo_self || !options.me) return [](const MessageView&) { return true; };
  return [from = std::make_shared<JsonMemberReader>("from"),
          me = *options.me](const MessageView& message) { return from->text(message.body) != me; };
}

Result<Start> find_start(const Pool& pool, const Plan& plan,
                         const std::function<bool(const MessageView&)>& shown) {
  if (plan.since_ns) return Start::at_time(*plan.since_ns);
  if (plan.tail == 0) return Start::newest();
  return start_at_tail(pool, plan.tail, {.tags = {}, .shown = shown}, /*exactly=*/false);
}

// Both sides until one is at its end. When that is stdin's, everything that was in the pool by then
// is printed first.
Result<int> exchange(Pool& pool, DuplexReceiver& receiver, const Options& options) {
  const UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop) return std::unexpected(errno_error(errno, "failed to make an event"));
  Result<int> received = 0;
  std::jthread receiving([&] {
    received = receiver.run();
    ::eventfd_write(stop.get(), 1);
  });
  const auto sent =
      send_input(pool, {.input_fd = kStdin,
                        .stop_fd = stop.get(),
                        .line_sender = is_terminal(kStdin) ? *options.me : std::string()});
  const bool receiver_was_first = sent && *sent == DuplexSent::stopped;
  if (!receiver_was_first) {
    const auto info = pool.info();
    receiver.finish_after(info ? info->newest_seq.value_or(0) : 0);
  }
  receiving.join();
  if (!sent) return std::unexpected(sent.error());
  if (!received) return std::unexpected(received.error());
  if (!receiver_was_first) return 0;
  if (*received == kTimedOut && is_terminal(kStderr)) {
    write_stderr("No messages received (timed out after " + escape_for_terminal(*options.timeout) +
                 ").\n");
  }
  return *received;
}

Result<int> run(const CommandContext& context, const Options& options) {
  const int64_t now_ns = wall_clock_ns();
  const auto plan = make_plan(options, now_ns);
  if (!plan) return std::unexpected(plan.error());
  auto pool = open_pool(context, {.ref = options.pool,
                                  .access = Access::append,
                                  .create = options.create,
                                  .missing_hint = missing_pool_hint(options)});
  if (!pool) return std::unexpected(pool.error());
  if (plan->since_ns && *plan->since_ns > now_ns) return 0;  // as `follow` has it
  const auto shown = shown_messages(options);
  const auto start = find_start(*pool, *plan, shown);
  if (!start) return std::unexpected(start.error());
  auto cursor = pool->cursor(*start);
  if (!cursor) return std::unexpected(cursor.error());
  FollowWriter sink(writer_options(context, plan->format));
  DropNotices drops(context.color, options.pool, pool->path().string());
  DuplexReceiver receiver({.shown = shown, .timeout = plan->timeout, .output_fd = kStdout}, *pool,
                          *cursor, sink, drops);
  return exchange(*pool, receiver, options);
}

void add_options(CLI::App& command, Options& options) {
  command.add_option("POOL", options.pool, "Pool name or path")->required();
  command
      .add_option("--me", options.me, "Your name: needed at a terminal, hides your own messages")
      ->type_name("NAME");
  command.add_flag("--create", options.create, "Make the pool when it is missing");
  auto* tail =
      command.add_option("-n,--tail", options.tail, "First print the last N messages [default: 0]");
  tail->type_name("N");
  command.add_option("--since", options.since, "First print messages since then, as for follow")
      ->type_name("TIME")
      ->excludes(tail);
  command.add_flag("--jsonl", options.jsonl, "One line per message");
  command.add_option("--format", options.format, "pretty or jsonl [default: pretty]")
      ->type_name("FORMAT");
  command
      .add_option("--timeout", options.timeout, "Exit 124 when no message is printed for so long")
      ->type_name("DURATION");
  command.add_flag("--echo-self", options.echo_self, "Print the messages of --me, too");
}

}  // namespace

void register_duplex(CLI::App& root, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root,
      {.name = "duplex",
       .description =
           "Print a pool's messages as they arrive and feed it from stdin, in one process.\n"
           "From a terminal each line becomes {\"from\":ME,\"msg\":LINE}; else stdin is JSON, as\n"
           "for feed. At the end of stdin what is in the pool by then is printed first.",
       .examples = "  plasmite duplex chat --me alice -n 10\n"
                   "  my-bot | plasmite duplex chat --me bot --jsonl | my-bot-reads"});
  add_options(*command, *options);
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
