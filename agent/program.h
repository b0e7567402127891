// What the two programs behind the command line share: plasmite, which runs `tap` itself, and
// plasmite-commands, which has everything (docs/architecture.md). Thread-safety: one thread.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "agent/command_context.h"
#include "agent/global_options.h"
#include "core/base/error.h"

namespace CLI {
class App;
}

namespace plasmite {

inline constexpr const char* kProgram = "plasmite";
inline constexpr const char* kCommandsProgram = "plasmite-commands";
inline constexpr const char* kAgentProgram = "plasmite-agent";

// Runs `work` with standard streams that are there and signals as the program wants them, and
// reports its error. The value is the exit code.
int run_program(const std::function<Result<int>(CommandContext& context)>& work);

// Sets what the global options say.
void use_global_options(const GlobalOptions& options, CommandContext& context);

// Parses the words of one command, the first of which is its name, and runs it.
using AddCommand = void (*)(CLI::App& root, CommandContext& context);
Result<int> run_command(AddCommand add, std::span<const std::string> words,
                        CommandContext& context);

// The subcommand of that name, null when there is none.
const CLI::App* find_subcommand(const CLI::App& command, std::string_view name);

Result<int> print_help_text(const std::string& text);

}  // namespace plasmite
