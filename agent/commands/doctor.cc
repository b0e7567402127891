#include "agent/commands/doctor.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/commands/doctor_report.h"
#include "agent/commands/pool_scan.h"
#include "agent/output/json_output.h"
#include "agent/output/stdio.h"
#include "agent/pool_access.h"
#include "agent/values.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

struct Options {
  std::optional<std::string> pool;
  bool all = false;
  bool json = false;
  bool repair = false;
  std::string lock_timeout = "5s";
};

struct Target {
  std::string label;
  std::filesystem::path path;
};

Result<std::vector<Target>> find_targets(const CommandContext& context, const Options& options) {
  if (options.all && options.pool) {
    return std::unexpected(Error(ErrorKind::Usage, "--all cannot be combined with a pool name")
                               .with_hint("Use --all by itself, or name one pool."));
  }
  if (!options.all && !options.pool) {
    return std::unexpected(Error(ErrorKind::Usage, "POOL or --all is required")
                               .with_hint("Try `plasmite doctor --help`."));
  }
  if (options.pool) {
    auto path = resolve_pool_ref(*options.pool, context.pool_dir);
    if (!path) return std::unexpected(path.error());
    return std::vector{Target{*options.pool, std::move(*path)}};
  }
  const auto paths = find_pool_files(context.pool_dir);
  if (!paths) return std::unexpected(paths.error());
  std::vector<Target> targets;
  for (const std::filesystem::path& path : *paths) targets.push_back({path.string(), path});
  return targets;
}

Error with_hint_if_missing(Error error, const std::string& label) {
  if (error.kind() != ErrorKind::NotFound || !error.hint().empty()) return error;
  return std::move(error).with_hint(
      label.contains('/') ? missing_path_hint(label)
                          : "No such pool: `plasmite pool list` shows what is there.");
}

Result<Examined> examine(const Target& target, bool repair,
                         std::chrono::milliseconds lock_timeout) {
  Examined examined{.label = target.label, .path = target.path, .report = {}, .repair = {}};
  auto report = examine_pool(target.path);
  if (!report) return std::unexpected(with_hint_if_missing(report.error(), target.label));
  examined.report = std::move(*report);
  if (!repair || !examined.report.needs_repair()) return examined;
  auto repaired = repair_pool(target.path, lock_timeout);
  if (!repaired) return std::unexpected(repaired.error());
  examined.repair = std::move(*repaired);
  auto after = examine_pool(target.path);
  if (!after) return std::unexpected(after.error());
  examined.report = std::move(*after);
  return examined;
}

Result<bool> print_reports(const CommandContext& context, const Options& options,
                           const std::vector<Examined>& all) {
  if (options.json) {
    JsonWriter json;
    json.begin_object().key("reports").begin_array();
    for (const Examined& examined : all) append_report(json, examined);
    json.end_array().end_object();
    return print_json(context.color, json.text());
  }
  std::string text;
  if (!is_terminal(kStdout)) {
    for (const Examined& examined : all) text += report_line(examined);
  } else {
    text = options.all ? summary_for_people(all) : report_for_people(all.front());
  }
  return print_text(text);
}

Result<int> run(const CommandContext& context, const Options& options) {
  const auto targets = find_targets(context, options);
  if (!targets) return std::unexpected(targets.error());
  const auto lock_timeout = parse_duration(options.lock_timeout);
  if (!lock_timeout) return std::unexpected(lock_timeout.error());
  std::vector<Examined> all;
  bool any_corrupt = false;
  for (const Target& target : *targets) {
    auto examined = examine(target, options.repair, *lock_timeout);
    if (!examined) {
      // What was found (and repaired) before is worth knowing all the same.
      if (!all.empty()) {
        if (auto printed = print_reports(context, options, all); !printed)
          return std::unexpected(printed.error());
      }
      return std::unexpected(examined.error());
    }
    any_corrupt |= !examined->report.healthy();
    all.push_back(std::move(*examined));
  }
  if (auto printed = print_reports(context, options, all); !printed)
    return std::unexpected(printed.error());
  return any_corrupt ? error_exit_code(ErrorKind::Corrupt) : 0;
}

}  // namespace

void register_doctor(CLI::App& root, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root,
      {.name = "doctor",
       .description = "Check a pool (or all of them) for damage; exit 7 when there is any.\nA pool "
                      "in use is not disturbed. --repair writes every intact record into a new\n"
                      "file and keeps the damaged one beside it.",
       .examples = "  plasmite doctor jobs\n"
                   "  plasmite doctor --all --json\n"
                   "  plasmite doctor jobs --repair"});
  command->add_option("POOL", options->pool, "Pool name or path");
  command->add_flag("--all", options->all, "All pools of the pool directory");
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--repair", options->repair, "Save the intact records of a damaged pool");
  command
      ->add_option("--lock-timeout", options->lock_timeout,
                   "Repair: how long to wait for writers [default: 5s]")
      ->type_name("DURATION");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
