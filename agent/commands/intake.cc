#include "agent/commands/intake.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "agent/daemon_commands.h"

namespace plasmite {

void register_intake(CLI::App& root, CommandContext& context) {
  CLI::App* intake = add_command(
      root, {.name = "intake",
             .description = "Take in a source until it is stopped, and go on where it stopped the next time.",
             .examples = "  plasmite intake journald syslog --create\n"
                         "  plasmite intake journald web --unit nginx --since 1h"});
  intake->require_subcommand(1);
  auto request = std::make_shared<JournaldRequest>();
  CLI::App* journald = add_command(
      *intake,
      {.name = "journald",
       .description = "Store journal entries as journalctl -o json names them, each exactly once.\n"
                      "The position is kept in the pool; --start and --since count where there is none yet.",
       .examples = "  plasmite intake journald syslog --create\n"
                   "  plasmite intake journald web --unit nginx --priority warning --since 1h\n"
                   "  plasmite intake journald old --directory /mnt/var/log/journal --start oldest --once"});
  journald->add_option("POOL", request->pool, "Name or path of the pool")->required();
  journald->callback([&context, request] {
    context.run = [&context, request] { return run_intake_journald(context, *request); };
  });
}

}  // namespace plasmite
