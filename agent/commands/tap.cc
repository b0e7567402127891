#include "agent/commands/tap.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/commands/lost_run_notice.h"
#include "agent/commands/tap_redact.h"
#include "agent/commands/tap_session.h"
#include "agent/output/human.h"
#include "agent/output/notice.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"
#include "agent/values.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

constexpr const char* kDefaultCreateSize = "64M";

// More words than a command line can have.
constexpr int kAnyNumberOfWords = 1 << 28;

struct TapArguments {
  std::string pool_ref;
  std::vector<std::string> command;
  bool create = false;
  std::optional<std::string> create_size;
  std::vector<std::string> tags;
  bool quiet = false;
  std::string durability = "fast";
  std::string linger = "2s";
  bool pty = false;
  bool run_tag = false;
  bool redact_args = false;
};

Error usage(std::string message, std::string hint) {
  return Error(ErrorKind::Usage, std::move(message)).with_hint(std::move(hint));
}

// A duration, or 0 without a unit.
Result<std::chrono::milliseconds> parse_linger(const std::string& text) {
  if (text == "0") return std::chrono::milliseconds(0);
  return parse_duration(text);
}

void print_needs_terminal(const CommandContext& context, const TapArguments& arguments) {
  print_notice(context.color,
               {.command = "tap",
                .kind = "needs_terminal",
                .message = "The command is stopped: it wants the terminal, which it does not have "
                           "while stdin is something else. Ctrl-C ends it. Put the whole pipeline "
                           "behind tap (`-- sh -c '... | ...'`), or use --pty.",
                .pool = arguments.pool_ref});
}

void print_started(const TapArguments& arguments, const std::vector<std::string>& command) {
  if (!is_terminal(kStderr)) return;
  std::string line = "tapping " + escape_for_terminal(arguments.pool_ref) + " <-";
  for (const std::string& word : command) line += " " + escape_for_terminal(word);
  write_stderr(line + "\n");
}

std::string how_it_ended(const ChildEnd& end) {
  if (const auto* killed = std::get_if<KilledBy>(&end))
    return "signal " + signal_name(killed->signal);
  return "exit " + std::to_string(std::get<ExitedWith>(end).code);
}

// tap's exit code says what failed; how the command ended is to be found here only.
Error with_command_end(Error error, const char* what_is_kept, const ChildEnd& end) {
  std::string hint =
      std::string(what_is_kept) + " The command ran to its own end: " + how_it_ended(end) + ".";
  if (!error.hint().empty()) hint += " " + error.hint();
  return std::move(error).with_hint(std::move(hint));
}

void print_ended(const TapArguments& arguments, const TapOutcome& outcome) {
  if (!is_terminal(kStderr)) return;
  const TapExit& exit = outcome.exit;
  char seconds[32];
  std::snprintf(seconds, sizeof(seconds), "%.1fs",
                std::chrono::duration<double>(exit.elapsed).count());
  std::string line = outcome.cursor_is_behind_text ? "\n" : "";
  line += "tapped " + counted(exit.out.lines + exit.err.lines, "line") + " (" + seconds + ") -> " +
          escape_for_terminal(arguments.pool_ref);
  line += " " + how_it_ended(exit.end);
  if (exit.pipes_open) line += " (its output is still held open by another process)";
  write_stderr(line + "\n");
}

Result<int> tap(const CommandContext& context, const TapArguments& arguments) {
  if (arguments.create_size && !arguments.create) {
    return std::unexpected(
        usage("--create-size requires --create", "Add --create, or remove --create-size."));
  }
  const auto create_bytes = parse_size(arguments.create_size.value_or(kDefaultCreateSize));
  if (!create_bytes) return std::unexpected(create_bytes.error());
  if (is_remote_ref(arguments.pool_ref)) {
    return std::unexpected(
        usage("tap accepts local pool refs only", "Use a local pool name/path with `tap`."));
  }
  if (arguments.command.empty()) {
    return std::unexpected(usage("tap requires a wrapped command after `--`",
                                 "Use `plasmite tap <pool> -- <command...>`."));
  }
  const auto durability = parse_durability(arguments.durability);
  if (!durability) return std::unexpected(durability.error());
  const auto linger = parse_linger(arguments.linger);
  if (!linger) return std::unexpected(linger.error());
  auto pool = open_pool(
      context, {.ref = arguments.pool_ref,
                .access = Access::append,
                .create = arguments.create,
                .create_bytes = *create_bytes,
                .missing_hint = rerun_with_create_hint("tap", arguments.pool_ref, " -- CMD")});
  if (!pool) return std::unexpected(std::move(pool.error()));

  const std::vector<std::string> shown =
      arguments.redact_args ? redact_words(arguments.command) : arguments.command;
  const auto on_started = [&](const std::vector<LostRun>& lost_runs) {
    for (const LostRun& run : lost_runs)
      LostRunNotice(run.id).print(context.color, "tap", arguments.pool_ref);
    print_started(arguments, shown);
  };
  const auto on_needs_terminal = [&, told = false]() mutable {
    if (!std::exchange(told, true)) print_needs_terminal(context, arguments);
  };
  const auto outcome = run_tap(*pool, {.command = arguments.command,
                                       .shown_command = shown,
                                       .tags = arguments.tags,
                                       .pty = arguments.pty,
                                       .run_tag = arguments.run_tag,
                                       .durability = *durability,
                                       .passthrough = !arguments.quiet,
                                       .linger = *linger,
                                       .on_started = on_started,
                                       .on_needs_terminal = on_needs_terminal});
  if (!outcome) return std::unexpected(outcome.error());
  print_ended(arguments, *outcome);
  if (outcome->store_failure) {
    return std::unexpected(with_command_end(
        *outcome->store_failure, "What came after this is not in the pool.", outcome->exit.end));
  }
  if (outcome->passthrough_failure) {
    return std::unexpected(with_command_end(*outcome->passthrough_failure,
                                            "The pool has all of it.", outcome->exit.end));
  }
  return shell_status(outcome->exit.end);
}

// Whether the parser has passed `--`, which it puts aside.
bool is_behind_mark(const CLI::App& command) {
  const std::vector<std::string> aside = command.remaining();
  return std::ranges::find(aside, "--") != aside.end();
}

}  // namespace

void register_tap(CLI::App& root, CommandContext& context) {
  CLI::App* command = add_command(
      root,
      {.name = "tap",
       .description =
           "Run a command and keep every line of its stdout and stderr in a pool. Output,\n"
           "signals and exit status are as without tap.",
       .examples = "  plasmite tap build --create -- make -j4\n"
                   "  plasmite tap deploy --tag prod -q -- ./deploy.sh\n"
                   "  plasmite tap ci --create --create-size 1G -- sh -c 'npm ci && npm test'",
       .usage = "POOL [OPTIONS] -- CMD [ARG...]"});
  auto arguments = std::make_shared<TapArguments>();
  // Positionals are told apart by where they stand, not by their number.
  command->validate_positionals();
  CLI::Option* pool =
      command->add_option("POOL", arguments->pool_ref, "Pool name, or path of a pool file");
  pool->required()->check([command, pool](const std::string&) {
    return pool->count() == 0 && is_behind_mark(*command) ? "stands behind `--`" : "";
  });
  // The exact words, whatever they look like: a list of "any number" would take [a,b] apart.
  command->add_option("CMD", arguments->command, "The command and its arguments, after `--`")
      ->expected(kAnyNumberOfWords)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check([command](const std::string&) {
        return is_behind_mark(*command) ? "" : "stands before `--`";
      });
  command->add_flag("--create", arguments->create, "Create the pool if it is missing");
  command->add_option("--create-size", arguments->create_size, "Its size with --create (64M)")
      ->type_name("SIZE");
  command->add_option("--tag", arguments->tags, "Tag every captured line; repeatable")
      ->type_name("TAG")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_flag("-q,--quiet", arguments->quiet, "Do not pass the output on");
  command
      ->add_option("--durability", arguments->durability,
                   "fast: survives crashes; flush: power loss, too")
      ->type_name("fast|flush");
  command->add_flag("--pty", arguments->pty, "Give the command a terminal: colours, full screen");
  command->add_flag("--run-tag", arguments->run_tag, "Tag every record of this run with run:ID");
  command->add_flag("--redact-args", arguments->redact_args,
                    "Hide values behind = and --password, --token, ...");
  command
      ->add_option("--linger", arguments->linger, "How long to wait for output after the end (2s)")
      ->type_name("DURATION");
  command->callback([arguments, &context] {
    context.run = [&context, arguments] { return tap(context, *arguments); };
  });
}

}  // namespace plasmite
