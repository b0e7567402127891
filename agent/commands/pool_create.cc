#include "agent/commands/pool_create.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/commands/pool_report.h"
#include "agent/commands/remote_options.h"
#include "agent/output/human.h"
#include "agent/output/json_output.h"
#include "agent/output/notice.h"
#include "agent/output/stdio.h"
#include "agent/output/table.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"
#include "agent/pool_size.h"
#include "agent/values.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

struct Options {
  std::vector<std::string> names;
  std::optional<std::string> size;
  std::optional<std::string> index_capacity;
  std::optional<std::string> format;
  bool json = false;
};

struct Created {
  std::string name;
  PoolInfo info;
};

Result<void> check_format(const std::optional<std::string>& text) {
  if (!text || *text == "4") return {};
  if (*text == "3") {
    return std::unexpected(Error(ErrorKind::Usage, "pools of format 3 are not here yet")
                               .with_hint("This version creates pools of format 4 only: leave "
                                          "--format out."));
  }
  return std::unexpected(Error(ErrorKind::Usage, "invalid value '" + *text + "' for '--format'")
                             .with_hint("Use 4, or leave --format out."));
}

// Format 4 chooses the size of its index itself; what cannot be meant is refused all the same.
Result<void> check_index_capacity(const CommandContext& context, const Options& options,
                                  uint64_t size_bytes) {
  if (!options.index_capacity) return {};
  constexpr uint64_t kSlotBytes = 16;
  const auto slots = parse_count(*options.index_capacity, "--index-capacity");
  if (!slots) return std::unexpected(slots.error());
  if (*slots > size_bytes / 2 / kSlotBytes) {
    return std::unexpected(
        Error(ErrorKind::Usage, "index capacity is too large for pool size")
            .with_hint("Use at most " + std::to_string(size_bytes / 2 / kSlotBytes) +
                       " slots, a larger --size, or leave --index-capacity out."));
  }
  print_notice(
      context.color,
      {.command = "pool create",
       .kind = "option_ignored",
       .message = "--index-capacity has no effect: pools of format 4 size their index themselves",
       .pool = options.names.front(),
       .message_names_pool = true});
  return {};
}

Result<Created> create_one(const CommandContext& context, const std::string& name,
                           uint64_t size_bytes) {
  if (auto ok = check_local_ref(name); !ok) return std::unexpected(ok.error());
  const auto path = resolve_pool_ref(name, context.pool_dir);
  if (!path) return std::unexpected(path.error());
  if (auto made = make_pool_dir(path->parent_path()); !made) return std::unexpected(made.error());
  auto pool = Pool::create(*path, {.size_bytes = pool_size_for(size_bytes)});
  if (!pool && pool.error().kind() == ErrorKind::AlreadyExists) {
    return std::unexpected(
        Error(ErrorKind::AlreadyExists, "pool already exists")
            .with_path(path->string())
            .with_hint("Choose a different name, or remove it first: `plasmite pool delete " +
                       quote_token(name) + "`."));
  }
  if (!pool) return std::unexpected(pool.error());
  auto info = pool->info();
  if (!info) return std::unexpected(info.error());
  return Created{name, std::move(*info)};
}

// The first cause tells which pools were made before this one failed.
Error stopped_half_way(const Error& error, const std::vector<Created>& done) {
  std::string names;
  for (const Created& created : done) names += (names.empty() ? "" : ", ") + created.name;
  Error told(error.kind(), error.message());
  told = std::move(told).with_hint(error.hint()).with_path(error.path());
  told = std::move(told).with_cause("created before this error, and kept: " + names);
  for (const std::string& cause : error.causes()) told = std::move(told).with_cause(cause);
  return told;
}

std::string as_json(const std::vector<Created>& pools) {
  JsonWriter json;
  json.begin_object().key("created").begin_array();
  for (const Created& created : pools)
    append_pool_info(json, created.info, created.name, wall_clock_ns());
  json.end_array().end_object();
  return json.text();
}

std::string as_table(const std::vector<Created>& pools, const std::filesystem::path& dir) {
  std::vector<TableRow> rows;
  rows.reserve(pools.size());
  for (const auto& [name, info] : pools) {
    rows.push_back({name, std::to_string(info.file_size), std::to_string(info.index_slots),
                    path_below(info.path, dir)});
  }
  return format_table({"NAME", "SIZE", "INDEX", "PATH"}, rows, /*for_terminal=*/false);
}

std::string for_people(const std::vector<Created>& pools, const std::filesystem::path& dir) {
  const PoolInfo& first = pools.front().info;
  const auto shown_path = [&](const PoolInfo& info) {
    return escape_for_terminal(path_below(info.path, dir));
  };
  if (pools.size() == 1) {
    return "Created " + escape_for_terminal(pools.front().name) + " (" +
           human_size(first.file_size) + ", " + std::to_string(first.index_slots) +
           " index slots)\n  path: " + shown_path(first) + "\n";
  }
  std::string text = "Created " + std::to_string(pools.size()) + " pools (" +
                     human_size(first.file_size) + " each)\n";
  for (const auto& [name, info] : pools)
    text += "  - " + escape_for_terminal(name) + " (" + shown_path(info) + ")\n";
  return text;
}

Result<int> run(const CommandContext& context, const Options& options) {
  const auto size_bytes =
      options.size ? parse_size(*options.size) : Result<uint64_t>(kDefaultPoolBytes);
  if (!size_bytes) return std::unexpected(size_bytes.error());
  if (auto ok = check_format(options.format); !ok) return std::unexpected(ok.error());
  if (auto ok = check_index_capacity(context, options, *size_bytes); !ok)
    return std::unexpected(ok.error());
  std::vector<Created> pools;
  for (const std::string& name : options.names) {
    auto created = create_one(context, name, *size_bytes);
    if (!created && pools.empty()) return std::unexpected(created.error());
    if (!created) return std::unexpected(stopped_half_way(created.error(), pools));
    pools.push_back(std::move(*created));
  }
  const auto printed = options.json           ? print_json(context.color, as_json(pools))
                       : is_terminal(kStdout) ? print_text(for_people(pools, context.pool_dir))
                                              : print_text(as_table(pools, context.pool_dir));
  if (!printed) return std::unexpected(printed.error());
  return 0;
}

}  // namespace

void register_pool_create(CLI::App& pool, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(pool, {.name = "create",
                         .description = "Create pools, with all their disk space",
                         .examples = "  plasmite pool create jobs\n"
                                     "  plasmite pool create jobs builds --size 64M\n"
                                     "  plasmite pool create /var/lib/app/events.plasmite --json"});
  take_all_words(command->add_option("NAME", options->names, "Pool names or paths"))->required();
  command->add_option("--size", options->size, "Size of each file, 64K at least [default: 4M]")
      ->type_name("SIZE");
  command->add_option("--format", options->format, "File format: 4")->type_name("N");
  command
      ->add_option("--index-capacity", options->index_capacity,
                   "For pools of format 3; format 4 sizes its index itself")
      ->type_name("SLOTS");
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
