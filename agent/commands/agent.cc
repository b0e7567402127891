#include "agent/commands/agent.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "agent/config/config_loader.h"
#include "agent/daemon_commands.h"

namespace plasmite {
namespace {

using Action = AgentRequest::Action;

CLI::App* add_action(CLI::App& parent, CommandContext& context,
                     const std::shared_ptr<AgentRequest>& request, Action action,
                     const CommandHelp& help) {
  CLI::App* command = add_command(parent, help);
  request->config = kDefaultConfigPath;
  const CLI::Option* config =
      command
          ->add_option("--config,-c", request->config,
                       "The configuration (default: " + std::string(kDefaultConfigPath) + ")")
          ->type_name("FILE");
  command->callback([&context, request, action, config] {
    request->action = action;
    request->is_config_given = config->count() != 0;
    context.run = [&context, request] { return run_agent_command(context, *request); };
  });
  return command;
}

void add_socket_option(CLI::App& command, AgentRequest& request) {
  command
      .add_option("--socket", request.socket,
                  "The agent's socket, if not that of the configuration")
      ->type_name("PATH");
}

}  // namespace

void register_agent(CLI::App& root, CommandContext& context) {
  auto request = std::make_shared<AgentRequest>();
  CLI::App* agent = add_command(
      root,
      {.name = "agent",
       .description =
           "Take in many sources for good, as a configuration says: journald, commands, stdin.",
       .examples = "  plasmite agent init\n"
                   "  plasmite agent check\n"
                   "  plasmite agent run\n"
                   "  plasmite agent status"});
  agent->require_subcommand(1);
  add_action(
      *agent, context, request, Action::run,
      {.name = "run",
       .description =
           "Run the agent in the foreground until SIGTERM, or until every source is finished.\n"
           "SIGHUP reads the configuration again; a second SIGTERM ends at once.",
       .examples = "  plasmite agent run\n  plasmite agent run --config ./agent.toml",
       .needs_arguments = false});
  add_action(
      *agent, context, request, Action::check,
      {.name = "check",
       .description =
           "Check a configuration; exit code 78 if it cannot run, with file, line, key and fix.",
       .examples = "  plasmite agent check --config ./agent.toml",
       .needs_arguments = false});
  CLI::App* status = add_action(
      *agent, context, request, Action::status,
      {.name = "status",
       .description = "Show what a running agent does. Exit code 0: all is well, 1: something is "
                      "not, 3: it does "
                      "not run.",
       .examples = "  plasmite agent status\n  plasmite agent status --json | jq .sources",
       .needs_arguments = false});
  status->add_flag("--json", request->json, "JSON also on a terminal");
  status->add_flag("--metrics", request->metrics, "The metrics, as Prometheus text");
  add_socket_option(*status, *request);
  CLI::App* reload = add_action(
      *agent, context, request, Action::reload,
      {.name = "reload",
       .description = "Make a running agent read its configuration again, and say what came of it.",
       .examples = "  plasmite agent reload",
       .needs_arguments = false});
  add_socket_option(*reload, *request);
  CLI::App* init =
      add_action(*agent, context, request, Action::init,
                 {.name = "init",
                  .description = "Write a commented configuration for this machine.",
                  .examples = "  plasmite agent init\n  plasmite agent init --config ./agent.toml",
                  .needs_arguments = false});
  init->add_flag("--force", request->force, "Replace a configuration that is there");
}

}  // namespace plasmite
