#include "agent/commands/pool_delete.h"

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "agent/commands/pool_report.h"
#include "agent/output/error_report.h"
#include "agent/output/json_output.h"
#include "agent/output/stdio.h"
#include "agent/output/table.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"
#include "core/client/follower_position.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

struct Options {
  std::vector<std::string> names;
  bool json = false;
};

struct Outcome {
  std::string name;
  Result<std::filesystem::path> deleted;
};

Result<std::filesystem::path> delete_one(const CommandContext& context, const std::string& name) {
  if (is_remote_ref(name)) {
    return std::unexpected(Error(ErrorKind::Usage, "pool delete accepts local pool refs only")
                               .with_hint("Use a local pool name or path."));
  }
  const auto path = resolve_pool_ref(name, context.pool_dir);
  if (!path) return std::unexpected(path.error());
  const auto positions = follower_files(*path);  // by name, while a symlink still leads there
  auto removed = Pool::remove(*path);
  if (removed) {
    // One that stays does no harm: its pool's id is never seen again.
    std::error_code ignored;
    for (const auto& position : positions) std::filesystem::remove(position, ignored);
    return *path;
  }
  const Error& error = removed.error();
  if (error.kind() == ErrorKind::NotFound) {
    return std::unexpected(Error(ErrorKind::NotFound, "pool not found")
                               .with_path(path->string())
                               .with_hint("`plasmite pool list` shows what is there."));
  }
  if (error.kind() != ErrorKind::Permission && error.kind() != ErrorKind::Io)
    return std::unexpected(error);
  Error failed(ErrorKind::Io, "failed to delete pool");
  failed = std::move(failed)
               .with_path(path->string())
               .with_hint("Check the permissions of the pool's directory.");
  for (const std::string& cause : error.causes()) failed = std::move(failed).with_cause(cause);
  return std::unexpected(std::move(failed));
}

std::string as_json(const std::vector<Outcome>& outcomes) {
  JsonWriter json;
  json.begin_object().key("deleted").begin_array();
  for (const auto& [name, deleted] : outcomes) {
    if (!deleted) continue;
    json.begin_object().key("path").string(deleted->string()).key("pool").string(name).end_object();
  }
  json.end_array().key("failed").begin_array();
  for (const auto& [name, deleted] : outcomes) {
    if (deleted) continue;
    append_error_object(json.begin_object().key("error"), deleted.error());
    json.key("pool").string(name).end_object();
  }
  json.end_array().end_object();
  return json.text();
}

std::string as_table(const std::vector<Outcome>& outcomes, const std::filesystem::path& dir) {
  std::vector<TableRow> rows;
  for (const auto& [name, deleted] : outcomes) {
    if (deleted) {
      rows.push_back({name, "OK", path_below(*deleted, dir), "-"});
    } else {
      const std::string& path = deleted.error().path();
      rows.push_back(
          {name, "ERR", path.empty() ? "-" : path_below(path, dir), deleted.error().message()});
    }
  }
  return format_table({"NAME", "STATUS", "PATH", "DETAIL"}, rows, /*for_terminal=*/false);
}

std::string one_for_people(const Outcome& outcome, const std::filesystem::path& dir) {
  const std::string name = "\"" + escape_for_terminal(outcome.name) + "\"";
  if (outcome.deleted) return "Deleted pool " + name + ".\n";
  const Error& error = outcome.deleted.error();
  if (error.kind() == ErrorKind::NotFound) {
    return "Pool " + name +
           " not found. Nothing to delete.\n\n  directory: " + escape_for_terminal(dir.string()) +
           "\n  List pools: plasmite pool list\n";
  }
  std::string text =
      "Failed to delete pool " + name + ".\n\n  " + escape_for_terminal(error.message()) + "\n";
  if (!error.causes().empty()) text += "  " + escape_for_terminal(error.causes().front()) + "\n";
  return text;
}

std::string for_people(const std::vector<Outcome>& outcomes, const std::filesystem::path& dir) {
  if (outcomes.size() == 1) return one_for_people(outcomes.front(), dir);
  size_t deleted_count = 0;
  std::string rows;
  for (const auto& [name, deleted] : outcomes) {
    deleted_count += deleted ? 1 : 0;
    rows += std::string(deleted ? "  ✓ " : "  ✗ ") + escape_for_terminal(name);
    if (!deleted) rows += " — " + escape_for_terminal(deleted.error().message());
    rows += "\n";
  }
  const std::string total = std::to_string(outcomes.size());
  const std::string deleted_text = std::to_string(deleted_count);
  return (deleted_count == outcomes.size()
              ? "Deleted " + total + " pools.\n"
              : "Deleted " + deleted_text + " of " + total + " pools.\n") +
         rows;
}

Result<int> run(const CommandContext& context, const Options& options) {
  std::vector<Outcome> outcomes;
  int exit_code = 0;
  for (const std::string& name : options.names) {
    outcomes.push_back({name, delete_one(context, name)});
    const auto& deleted = outcomes.back().deleted;
    if (!deleted && exit_code == 0) exit_code = error_exit_code(deleted.error().kind());
  }
  const auto printed = options.json           ? print_json(context.color, as_json(outcomes))
                       : is_terminal(kStdout) ? print_text(for_people(outcomes, context.pool_dir))
                                              : print_text(as_table(outcomes, context.pool_dir));
  if (!printed) return std::unexpected(printed.error());
  return exit_code;
}

}  // namespace

void register_pool_delete(CLI::App& pool, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(pool, {.name = "delete",
                         .description = "Delete pools; processes that use them learn of it at once",
                         .examples = "  plasmite pool delete jobs\n"
                                     "  plasmite pool delete jobs builds --json"});
  take_all_words(command->add_option("NAME", options->names, "Pool names or paths"))->required();
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
