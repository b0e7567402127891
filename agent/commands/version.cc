#include "agent/commands/version.h"

#include <CLI/CLI.hpp>

#include "agent/output/json_output.h"
#include "agent/output/stdio.h"

namespace plasmite {

void register_version(CLI::App& root, CommandContext& context) {
  CLI::App* command =
      add_command(root, {.name = "version",
                         .description = "Print the program's name and version: text on "
                                        "a terminal, else JSON.",
                         .examples = "  plasmite version",
                         .needs_arguments = false});
  command->callback([&context] {
    context.run = []() -> Result<int> {
      const auto printed = print_text(
          is_terminal(kStdout) ? "plasmite " PLASMITE_VERSION "\n"
                               : "{\"name\":\"plasmite\",\"version\":\"" PLASMITE_VERSION "\"}\n");
      if (!printed) return std::unexpected(printed.error());
      return 0;
    };
  });
}

}  // namespace plasmite
