#include "agent/commands/pool_resize.h"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/commands/pool_report.h"
#include "agent/commands/remote_options.h"
#include "agent/output/human.h"
#include "agent/output/json_output.h"
#include "agent/output/stdio.h"
#include "agent/output/table.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"
#include "agent/values.h"
#include "core/client/pool_ref.h"
#include "core/pool/pool_resize.h"

namespace plasmite {
namespace {

struct Options {
  std::string name;
  std::string size;
  bool retire = false;
  std::string lock_timeout = "5s";
  bool json = false;
};

std::string as_json(const Options& options, const ResizeReport& report, const PoolInfo& info) {
  JsonWriter json;
  json.begin_object().key("old_size").number(report.old_size);
  append_pool_info(json.key("resized"), info, options.name, wall_clock_ns());
  json.key("retired").number(report.retired).end_object();
  return json.text();
}

std::string as_table(const Options& options, const ResizeReport& report, const PoolInfo& info,
                     const std::filesystem::path& dir) {
  return format_table({"NAME", "OLD", "SIZE", "MESSAGES", "RETIRED", "PATH"},
                      {{options.name, std::to_string(report.old_size),
                        std::to_string(report.new_size), std::to_string(message_count(info)),
                        std::to_string(report.retired), path_below(info.path, dir)}},
                      /*for_terminal=*/false);
}

std::string for_people(const Options& options, const ResizeReport& report, const PoolInfo& info) {
  const std::string name = escape_for_terminal(options.name);
  if (report.new_size == report.old_size)
    return "Pool " + name + " has this size already (" + human_size(report.new_size) + ").\n";
  std::string text = "Resized " + name + " (" + human_size(report.old_size) + " to " +
                     human_size(report.new_size) + ")\n  messages: " + messages_for_people(info);
  if (report.retired > 0) text += ", " + std::to_string(report.retired) + " retired";
  return text + "\n";
}

Result<int> run(const CommandContext& context, const Options& options) {
  const auto size = parse_size(options.size);
  if (!size) return std::unexpected(size.error());
  const auto lock_timeout = parse_duration(options.lock_timeout);
  if (!lock_timeout) return std::unexpected(lock_timeout.error());
  if (auto ok = check_local_ref(options.name); !ok) return std::unexpected(ok.error());
  const auto path = resolve_pool_ref(options.name, context.pool_dir);
  if (!path) return std::unexpected(path.error());
  const auto report = resize_pool(
      *path, {.size_bytes = *size, .retire = options.retire, .lock_timeout = *lock_timeout});
  if (!report && report.error().kind() == ErrorKind::NotFound)
    return std::unexpected(no_such_pool(report.error(), *path));
  if (!report) return std::unexpected(report.error());
  const auto pool = Pool::open(*path, {.access = Access::read});
  if (!pool) return std::unexpected(pool.error());
  const auto info = pool->info();
  if (!info) return std::unexpected(info.error());
  const auto printed = options.json ? print_json(context.color, as_json(options, *report, *info))
                       : is_terminal(kStdout)
                           ? print_text(for_people(options, *report, *info))
                           : print_text(as_table(options, *report, *info, context.pool_dir));
  if (!printed) return std::unexpected(printed.error());
  return 0;
}

}  // namespace

void register_pool_resize(CLI::App& pool, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      pool,
      {.name = "resize",
       .description = "Give a pool another size while others use it\n"
                      "Nothing that was accepted is lost, and processes that use the pool go on. "
                      "Until it is\ndone the disk must have room for both sizes.",
       .examples = "  plasmite pool resize jobs 64M\n"
                   "  plasmite pool resize jobs 1M --retire"});
  command->add_option("NAME", options->name, "Pool name or path")->required();
  command->add_option("SIZE", options->size, "The new size: 64K or more")->required();
  command->add_flag("--retire", options->retire,
                    "Retire the oldest messages if the new size has no room for all");
  command
      ->add_option("--lock-timeout", options->lock_timeout,
                   "How long to wait for writers [default: 5s]")
      ->type_name("DURATION");
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
