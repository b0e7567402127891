#include "agent/parse_failure.h"

#include <algorithm>
#include <array>
#include <utility>

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/commands/tap_redact.h"
#include "agent/suggestion.h"

namespace plasmite {
namespace {

std::string try_help(std::string_view command) {
  return "Try `" + std::string(command) + " --help`.";
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

constexpr std::array<std::string_view, 2> kGlobalOptions = {"--dir", "--color"};

// What somebody may have meant who typed the option `name` in `command`, which has none of this
// name.
std::string option_hint(std::string_view name, const std::vector<std::string>& known,
                        std::string_view command) {
  if (!name.starts_with('-') || name == "-") return {};
  // -tail for --tail: the parser took it for a bundle of short ones.
  const std::string with_two_dashes =
      name.starts_with("--") ? std::string(name) : "-" + std::string(name);
  const bool is_global = std::ranges::find(kGlobalOptions, with_two_dashes) != kGlobalOptions.end();
  if (is_global && command.contains(' ')) {
    return "`" + with_two_dashes + "` stands before the command: `plasmite " + with_two_dashes +
           " … " + std::string(command.substr(command.find(' ') + 1)) + "`. ";
  }
  if (with_two_dashes.size() <= std::string_view("--x").size()) return {};
  return did_you_mean(nearest_word(with_two_dashes, known));
}

// CLI11 writes "--tail: 1 required N missing", "--size: At Most 1 required but received 2",
// "--since excludes --tail", "POOL is required".
std::string in_our_words(const std::string& what) {
  std::string line = what.substr(0, what.find('\n'));
  const std::string name = line.substr(0, line.find(':'));
  if (line.ends_with(" missing")) return "a value is required for '" + name + "'";
  if (line.contains("At Most 1 required")) return "'" + name + "' was given more than once";
  if (const size_t at = line.find(" excludes "); at != std::string::npos)
    return "'" + line.substr(0, at) + "' cannot be used with '" + line.substr(at + 10) + "'";
  return line;
}

}  // namespace

std::vector<std::string> subcommand_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* sub : command.get_subcommands({})) names.push_back(sub->get_name());
  return names;
}

Error unexpected_argument(std::string_view argument, const std::vector<std::string>& known,
                          std::string_view command) {
  const std::string_view name = argument.substr(0, argument.find('='));
  return Error(ErrorKind::Usage, "unexpected argument '" + std::string(argument) + "' found")
      .with_hint(option_hint(name, known, command) + try_help(command));
}

Error unrecognized_command(std::string_view word, const std::vector<std::string>& known,
                           std::string_view command) {
  return Error(ErrorKind::Usage, "unrecognized subcommand '" + std::string(word) + "'")
      .with_hint(did_you_mean(nearest_word(word, known)) + try_help(command));
}

Error usage_error(const CLI::ParseError& failure, const CLI::App& command) {
  const std::string name = full_command_name(command);
  std::vector<std::string> rest = command.remaining();
  std::erase(rest, "--");  // the parser puts it aside, but it is never what is wrong
  const bool has_subcommands = !command.get_subcommands({}).empty();
  if (has_subcommands && !rest.empty() && !rest.front().starts_with('-'))
    return unrecognized_command(rest.front(), subcommand_names(command), name);
  if (!rest.empty()) {
    if (name == "plasmite tap" && command.count("--redact-args") > 0)
      rest.front() = redact_value(rest.front());
    Error error = unexpected_argument(rest.front(), option_names(command), name);
    if (name != "plasmite tap" || rest.front().starts_with('-')) return error;
    return std::move(error).with_hint(
        "The wrapped command stands behind `--`: `plasmite tap <pool> -- <command...>`.");
  }
  if (name == "plasmite follow" && failure.get_name() == "RequiredError") {
    return Error(ErrorKind::Usage, in_our_words(failure.what()))
        .with_hint("Give a pool ref, for example `plasmite follow chat -n 1`.");
  }
  return Error(ErrorKind::Usage, in_our_words(failure.what())).with_hint(try_help(name));
}

}  // namespace plasmite
