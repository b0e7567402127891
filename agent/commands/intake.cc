#include "agent/commands/intake.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "agent/daemon_commands.h"

namespace plasmite {
namespace {

void add_list(CLI::App& command, const char* names, std::vector<std::string>& list,
              const char* type, const char* description) {
  command.add_option(names, list, description)->type_name(type)->allow_extra_args(false);
}

void add_place(CLI::App& command, JournaldRequest& request) {
  command
      .add_option("-D,--directory", request.directory,
                  "Read the journal files of this folder, also those that come later")
      ->type_name("DIR");
  add_list(command, "--file", request.files, "FILE", "Read this journal file; may be repeated");
  command
      .add_option("--namespace", request.name_space,
                  "Read a namespace of journald: NAME, * for all, +NAME for it and the default one")
      ->type_name("NAME");
}

void add_matches(CLI::App& command, JournaldRequest& request) {
  add_list(command, "-u,--unit", request.units, "UNIT",
           "Entries of this unit, and about it; may be repeated");
  add_list(command, "-t,--identifier", request.identifiers, "NAME",
           "Entries of this syslog identifier; may be repeated");
  command
      .add_option("-p,--priority", request.priority,
                  "Entries as urgent as this and more: emerg, alert, crit, err, warning, notice, "
                  "info, debug, or 0 to 7")
      ->type_name("LEVEL");
  // A flag, so that the word behind it is not its value; --boot=ID is understood all the same.
  command.add_flag("-b{current},--boot{current}", request.boot,
                   "Entries of this boot, or with --boot=ID of that one");
  add_list(command, "--match", request.matches, "FIELD=VALUE",
           "Entries with this field; for one field any of the values, of several fields all");
}

void add_start(CLI::App& command, JournaldRequest& request) {
  command.add_option("--start", request.start, "Where to begin the first time [default: now]")
      ->type_name("now|oldest");
  command
      .add_option("--since", request.since,
                  "Begin at a time the first time: 30m, 10:15, 2026-05-04, RFC 3339")
      ->type_name("TIME");
  command
      .add_option("--name", request.name,
                  "Under which name the pool keeps the position, for several intakes into one pool "
                  "[default: journald]")
      ->type_name("NAME");
}

void add_storing(CLI::App& command, JournaldRequest& request) {
  add_list(command, "--tag", request.tags, "TAG", "Tag every message; may be repeated");
  command
      .add_option("--durability", request.durability,
                  "fast survives the death of any process, flush also power loss [default: fast]")
      ->type_name("fast|flush");
  command.add_flag("--create", request.create, "Make the pool when it is missing");
  command.add_option("--create-size", request.create_size, "Its size [default: 64M]")
      ->type_name("SIZE");
  command
      .add_option("--max-record", request.max_record,
                  "Largest record; the largest fields of a larger entry are cut [default: 1M]")
      ->type_name("SIZE");
  command.add_flag("--once", request.once, "Stop when there is nothing more to read");
  command.add_flag("-q,--quiet", request.quiet, "No progress and no summary");
}

}  // namespace

void register_intake(CLI::App& root, CommandContext& context) {
  CLI::App* intake = add_command(
      root, {.name = "intake",
             .description =
                 "Take in a source until it is stopped, and go on where it stopped the next time.",
             .examples = "  plasmite intake journald syslog --create\n"
                         "  plasmite intake journald web --unit nginx --since 1h"});
  intake->require_subcommand(1);
  auto request = std::make_shared<JournaldRequest>();
  CLI::App* journald = add_command(
      *intake,
      {.name = "journald",
       .description =
           "Store the entries of the system's journal in a pool, each exactly once.\nThe position "
           "is kept in the pool: the next time it goes on behind the last entry stored, and "
           "--start and --since are for the first time only. Fields are named as in journalctl -o "
           "json. Ctrl-C ends it.",
       .examples =
           "  plasmite intake journald syslog --create\n"
           "  plasmite intake journald web --unit nginx --priority warning --since 1h\n"
           "  plasmite intake journald old --directory /mnt/journal --start oldest --once\n"
           "  plasmite intake journald root --match _UID=0 --match _TRANSPORT=stdout"});
  journald->add_option("POOL", request->pool, "Pool name or path")->required();
  add_place(*journald, *request);
  add_matches(*journald, *request);
  add_start(*journald, *request);
  add_storing(*journald, *request);
  journald->callback([&context, request] {
    context.run = [&context, request] { return run_intake_journald(context, *request); };
  });
}

}  // namespace plasmite
