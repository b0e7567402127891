#include "agent/completion.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/commands/pool_scan.h"
#include "agent/commands/registry.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

// Values that the name of an option's value does not spell out.
struct KnownValues {
  std::string_view option;
  std::string_view values;  // separated by |
};
constexpr std::array kKnownValues = {
    KnownValues{"--in", "auto|jsonl|json|seq|jq"},
    KnownValues{"--format", "jsonl|pretty"},
    KnownValues{"--run", "last"},
    KnownValues{"--color", "auto|always|never"},
};

class Completer {
 public:
  explicit Completer(std::span<const std::string> words) : words_(words) {}

  Completion run() {
    pool_dir_ = default_pool_dir();
    skip_global_options();
    if (done_) return std::move(result_);
    if (is_last()) {
      if (!word().starts_with('-')) offer_commands();
      return std::move(result_);
    }
    if (word() == "help") {
      complete_help();
      return std::move(result_);
    }
    const auto entry = std::ranges::find(all_commands(), word(), &CommandEntry::name);
    if (entry == all_commands().end()) return std::move(result_);
    CLI::App root("", "plasmite");
    CommandContext context;
    entry->add(root, context);
    ++at_;
    complete_command(*root.get_subcommand(entry->name));
    return std::move(result_);
  }

 private:
  const std::string& word() const { return words_[at_]; }
  bool is_last() const { return at_ + 1 == words_.size(); }

  void offer(std::string_view candidate, std::string_view description = {}) {
    if (candidate.starts_with(prefix()))
      result_.candidates.push_back({std::string(candidate), std::string(description)});
  }
  std::string_view prefix() const { return words_.back(); }

  void skip_global_options() {
    for (; word().starts_with('-'); ++at_) {
      const std::string name = word().substr(0, word().find('='));
      const bool takes_value = name == "--dir" || name == "--color";
      if (is_last()) {
        complete_global_option(name, takes_value);
        done_ = true;
        return;
      }
      if (!takes_value) continue;
      std::string value;
      if (const size_t equals = word().find('='); equals != std::string::npos) {
        value = word().substr(equals + 1);
      } else {
        ++at_;
        if (is_last()) {
          offer_values(name, name == "--dir" ? "PATH" : "WHEN", "");
          done_ = true;
          return;
        }
        value = word();
      }
      if (name == "--dir") pool_dir_ = value;
    }
  }

  void complete_global_option(const std::string& name, bool takes_value) {
    if (takes_value && word().contains('=')) {
      offer_values(name, name == "--dir" ? "PATH" : "WHEN", name + "=");
      return;
    }
    offer("--dir", "Directory of named pools");
    offer("--color", "auto, always or never");
    offer("--help", "Print help");
    offer("--version", "Print the version");
  }

  void offer_commands() {
    for (const CommandEntry& command : all_commands()) offer(command.name, command.summary);
    offer("help", "Print the help of a command");
  }

  // help, help pool, help pool create.
  void complete_help() {
    const auto topic = words_.subspan(at_ + 1);
    if (topic.size() == 1) {
      for (const CommandEntry& command : all_commands()) offer(command.name, command.summary);
      offer("exit-codes", "What the exit codes mean");
    } else if (topic.size() == 2) {
      const auto entry = std::ranges::find(all_commands(), topic.front(), &CommandEntry::name);
      if (entry == all_commands().end()) return;
      CLI::App root("", "plasmite");
      CommandContext context;
      entry->add(root, context);
      offer_subcommands(*root.get_subcommand(entry->name));
    }
  }

  void offer_subcommands(const CLI::App& command) {
    for (const CLI::App* sub : command.get_subcommands({})) {
      const std::string description = sub->get_description();
      offer(sub->get_name(), description.substr(0, description.find('\n')));
    }
  }

  void complete_command(const CLI::App& command) {
    if (!command.get_subcommands({}).empty()) {
      if (is_last()) {
        offer_subcommands(command);
        return;
      }
      for (const CLI::App* sub : command.get_subcommands({})) {
        if (sub->get_name() != word()) continue;
        ++at_;
        complete_command(*sub);
        return;
      }
      return;
    }
    complete_arguments(command);
  }

  // Walks to the last word: which options took a value, how many arguments there were.
  void complete_arguments(const CLI::App& command) {
    size_t arguments = 0;
    std::vector<const CLI::Option*> given;
    for (; !is_last(); ++at_) {
      if (word() == "--") return complete_behind_mark(command, arguments);
      if (!word().starts_with('-') || word() == "-") {
        ++arguments;
        continue;
      }
      const CLI::Option* option = find_option(command, word().substr(0, word().find('=')));
      if (option == nullptr) continue;
      given.push_back(option);
      const bool value_follows = option->get_items_expected_max() > 0 && !word().contains('=') &&
                                 (word().starts_with("--") || word().size() == 2);
      if (!value_follows) continue;
      ++at_;
      if (is_last()) return offer_values(long_name(*option), option->get_type_name(), "");
    }
    if (word().starts_with("--") && word().contains('=')) {
      const std::string name = word().substr(0, word().find('='));
      if (const CLI::Option* option = find_option(command, name))
        offer_values(name, option->get_type_name(), name + "=");
    } else if (word().starts_with('-')) {
      offer_options(command, given);
    } else {
      complete_argument(command, arguments);
    }
  }

  // Nothing there is an option.
  void complete_behind_mark(const CLI::App& command, size_t arguments) {
    const size_t behind = words_.size() - 1 - (at_ + 1);
    behind_mark_ = true;
    if (command.get_option_no_throw("CMD") == nullptr) {
      complete_argument(command, arguments + behind);
    } else {
      result_.shell = behind == 0 ? ShellCompletes::commands : ShellCompletes::files;
    }
  }

  void complete_argument(const CLI::App& command, size_t number) {
    const CLI::Option* argument = nullptr;
    for (const CLI::Option* option : command.get_options()) {
      if (!option->get_positional()) continue;
      argument = option;
      if (number == 0 || option->get_items_expected_max() > 1) break;
      --number;
      argument = nullptr;
    }
    if (argument == nullptr) return;
    const std::string name = argument->get_name(true);
    const bool makes_pools = command.get_name() == "create";
    if (name == "SHELL") {
      for (const char* shell : {"bash", "fish", "zsh"}) offer(shell);
    } else if ((name == "POOL" || name == "NAME" || name == "SOURCE") && !makes_pools) {
      offer_pools();
    } else if (name == "COPY" || makes_pools) {
      result_.shell = prefix().contains('/') ? ShellCompletes::files : ShellCompletes::nothing;
    }
  }

  // A ref with a slash is a path. Names with control characters cannot be typed, and would not
  // arrive.
  void offer_pools() {
    if (prefix().contains('/')) {
      result_.shell = ShellCompletes::files;
      return;
    }
    const auto paths = find_pool_files(pool_dir_);
    if (!paths) return;
    for (const std::filesystem::path& path : *paths) {
      std::string name = path.stem().string();
      // This name would be taken for that of another file.
      if (name.ends_with(".plasmite")) name = path.filename().string();
      const bool typeable = std::ranges::none_of(
          name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
      const bool taken_for_option = name.starts_with('-') && !behind_mark_;
      if (typeable && !taken_for_option) offer(name);
    }
  }

  void offer_options(const CLI::App& command, const std::vector<const CLI::Option*>& given) {
    for (const CLI::Option* option : command.get_options()) {
      const bool again = option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll ||
                         option->get_items_expected_max() > 1;
      if (option->get_positional() || option->get_group() == kLaterOptions ||
          (std::ranges::count(given, option) > 0 && !again))
        continue;
      for (const std::string& name : option->get_lnames())
        offer("--" + name, option->get_description());
    }
  }

  void offer_values(std::string_view option, const std::string& type, const std::string& before) {
    if (type == "PATH") {
      result_.shell = option == "--dir" ? ShellCompletes::directories : ShellCompletes::files;
      return;
    }
    std::string_view values = type.contains('|') ? std::string_view(type) : std::string_view();
    for (const KnownValues& known : kKnownValues)
      if (known.option == option) values = known.values;
    while (!values.empty()) {
      const size_t bar = std::min(values.find('|'), values.size());
      offer(before + std::string(values.substr(0, bar)));
      values.remove_prefix(std::min(bar + 1, values.size()));
    }
  }

  static std::string long_name(const CLI::Option& option) {
    return option.get_lnames().empty() ? "" : "--" + option.get_lnames().front();
  }

  static const CLI::Option* find_option(const CLI::App& command, std::string_view name) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& known : option->get_lnames())
        if (name == "--" + known) return option;
      for (const std::string& known : option->get_snames())
        if (name == "-" + known) return option;
    }
    return nullptr;
  }

  std::span<const std::string> words_;
  size_t at_ = 0;
  bool done_ = false;
  bool behind_mark_ = false;  // of `--`
  std::filesystem::path pool_dir_;
  Completion result_;
};

}  // namespace

Completion complete(std::span<const std::string> words) {
  if (words.empty()) return {};
  return Completer(words).run();
}

}  // namespace plasmite
