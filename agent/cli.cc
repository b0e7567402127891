#include "agent/cli.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/commands/completion.h"
#include "agent/commands/help.h"
#include "agent/commands/registry.h"
#include "agent/output/error_report.h"
#include "agent/output/json_output.h"
#include "agent/output/stdio.h"
#include "agent/parse_failure.h"
#include "agent/suggestion.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

using Arguments = std::vector<std::string>;

constexpr const char* kProgram = "plasmite";
constexpr const char* kExitCodesTopic = "exit-codes";

// What stands before the command.
struct GlobalOptions {
  std::optional<std::string> dir;
  ColorMode color = ColorMode::automatic;
  bool help = false;
  bool version = false;
  size_t command_at = 0;  // index of the command in the arguments; their number: there is none
};

Error usage(std::string message) {
  return Error(ErrorKind::Usage, std::move(message)).with_hint("Try `plasmite --help`.");
}

// A pool must never be opened as descriptor 0, 1 or 2: diagnostics would be written into it.
void occupy_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF) (void)::open("/dev/null", O_RDWR);
  }
}

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments(argv + std::min(argc, 1), argv + argc);
  for (std::string& argument : arguments) {
    if (argument == "--") break;  // what follows belongs to a wrapped command
    if (argument == "---help" || argument == "---version") argument.erase(0, 1);
  }
  return arguments;
}

Result<ColorMode> parse_color(std::string_view text) {
  if (text == "auto") return ColorMode::automatic;
  if (text == "always") return ColorMode::always;
  if (text == "never") return ColorMode::never;
  return std::unexpected(
      usage("invalid value '" + std::string(text) + "' for '--color': use auto, always or never"));
}

// The value of `--name VALUE` or `--name=VALUE` at arguments[at], which moves on to its last word.
Result<std::string> option_value(const Arguments& arguments, size_t& at) {
  const std::string& word = arguments[at];
  if (const size_t equals = word.find('='); equals != std::string::npos)
    return word.substr(equals + 1);
  if (at + 1 == arguments.size())
    return std::unexpected(usage("a value is required for '" + word + "'"));
  return arguments[++at];
}

Result<GlobalOptions> parse_global_options(const Arguments& arguments) {
  GlobalOptions options;
  size_t at = 0;
  for (; at < arguments.size() && arguments[at].starts_with('-'); ++at) {
    const std::string& word = arguments[at];
    const std::string_view name = std::string_view(word).substr(0, word.find('='));
    if (word == "-h" || word == "--help") {
      options.help = true;
    } else if (word == "-V" || word == "--version") {
      options.version = true;
    } else if (name == "--dir" || name == "--color") {
      const bool is_dir = name == "--dir";
      auto value = option_value(arguments, at);
      if (!value) return std::unexpected(value.error());
      if (is_dir) {
        options.dir = *value;
        continue;
      }
      const auto color = parse_color(*value);
      if (!color) return std::unexpected(color.error());
      options.color = *color;
    } else {
      return std::unexpected(
          unexpected_argument(word, {"--dir", "--color", "--help", "--version"}, kProgram));
    }
  }
  options.command_at = at;
  return options;
}

const CommandEntry* find_command(std::string_view name) {
  const auto found = std::ranges::find(all_commands(), name, &CommandEntry::name);
  return found == all_commands().end() ? nullptr : &*found;
}

// The subcommand of that name, null when there is none.
const CLI::App* find_subcommand(const CLI::App& command, std::string_view name) {
  const auto subs = command.get_subcommands({});
  const auto found =
      std::ranges::find(subs, name, [](const CLI::App* sub) { return sub->get_name(); });
  return found == subs.end() ? nullptr : *found;
}

bool is_pool_command(std::string_view word) {
  CLI::App root("", kProgram);
  CommandContext context;
  find_command("pool")->add(root, context);
  return find_subcommand(*root.get_subcommand("pool"), word) != nullptr;
}

Error unknown_command(std::string_view word) {
  if (std::ranges::any_of(planned_commands(), [&](const char* name) { return word == name; })) {
    return Error(ErrorKind::Usage, "`plasmite " + std::string(word) + "` is not here yet")
        .with_hint("This version does not have it. `plasmite --help` lists what it has.");
  }
  std::vector<std::string> known = {"help"};
  for (const CommandEntry& command : all_commands()) known.emplace_back(command.name);
  Error error = unrecognized_command(word, known, kProgram);
  // `plasmite list` for `plasmite pool list`.
  if (is_pool_command(word)) {
    return std::move(error).with_hint("Did you mean `plasmite pool " + std::string(word) +
                                      "`? Try `plasmite pool --help`.");
  }
  return error;
}

// The deepest command that the arguments named.
const CLI::App& deepest(const CLI::App& root) {
  const std::vector<CLI::App*> parsed = root.get_subcommands();
  return parsed.empty() ? root : deepest(*parsed.front());
}

// Of `plasmite help`, which knows more than commands.
Error unknown_topic(std::string_view word) {
  if (!nearest_word(word, {kExitCodesTopic}).empty())
    return unrecognized_command(word, {kExitCodesTopic}, kProgram);
  return unknown_command(word);
}

Result<int> print_help_text(const std::string& text) {
  if (auto printed = print_text(text); !printed) return std::unexpected(printed.error());
  return 0;
}

// help, help feed, help pool create.
Result<int> run_help(std::span<const std::string> words) {
  if (words.empty() || words.front().starts_with('-')) return print_help_text(root_help());
  if (words.front() == kExitCodesTopic) return print_help_text(exit_codes_help());
  const CommandEntry* entry = find_command(words.front());
  if (entry == nullptr) return std::unexpected(unknown_topic(words.front()));
  CLI::App root("", kProgram);
  CommandContext context;
  entry->add(root, context);
  const CLI::App* command = root.get_subcommand(entry->name);
  for (const std::string& word : words.subspan(1)) {
    const CLI::App* sub = find_subcommand(*command, word);
    if (sub == nullptr) {
      return std::unexpected(
          unrecognized_command(word, subcommand_names(*command), full_command_name(*command)));
    }
    command = sub;
  }
  return print_help_text(format_help(*command));
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

Result<int> run_command(const CommandEntry& entry, std::span<const std::string> words,
                        CommandContext& context) {
  CLI::App root("", kProgram);
  root.require_subcommand(1);
  entry.add(root, context);
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

Result<int> dispatch(const Arguments& arguments, bool called_as_pls, CommandContext& context) {
  const auto options = parse_global_options(arguments);
  if (!options) return std::unexpected(options.error());
  if (options->help) return print_help_text(root_help());
  if (options->version) return print_help_text("plasmite " PLASMITE_VERSION "\n");
  context.color = options->color;
  context.pool_dir = options->dir ? std::filesystem::path(*options->dir) : default_pool_dir();
  const auto words = std::span(arguments).subspan(options->command_at);
  if (words.empty()) {
    if (called_as_pls && arguments.empty()) return print_help_text(root_help());
    write_stderr(root_help());
    return error_exit_code(ErrorKind::Usage);
  }
  if (words[0] == kAnswerCompletion) return answer_completion(words.subspan(1));
  if (words[0] == "help") return run_help(words.subspan(1));
  const CommandEntry* entry = find_command(words[0]);
  if (entry == nullptr) return std::unexpected(unknown_command(words[0]));
  // `pool help create` is `help pool create`.
  if (words.size() > 1 && words[1] == "help" && words[0] == "pool") {
    Arguments topic(words.begin(), words.end());
    topic.erase(topic.begin() + 1);
    return run_help(topic);
  }
  return run_command(*entry, words, context);
}

}  // namespace

int run_cli(int argc, char** argv) {
  occupy_standard_streams();
  // A reader that goes away shows as EPIPE, a file that may not grow (`ulimit -f`) as EFBIG.
  // Children that a command starts must reset this.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const std::string_view invoked = argc > 0 ? argv[0] : kProgram;
  const bool called_as_pls = invoked.substr(invoked.rfind('/') + 1) == "pls";
  CommandContext context;
  try {
    const auto exit_code = dispatch(read_arguments(argc, argv), called_as_pls, context);
    return exit_code ? *exit_code : report_error(context.color, exit_code.error());
  } catch (const std::exception& failure) {
    return report_error(context.color,
                        Error(ErrorKind::Internal, "internal error").with_cause(failure.what()));
  }
}

}  // namespace plasmite
