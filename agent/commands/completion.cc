#include "agent/commands/completion.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "agent/commands/completion_scripts.h"
#include "agent/completion.h"
#include "agent/output/json_output.h"
#include "agent/shell_line.h"

namespace plasmite {
namespace {

const char* shell_completes(ShellCompletes shell) {
  switch (shell) {
    case ShellCompletes::nothing:
      return "-\n";
    case ShellCompletes::files:
      return "files\n";
    case ShellCompletes::directories:
      return "directories\n";
    case ShellCompletes::commands:
      return "commands\n";
  }
  return "-\n";
}

// readline puts a completion behind the last = or : or quote of the word, so what stands before is
// left out.
std::string for_bash(std::string_view line) {
  const ShellLine parsed = parse_shell_line(line);
  if (parsed.words.size() < 2) return shell_completes(ShellCompletes::nothing);
  const Completion completion = complete(std::span(parsed.words).subspan(1));
  std::string text = shell_completes(completion.shell);
  for (const Candidate& candidate : completion.candidates) {
    const std::string_view rest = std::string_view(candidate.word).substr(parsed.last_kept.size());
    text += quote_for_shell(rest, parsed.open_quote) + "\n";
  }
  return text;
}

std::string for_others(std::span<const std::string> words) {
  const Completion completion = complete(words);
  std::string text = shell_completes(completion.shell);
  for (const auto& [word, description] : completion.candidates)
    text += word + (description.empty() ? "" : "\t" + description) + "\n";
  return text;
}

// fish matches the words itself, also where the last one has quotes or is only similar.
std::string for_fish(std::vector<std::string> words) {
  if (!words.empty() && !words.back().starts_with('-') && !words.back().contains('/'))
    words.back().clear();
  return for_others(words);
}

Result<int> print_script(const std::string& shell) {
  const std::string script = completion_script(shell);
  if (script.empty()) {
    return std::unexpected(Error(ErrorKind::Usage, "invalid value '" + shell + "' for 'SHELL'")
                               .with_hint("Use bash, fish or zsh. Try `plasmite --help`."));
  }
  if (auto printed = print_text(script); !printed) return std::unexpected(printed.error());
  return 0;
}

}  // namespace

Result<int> answer_completion(std::span<const std::string> arguments) {
  if (arguments.size() < 2) return 0;
  const auto words = arguments.subspan(1);
  const std::string text = arguments[0] == "bash"   ? for_bash(words.front())
                           : arguments[0] == "fish" ? for_fish({words.begin(), words.end()})
                                                    : for_others(words);
  (void)print_text(text);
  return 0;
}

void register_completion(CLI::App& root, CommandContext& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = add_command(
      root, {.name = "completion",
             .description = "Print the script that makes a shell complete commands, options and "
                            "pool names.",
             .examples = "  plasmite completion bash >> ~/.bashrc\n"
                         "  plasmite completion zsh > ~/.zfunc/_plasmite\n"
                         "  plasmite completion fish > ~/.config/fish/completions/plasmite.fish"});
  command->add_option("SHELL", *shell, "bash, fish or zsh")->required();
  command->callback([&context, shell] { context.run = [shell] { return print_script(*shell); }; });
}

}  // namespace plasmite
