#include "agent/intake/journald_request.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "agent/config/config_names.h"
#include "agent/config/journal_values.h"
#include "agent/time_value.h"
#include "agent/values.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

constexpr uint64_t kDefaultCreateBytes = 64u << 20;
constexpr uint64_t kLargestRecordLimit = 1u << 30;  // one record is held in memory as a whole

std::unexpected<Error> usage(std::string message, std::string hint) {
  return std::unexpected(Error(ErrorKind::Usage, std::move(message)).with_hint(std::move(hint)));
}

std::unexpected<Error> invalid(const std::string& value, const char* option, std::string hint) {
  return usage("invalid value '" + value + "' for '" + option + "'", std::move(hint));
}

// libsystemd wants absolute paths of files.
std::string absolute(const std::string& path) {
  std::error_code error;
  const auto made = std::filesystem::absolute(path, error);
  return error ? path : made.string();
}

Result<void> read_place(const JournaldRequest& request, JournalPlace& place) {
  using Kind = JournalPlace::Kind;
  const int given = int{request.directory.has_value()} + int{!request.files.empty()} +
                    int{request.name_space.has_value()};
  if (given > 1) {
    return usage("--directory, --file and --namespace exclude each other",
                 "Keep one of them, and take in the other places with further intakes, each with a "
                 "--name of its own.");
  }
  if (request.directory) {
    if (request.directory->empty()) return invalid("", "--directory", "Name a folder.");
    place = {.kind = Kind::directory, .paths = {absolute(*request.directory)}};
  } else if (!request.files.empty()) {
    place.kind = Kind::files;
    for (const std::string& file : request.files) {
      if (file.empty()) return invalid("", "--file", "Name a journal file.");
      place.paths.push_back(absolute(file));
    }
  } else if (request.name_space) {
    if (!is_journal_namespace(*request.name_space))
      return invalid(*request.name_space, "--namespace",
                     "Use NAME, * for all, or +NAME for that and the default one.");
    place = {.kind = Kind::name_space, .paths = {}, .name_space = *request.name_space};
  }
  return {};
}

Result<void> read_matches(const JournaldRequest& request, JournalMatches& matches) {
  for (const std::string& unit : request.units) {
    if (!is_journal_unit(unit))
      return invalid(
          unit, "--unit",
          "Use a name that `systemctl list-units` shows, such as nginx or nginx.service; "
          "patterns are not known here, repeat --unit instead.");
  }
  for (const std::string& identifier : request.identifiers)
    if (identifier.empty()) return invalid("", "--identifier", "Name one, or leave it out.");
  matches.units = request.units;
  matches.identifiers = request.identifiers;
  if (request.priority) {
    matches.max_priority = parse_journal_priority(*request.priority);
    if (!matches.max_priority)
      return invalid(*request.priority, "--priority",
                     "Use emerg, alert, crit, err, warning, notice, info or debug, or 0 to 7: that "
                     "and what is more urgent.");
  }
  if (!request.boot.empty()) {
    auto boot = parse_journal_boot(request.boot);
    if (!boot)
      return invalid(request.boot, "--boot",
                     "Use --boot for the current one, or the 32 hex digits that `journalctl "
                     "--list-boots` shows: --boot=ID.");
    matches.boot = std::move(*boot);
  }
  for (const std::string& text : request.matches) {
    auto match = parse_journal_match(text);
    if (!match)
      return invalid(text, "--match",
                     "Write FIELD=VALUE, the field in upper case: --match _UID=0.");
    matches.fields.push_back(std::move(*match));
  }
  return {};
}

Result<void> read_start(const JournaldRequest& request, int64_t now_ns, JournalStart& start) {
  using Kind = JournalStart::Kind;
  constexpr int64_t kMicrosecondNs = 1000;
  if (request.since && !request.start.empty())
    return usage("--start and --since exclude each other", "Keep one of them.");
  if (request.since) {
    const auto time_ns = parse_since(*request.since, now_ns);
    if (!time_ns) return std::unexpected(time_ns.error());
    start = {.kind = Kind::time, .time_us = *time_ns / kMicrosecondNs};
  } else if (request.start == "oldest") {
    start.kind = Kind::oldest;
  } else if (!request.start.empty() && request.start != "now") {
    return invalid(request.start, "--start", "Use now or oldest, or --since TIME.");
  } else if (request.start.empty() && request.once) {
    start.kind = Kind::oldest;
  }
  return {};
}

Result<void> read_pool(const JournaldRequest& request, JournaldPlan& plan) {
  if (is_remote_ref(request.pool))
    return usage("intake accepts local pool refs only",
                 "Use the name or path of a pool on this machine.");
  if (request.create_size && !request.create)
    return usage("--create-size requires --create", "Add --create, or leave --create-size out.");
  plan.create_bytes = kDefaultCreateBytes;
  if (request.create_size) {
    const auto size = parse_size(*request.create_size);
    if (!size) return std::unexpected(size.error());
    plan.create_bytes = *size;
  }
  const auto durability = parse_durability(request.durability);
  if (!durability) return std::unexpected(durability.error());
  plan.durability = *durability;
  const auto max_record = parse_size(request.max_record);
  if (!max_record) return std::unexpected(max_record.error());
  if (*max_record == 0 || *max_record > kLargestRecordLimit)
    return invalid(request.max_record, "--max-record", "Use a size between 1 and 1G, such as 16M.");
  plan.source.max_record_bytes = *max_record;
  if (auto tags = TagBlock::encode(request.tags); !tags) return std::unexpected(tags.error());
  plan.source.tags = request.tags;
  return {};
}

}  // namespace

Result<JournaldPlan> make_journald_plan(const JournaldRequest& request, int64_t now_ns) {
  JournaldPlan plan;
  plan.source.name = request.name.value_or("journald");
  plan.source.pool = request.pool;
  JournalOptions journal;
  if (auto ok = read_pool(request, plan); !ok) return std::unexpected(ok.error());
  if (auto ok = read_place(request, journal.place); !ok) return std::unexpected(ok.error());
  if (auto ok = read_matches(request, journal.matches); !ok) return std::unexpected(ok.error());
  if (auto ok = read_start(request, now_ns, journal.start); !ok) return std::unexpected(ok.error());
  if (!why_no_name(plan.source.name).empty()) return invalid(plan.source.name, "--name", kNameFix);
  if (plan.source.name.starts_with("tap."))  // spec/tap.md
    return invalid(plan.source.name, "--name",
                   "Names that begin with tap. belong to tap: use another.");
  plan.source.kind = JournaldConfig{std::move(journal)};
  return plan;
}

}  // namespace plasmite
