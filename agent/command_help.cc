#include "agent/command_help.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/output/wrap.h"

namespace plasmite {
namespace {

// CLI11's App has no place for our help, so ours is one with a place.
class CommandApp : public CLI::App {
 public:
  explicit CommandApp(const CommandHelp& command_help)
      : CLI::App(command_help.description, command_help.name), help(command_help) {}
  CommandHelp help;
};

using HelpRow = std::pair<std::string, std::string>;  // what to type, what it does

constexpr size_t kWidestFirstColumn = 34;

std::string metavar(const CLI::Option& option) {
  return option.get_positional() ? option.get_name(true) : option.get_type_name();
}

std::string usage_word(const CLI::Option& positional) {
  std::string word = metavar(positional);
  if (positional.get_items_expected_max() > 1) word += "...";
  return positional.get_required() ? word : "[" + word + "]";
}

std::string option_words(const CLI::Option& option) {
  std::string words;
  for (const std::string& name : option.get_snames()) words += "-" + name + ", ";
  if (words.empty()) words = "    ";
  for (const std::string& name : option.get_lnames()) words += "--" + name + ", ";
  words.erase(words.find_last_not_of(", ") + 1);
  if (option.get_items_expected_max() > 0) words += " " + metavar(option);
  return words;
}

std::string usage_line(const CLI::App& command) {
  std::string line = "Usage: " + full_command_name(command);
  const auto* ours = dynamic_cast<const CommandApp*>(&command);
  if (ours != nullptr && ours->help.usage != nullptr) return line + " " + ours->help.usage + "\n";
  if (!command.get_subcommands({}).empty()) return line + " COMMAND\n";
  line += " [OPTIONS]";
  for (const CLI::Option* option : command.get_options())
    if (option->get_positional()) line += " " + usage_word(*option);
  return line + "\n";
}

std::string section(const char* title, const std::vector<HelpRow>& rows) {
  if (rows.empty()) return {};
  size_t width = 0;
  for (const HelpRow& row : rows)
    if (row.first.size() <= kWidestFirstColumn) width = std::max(width, row.first.size());
  std::string text = std::string("\n") + title + "\n";
  const size_t second_column = width + 4;
  for (const auto& [first, second] : rows) {
    text += "  " + first;
    if (first.size() > width) text += "\n" + std::string(second_column, ' ');
    if (first.size() <= width) text.append(width - first.size() + 2, ' ');
    text += wrap_words(second, second_column, kHelpColumns) + "\n";
  }
  return text;
}

// The first line of a description stands for itself, the others are one paragraph.
std::string paragraphs(const std::string& description) {
  const size_t end = std::min(description.find('\n'), description.size());
  std::string text =
      wrap_words(std::string_view(description).substr(0, end), 0, kHelpColumns) + "\n";
  std::string rest = description.substr(std::min(end + 1, description.size()));
  std::ranges::replace(rest, '\n', ' ');
  if (!rest.empty()) text += wrap_words(rest, 0, kHelpColumns) + "\n";
  return text;
}

}  // namespace

CLI::App* add_command(CLI::App& parent, const CommandHelp& help) {
  auto app = std::make_shared<CommandApp>(help);
  app->set_help_flag("-h,--help", "Print this help");
  return parent.add_subcommand(app);
}

CLI::Option* take_all_words(CLI::Option* option) {
  constexpr int kMoreThanACommandLineHas = 1 << 28;
  return option->expected(kMoreThanACommandLineHas)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

bool needs_arguments(const CLI::App& command) {
  const auto* ours = dynamic_cast<const CommandApp*>(&command);
  return ours != nullptr && ours->help.needs_arguments;
}

std::string full_command_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name()
                           : full_command_name(*parent) + " " + command.get_name();
}

std::string format_help(const CLI::App& command) {
  std::vector<HelpRow> commands, arguments, options, later;
  for (const CLI::App* sub : command.get_subcommands({})) {
    const std::string description = sub->get_description();
    commands.emplace_back(sub->get_name(), description.substr(0, description.find('\n')));
  }
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) {
      arguments.emplace_back(usage_word(*option), option->get_description());
    } else {
      auto& rows = option->get_group() == kLaterOptions ? later : options;
      rows.emplace_back(option_words(*option), option->get_description());
    }
  }
  std::ranges::rotate(options, options.begin() + (options.empty() ? 0 : 1));  // --help comes last
  std::string text = usage_line(command) + "\n" + paragraphs(command.get_description());
  text += section("COMMANDS", commands) + section("ARGUMENTS", arguments) +
          section("OPTIONS", options) + section(kLaterOptions, later);
  if (const auto* ours = dynamic_cast<const CommandApp*>(&command))
    text += std::string("\nEXAMPLES\n") + ours->help.examples + "\n";
  return text;
}

}  // namespace plasmite
