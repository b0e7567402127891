#include "agent/commands/follow.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "agent/commands/follow_options.h"
#include "agent/commands/follow_session.h"
#include "agent/values.h"

namespace plasmite {
namespace {

Result<int> run(const CommandContext& context, const FollowOptions& options) {
  const int64_t now_ns = wall_clock_ns();
  auto plan = make_follow_plan(options, now_ns);
  if (!plan) return std::unexpected(plan.error());
  return FollowSession(context, options, std::move(*plan), now_ns).run();
}

}  // namespace

void register_follow(CLI::App& root, CommandContext& context) {
  auto options = std::make_shared<FollowOptions>();
  CLI::App* command = add_command(
      root,
      {.name = "follow",
       .description =
           "Print a pool's messages as they arrive, from now on or with retained ones first; of "
           "several pools in the order of time, each saying its pool.\nMessages that were retired "
           "before they could be printed are told on stderr.",
       .examples =
           "  plasmite follow chat\n"
           "  plasmite follow chat -n 10 --tag error\n"
           "  plasmite follow chat --since 10m --jsonl | jq .data\n"
           "  plasmite follow web worker --tail 20 --jsonl\n"
           "  plasmite follow 'app-*' --text\n"
           "  plasmite follow chat --since 'yesterday 09:00' --until 'yesterday 17:00'\n"
           "  plasmite follow chat --where '.data.level == \"error\"'\n"
           "  plasmite follow chat --tag api --where '.data.msg | test(\"panic|oom\"; \"i\")'\n"
           "  plasmite follow jobs --name mailer --since 1d --jsonl\n"
           "  plasmite follow chat --since 1h --replay 10\n"
           "  plasmite follow build --run last --text\n"
           "  plasmite follow chat --one --timeout 30s --data-only"});
  add_follow_options(*command, *options);
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
