#include "agent/commands/pool.h"

#include <CLI/CLI.hpp>

#include "agent/commands/pool_copy.h"
#include "agent/commands/pool_create.h"
#include "agent/commands/pool_delete.h"
#include "agent/commands/pool_info.h"
#include "agent/commands/pool_list.h"
#include "agent/commands/pool_resize.h"

namespace plasmite {

void register_pool(CLI::App& root, CommandContext& context) {
  CLI::App* command = add_command(root, {.name = "pool",
                                         .description = "Create, list, inspect, copy, resize and delete pools.",
                                         .examples = "  plasmite pool create jobs --size 64M\n"
                                                     "  plasmite pool list"});
  command->require_subcommand(1);
  register_pool_create(*command, context);
  register_pool_info(*command, context);
  register_pool_list(*command, context);
  register_pool_copy(*command, context);
  register_pool_resize(*command, context);
  register_pool_delete(*command, context);
}

}  // namespace plasmite
