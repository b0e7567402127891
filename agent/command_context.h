// What every command shares: the global options and the slot for what is to be run.
//
// A command's file exposes `void register_<command>(CLI::App& root, CommandContext& context)`. It
// adds its subcommand with add_command() and sets a CLI11 callback that stores the work in
// context.run. Only the command that was asked for is registered, so that starting `pls feed` pays
// for nothing else. Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/base/error.h"

namespace CLI {
class App;
}

namespace plasmite {

struct DaemonCommands;  // agent/daemon_commands.h

enum class ColorMode : uint8_t { automatic, always, never };

struct CommandContext {
  std::filesystem::path pool_dir;  // --dir, $PLASMITE_DIR or ~/.plasmite/pools; may not exist yet
  ColorMode color = ColorMode::automatic;
  char** argv = nullptr;  // as main() got it; null: none, in tests
  // What plasmite-agent adds; null in the other programs, which become it.
  const DaemonCommands* daemon = nullptr;
  // Set by the callback of the parsed subcommand. The value is the exit code; an Error is printed
  // by the caller, which derives the exit code from its kind.
  std::function<Result<int>()> run;
};

// How a command shows up in help.
struct CommandHelp {
  const char* name;
  const char* description;  // sentences, without a trailing newline
  const char* examples;     // lines, each "  plasmite ...", without a trailing newline
  // What follows "plasmite NAME" in the usage line; null: derived from the options.
  const char* usage = nullptr;
  bool needs_arguments = true;  // called with none: its help on stderr, exit 2
};

// Adds a subcommand that prints its usage, description, options and EXAMPLES in our layout.
// `parent` owns the result.
CLI::App* add_command(CLI::App& parent, const CommandHelp& help);

}  // namespace plasmite
