#include "agent/commands/pool_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/commands/pool_report.h"
#include "agent/commands/pool_scan.h"
#include "agent/output/error_report.h"
#include "agent/output/human.h"
#include "agent/output/json_output.h"
#include "agent/output/stdio.h"
#include "agent/output/table.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"
#include "agent/values.h"
#include "core/record/timestamp.h"

namespace plasmite {
namespace {

struct Options {
  bool json = false;
};

struct Entry {
  std::string name;
  std::filesystem::path path;
  Result<PoolInfo> info;
  std::optional<int64_t> modified_ns;
};

Result<PoolInfo> read_info(const std::filesystem::path& path) {
  const auto pool = Pool::open(path, {.access = Access::read});
  if (!pool) return std::unexpected(pool.error());
  return pool->info();
}

std::optional<int64_t> modification_time(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

std::string as_json(const std::vector<Entry>& entries) {
  JsonWriter json;
  json.begin_object().key("pools").begin_array();
  for (const Entry& entry : entries) {
    json.begin_object();
    if (entry.info) {
      append_bounds(json.key("bounds"), *entry.info);
      json.key("file_size").number(entry.info->file_size);
      json.key("mtime");
      std::string time;
      if (entry.modified_ns) append_rfc3339(time, *entry.modified_ns);
      entry.modified_ns ? json.string(time) : json.null();
    } else {
      // Doubled on purpose: the shape that consumers of this command know.
      json.key("error").begin_object();
      append_error_object(json.key("error"), entry.info.error());
      json.end_object();
    }
    json.key("name").string(entry.name);
    json.key("path").string(entry.path.string());
    json.end_object();
  }
  json.end_array().end_object();
  return json.text();
}

std::string full_table(const std::vector<Entry>& entries, const std::filesystem::path& dir) {
  const auto number = [](std::optional<uint64_t> value) {
    return value ? std::to_string(*value) : "-";
  };
  std::vector<TableRow> rows;
  for (const Entry& entry : entries) {
    const std::string path = path_below(entry.path, dir);
    const std::string modified = human_time(entry.modified_ns);
    if (entry.info) {
      rows.push_back({entry.name, "OK", std::to_string(entry.info->file_size),
                      number(entry.info->oldest_seq), number(entry.info->newest_seq), modified,
                      path, "-"});
    } else {
      rows.push_back(
          {entry.name, "ERR", "-", "-", "-", modified, path, entry.info.error().message()});
    }
  }
  return format_table({"NAME", "STATUS", "SIZE", "OLDEST", "NEWEST", "MTIME", "PATH", "DETAIL"},
                      rows, /*for_terminal=*/false);
}

std::string for_people(const std::vector<Entry>& entries, const std::filesystem::path& dir) {
  if (entries.empty()) {
    return "No pools found in " + escape_for_terminal(dir.string()) +
           "/\n\n  Create one: plasmite pool create <name>\n";
  }
  const int64_t now_ns = wall_clock_ns();
  std::vector<TableRow> rows;
  std::string unreadable;
  for (const Entry& entry : entries) {
    const std::string modified = human_age(entry.modified_ns, now_ns);
    if (entry.info) {
      rows.push_back({entry.name, human_size(entry.info->file_size),
                      hundredths(used_hundredths(*entry.info)) + "%",
                      std::to_string(message_count(*entry.info)), modified});
    } else {
      rows.push_back({entry.name, "-", "-", "-", modified});
      unreadable += "\n  ✗ " + escape_for_terminal(entry.name) + " — " +
                    escape_for_terminal(entry.info.error().message()) +
                    "\n    Details: pls doctor " + escape_for_terminal(quote_token(entry.name));
    }
  }
  std::string text = format_columns({{"NAME"},
                                     {"SIZE", Align::right},
                                     {"USED", Align::right},
                                     {"MSGS", Align::right},
                                     {"MODIFIED"}},
                                    rows);
  return unreadable.empty() ? text : text + unreadable + "\n";
}

Result<int> run(const CommandContext& context, const Options& options) {
  auto paths = find_pool_files(context.pool_dir);
  if (!paths && paths.error().kind() == ErrorKind::NotFound)
    paths = std::vector<std::filesystem::path>{};
  if (!paths) return std::unexpected(paths.error());
  std::vector<Entry> entries;
  for (const std::filesystem::path& path : *paths) {
    entries.push_back({.name = path.stem().string(),
                       .path = path,
                       .info = read_info(path),
                       .modified_ns = modification_time(path)});
  }
  const auto printed = options.json           ? print_json(context.color, as_json(entries))
                       : is_terminal(kStdout) ? print_text(for_people(entries, context.pool_dir))
                                              : print_text(full_table(entries, context.pool_dir));
  if (!printed) return std::unexpected(printed.error());
  return 0;
}

}  // namespace

void register_pool_list(CLI::App& pool, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(pool, {.name = "list",
                                         .description = "List pools in the pool directory",
                                         .examples = "  plasmite pool list\n"
                                                     "  plasmite --dir /srv/pools pool list --json",
                                         .needs_arguments = false});
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
