#include "agent/program.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <utility>

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/output/error_report.h"
#include "agent/output/json_output.h"
#include "agent/output/stdio.h"
#include "agent/parse_failure.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

// A pool must never be opened as descriptor 0, 1 or 2: diagnostics would be written into it.
void occupy_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF) (void)::open("/dev/null", O_RDWR);
  }
}

// The deepest command that the arguments named.
const CLI::App& deepest(const CLI::App& root) {
  const std::vector<CLI::App*> parsed = root.get_subcommands();
  return parsed.empty() ? root : deepest(*parsed.front());
}

// A command that cannot do anything without arguments was given none: its help on stderr.
const CLI::App* command_without_arguments(const CLI::App& root,
                                          std::span<const std::string> words) {
  const CLI::App* command = root.get_subcommand(words.front());
  for (const std::string& word : words.subspan(1)) {
    command = find_subcommand(*command, word);
    if (command == nullptr) return nullptr;
  }
  return needs_arguments(*command) ? command : nullptr;
}

// The words with each `--tag=` and `-n=5` in two. Of the first the parser would take the next word
// for the value, where an empty one is meant (`--tag="$TAG"` in a script); of the second, `=5`.
Arguments with_values_apart(const CLI::App& root, std::span<const std::string> words) {
  Arguments separated;
  const CLI::App* command = &root;
  bool is_value = false;
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (*word == "--" && !is_value) {
      separated.insert(separated.end(), word, words.end());
      break;
    }
    if (const CLI::App* sub = find_subcommand(*command, *word)) command = sub;
    const std::string name = word->substr(0, word->find('='));
    const CLI::Option* option =
        name.starts_with('-') && !is_value ? command->get_option_no_throw(name) : nullptr;
    const bool takes_value = option != nullptr && option->get_items_expected_max() > 0;
    is_value = takes_value && name == *word;
    const bool is_short = name.size() == 2;
    if (takes_value && !is_value && (is_short || *word == name + "=")) {
      separated.push_back(name);
      separated.push_back(word->substr(name.size() + 1));
    } else {
      separated.push_back(*word);
    }
  }
  return separated;
}

}  // namespace

int run_program(const std::function<Result<int>(CommandContext& context)>& work) {
  occupy_standard_streams();
  // A reader that goes away shows as EPIPE, a file that may not grow (`ulimit -f`) as EFBIG.
  // Children that a command starts must reset this.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  CommandContext context;
  try {
    auto exit_code = work(context);
    return exit_code ? *exit_code : report_error(context.color, std::move(exit_code.error()));
  } catch (const std::exception& failure) {
    return report_error(context.color,
                        Error(ErrorKind::Internal, "internal error").with_cause(failure.what()));
  }
}

void use_global_options(const GlobalOptions& options, CommandContext& context) {
  context.color = options.color;
  context.pool_dir = options.dir ? std::filesystem::path(*options.dir) : default_pool_dir();
}

// The subcommand of that name, null when there is none.
const CLI::App* find_subcommand(const CLI::App& command, std::string_view name) {
  const auto subs = command.get_subcommands({});
  const auto found =
      std::ranges::find(subs, name, [](const CLI::App* sub) { return sub->get_name(); });
  return found == subs.end() ? nullptr : *found;
}

Result<int> print_help_text(const std::string& text) {
  if (auto printed = print_text(text); !printed) return std::unexpected(printed.error());
  return 0;
}

Result<int> run_command(AddCommand add, std::span<const std::string> words,
                        CommandContext& context) {
  CLI::App root("", kProgram);
  root.require_subcommand(1);
  add(root, context);
  if (const CLI::App* command = command_without_arguments(root, words)) {
    write_stderr(format_help(*command));
    return error_exit_code(ErrorKind::Usage);
  }
  Arguments reversed = with_values_apart(root, words);
  std::ranges::reverse(reversed);
  try {
    root.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return print_help_text(format_help(deepest(root)));
  } catch (const CLI::ParseError& failure) {
    // The parser failed before the command could look at the options: colours are automatic.
    context.color = ColorMode::automatic;
    return std::unexpected(usage_error(failure, deepest(root)));
  }
  return context.run();
}

}  // namespace plasmite
