#include "agent/cli.h"

#include <sys/prctl.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/commands/completion.h"
#include "agent/commands/help.h"
#include "agent/commands/registry.h"
#include "agent/output/stdio.h"
#include "agent/parse_failure.h"
#include "agent/program.h"
#include "agent/suggestion.h"

namespace plasmite {
namespace {

constexpr const char* kExitCodesTopic = "exit-codes";

const CommandEntry* find_command(std::string_view name) {
  const auto found = std::ranges::find(all_commands(), name, &CommandEntry::name);
  return found == all_commands().end() ? nullptr : &*found;
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

// Of `plasmite help`, which knows more than commands.
Error unknown_topic(std::string_view word) {
  if (!nearest_word(word, {kExitCodesTopic}).empty())
    return unrecognized_command(word, {kExitCodesTopic}, kProgram);
  return unknown_command(word);
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

Result<int> dispatch(const Arguments& arguments, bool called_as_pls, CommandContext& context) {
  const auto options = parse_global_options(arguments);
  if (!options) return std::unexpected(options.error());
  if (options->help) return print_help_text(root_help());
  if (options->version) return print_help_text("plasmite " PLASMITE_VERSION "\n");
  use_global_options(*options, context);
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
  const bool has_commands = words[0] == "pool" || words[0] == "agent" || words[0] == "intake";
  if (words.size() > 1 && words[1] == "help" && has_commands) {
    Arguments topic(words.begin(), words.end());
    topic.erase(topic.begin() + 1);
    return run_help(topic);
  }
  return run_command(entry->add, words, context);
}

}  // namespace

int run_cli(int argc, char** argv, const DaemonCommands* daemon) {
  const std::string_view invoked = argc > 0 ? argv[0] : kProgram;
  const std::string name(invoked.substr(invoked.rfind('/') + 1));
  // For ps, pgrep and killall: what was typed, not plasmite-commands.
  (void)::prctl(PR_SET_NAME, name.c_str());
  return run_program([&](CommandContext& context) {
    context.argv = argv;
    context.daemon = daemon;
    return dispatch(read_arguments(argc, argv), name == "pls", context);
  });
}

}  // namespace plasmite
