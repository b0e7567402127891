#include "agent/commands/pool_info.h"

#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "agent/commands/pool_report.h"
#include "agent/output/human.h"
#include "agent/output/json_output.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"
#include "agent/values.h"
#include "core/client/pool_ref.h"
#include "core/record/timestamp.h"

namespace plasmite {
namespace {

struct Options {
  std::string name;
  bool json = false;
};

std::string number_or_dash(std::optional<uint64_t> value) {
  return value ? std::to_string(*value) : "-";
}

std::string used_percent(const PoolInfo& info) { return hundredths(used_hundredths(info)) + "%"; }

std::string as_text(const PoolInfo& info, const std::string& name, int64_t now_ns) {
  const auto moment = [&](std::optional<int64_t> time_ns) {
    std::string text;
    if (time_ns) append_rfc3339(text, *time_ns);
    return (time_ns ? text : "-") + " (" + human_age(time_ns, now_ns) + ")";
  };
  const auto number = [](uint64_t value) { return std::to_string(value); };
  return "Pool: " + name + "\nPath: " + info.path.string() +  //
         "\nSize: " + number(info.file_size) +
         " bytes (index: offset=" + number(info.index_offset) +
         " slots=" + number(info.index_slots) + " bytes=" + number(info.index_bytes) +  //
         ", ring: offset=" + number(info.ring_offset) + " size=" + number(info.ring_size) + ")" +
         "\nBounds: oldest=" + number_or_dash(info.oldest_seq) +  //
         " newest=" + number_or_dash(info.newest_seq) + " count=" + number(message_count(info)) +
         "\nUtilization: used=" + number(info.used_bytes) +  //
         "B free=" + number(info.ring_size - info.used_bytes) + "B (" + used_percent(info) + ")" +
         "\nOldest: " + moment(info.oldest_time_ns) + "\nNewest: " + moment(info.newest_time_ns) +
         "\n";
}

std::string for_people(const PoolInfo& info, const std::string& name,
                       const std::filesystem::path& dir, int64_t now_ns) {
  const auto moment = [&](std::optional<int64_t> time_ns) {
    return time_ns ? human_age(time_ns, now_ns) + " (" + human_time(time_ns) + ")"
                   : std::string("—");
  };
  return escape_for_terminal(name) +
         "\n  path:      " + escape_for_terminal(path_below(info.path, dir)) +
         "\n  size:      " + human_size(info.file_size) + " (" + human_size(info.used_bytes) +
         " used, " + used_percent(info) + ")" + "\n  messages:  " + messages_for_people(info) +
         "\n  oldest:    " + moment(info.oldest_time_ns) +
         "\n  newest:    " + moment(info.newest_time_ns) +
         "\n  index:     " + std::to_string(info.index_slots) + " slots (" +
         human_size(info.index_bytes) + ")" + "\n  ring:      " + human_size(info.ring_size) + "\n";
}

Result<int> run(const CommandContext& context, const Options& options) {
  auto pool = open_pool(context, {.ref = options.name, .access = Access::read});
  if (!pool && pool.error().kind() == ErrorKind::NotFound) {
    const std::string hint = is_remote_ref(options.name)
                                 ? missing_path_hint(options.name)
                                 : "No such pool: create it first with `plasmite pool create " +
                                       quote_token(options.name) + "`.";
    return std::unexpected(Error(ErrorKind::NotFound, "not found").with_hint(hint));
  }
  if (!pool) return std::unexpected(pool.error());
  const auto info = pool->info();
  if (!info) return std::unexpected(info.error());
  const int64_t now_ns = wall_clock_ns();
  Result<bool> printed = true;
  if (options.json) {
    JsonWriter json;
    append_pool_info(json, *info, options.name, now_ns);
    printed = print_json(context.color, json.text());
  } else {
    printed =
        print_text(is_terminal(kStdout) ? for_people(*info, options.name, context.pool_dir, now_ns)
                                        : as_text(*info, options.name, now_ns));
  }
  if (!printed) return std::unexpected(printed.error());
  return 0;
}

}  // namespace

void register_pool_info(CLI::App& pool, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(pool, {.name = "info",
                                         .description = "Show size, bounds and age of a pool",
                                         .examples = "  plasmite pool info jobs\n"
                                                     "  plasmite pool info jobs --json"});
  command->add_option("NAME", options->name, "Pool name or path")->required();
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
