#include "agent/commands/pool_copy.h"

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
#include "core/pool/pool_copy.h"

namespace plasmite {
namespace {

struct Options {
  std::string source;
  std::string destination;
  bool json = false;
};

std::string as_json(const Options& options, const PoolInfo& copy) {
  JsonWriter json;
  append_pool_info(json.begin_object().key("copied"), copy, options.destination, wall_clock_ns());
  json.key("source").string(options.source).end_object();
  return json.text();
}

std::string as_table(const Options& options, const PoolInfo& copy,
                     const std::filesystem::path& dir) {
  return format_table({"SOURCE", "COPY", "SIZE", "MESSAGES", "PATH"},
                      {{options.source, options.destination, std::to_string(copy.file_size),
                        std::to_string(message_count(copy)), path_below(copy.path, dir)}},
                      /*for_terminal=*/false);
}

std::string for_people(const Options& options, const PoolInfo& copy,
                       const std::filesystem::path& dir) {
  return "Copied " + escape_for_terminal(options.source) + " to " +
         escape_for_terminal(options.destination) + " (" + human_size(copy.file_size) +
         ")\n  messages: " + messages_for_people(copy) +
         "\n  path:     " + escape_for_terminal(path_below(copy.path, dir)) + "\n";
}

Result<int> run(const CommandContext& context, const Options& options) {
  for (const std::string& ref : {options.source, options.destination})
    if (auto ok = check_local_ref(ref); !ok) return std::unexpected(ok.error());
  const auto source = resolve_pool_ref(options.source, context.pool_dir);
  if (!source) return std::unexpected(source.error());
  const auto destination = resolve_pool_ref(options.destination, context.pool_dir);
  if (!destination) return std::unexpected(destination.error());
  // Before anything is made for the copy.
  if (auto opened = Pool::open(*source, {.access = Access::read}); !opened) {
    if (opened.error().kind() != ErrorKind::NotFound) return std::unexpected(opened.error());
    return std::unexpected(no_such_pool(opened.error(), *source));
  }
  if (auto made = make_pool_dir(destination->parent_path()); !made)
    return std::unexpected(made.error());
  if (auto copied = copy_pool(*source, *destination); !copied)
    return std::unexpected(copied.error());
  const auto copy = Pool::open(*destination, {.access = Access::read});
  if (!copy) return std::unexpected(copy.error());
  const auto info = copy->info();
  if (!info) return std::unexpected(info.error());
  const auto printed = options.json ? print_json(context.color, as_json(options, *info))
                       : is_terminal(kStdout)
                           ? print_text(for_people(options, *info, context.pool_dir))
                           : print_text(as_table(options, *info, context.pool_dir));
  if (!printed) return std::unexpected(printed.error());
  return 0;
}

}  // namespace

void register_pool_copy(CLI::App& pool, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      pool,
      {.name = "copy",
       .description = "Copy a pool while others write to it\n"
                      "The copy has what a reader saw at one instant: messages, sequences, times, "
                      "tags,\ncheckpoints. It is a pool of its own: what is fed to one does not "
                      "reach the other.",
       .examples = "  plasmite pool copy jobs jobs-before-upgrade\n"
                   "  plasmite pool copy jobs /backup/jobs.plasmite"});
  command->add_option("SOURCE", options->source, "Pool name or path")->required();
  command->add_option("COPY", options->destination, "Name or path of the new pool")->required();
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
