#include <algorithm>
#include <optional>
#include <utility>

#include "agent/config/config_draft.h"
#include "agent/config/journal_values.h"
#include "agent/time_value.h"

namespace plasmite {
namespace {

constexpr int64_t kMicrosecondNs = 1000;

void read_place(TableReader& table, JournalPlace& place, const ConfigReading& reading) {
  using Kind = JournalPlace::Kind;
  const int given = table.has("namespace") + table.has("directory") + table.has("files");
  std::filesystem::path directory;
  if (table.read_path("directory", directory))
    place = {.kind = Kind::directory, .paths = {directory.string()}};
  std::vector<std::string> files;
  if (table.read_strings("files", files)) {
    if (files.empty() || std::ranges::count(files, "") > 0)
      table.problem("files", "must name files",
                    "List them, or leave the key out to read this machine's journal.");
    for (std::string& file : files) file = reading.absolute(file).string();
    place = {.kind = Kind::files, .paths = std::move(files)};
  }
  std::string name;
  if (table.read_string("namespace", name)) {
    if (!is_journal_namespace(name))
      table.problem("namespace", "is no name of a journal namespace",
                    "Use NAME, \"*\" for all, or \"+NAME\" for that and the default one.");
    place = {.kind = Kind::name_space, .paths = {}, .name_space = std::move(name)};
  }
  if (given > 1) {
    const char* last = table.has("files") ? "files" : "directory";
    table.problem(last,
                  "a source reads one place: namespace, directory and files exclude each other",
                  "Keep one of them, and make a source for each of the others.");
  }
}

void read_priority(TableReader& table, JournalMatches& matches) {
  std::string text;
  if (!table.read_text_of("priority", {TomlNode::Type::integer}, text)) return;
  matches.max_priority = parse_journal_priority(text);
  if (matches.max_priority) return;
  table.problem("priority", shown_value(text) + " is no priority",
                "Use emerg, alert, crit, err, warning, notice, info or debug, or 0 to 7: that and "
                "what is more urgent.");
}

void read_boot(TableReader& table, JournalMatches& matches) {
  std::string text;
  if (!table.read_string("boot", text)) return;
  if (auto boot = parse_journal_boot(text)) {
    matches.boot = std::move(*boot);
  } else {
    table.problem("boot", shown_value(text) + " is no boot",
                  "Use \"current\", or the 32 hex digits that `journalctl --list-boots` shows.");
  }
}

void read_fields(TableReader& table, JournalMatches& matches) {
  std::vector<std::string> texts;
  if (!table.read_strings("matches", texts)) return;
  for (const std::string& text : texts) {
    auto match = parse_journal_match(text);
    if (!match) {
      table.problem(
          "matches", shown_value(text) + " is no match",
          "Write \"FIELD=value\", the field in upper case: \"_UID=0\", \"MESSAGE_ID=…\".");
      continue;
    }
    matches.fields.push_back(std::move(*match));
  }
}

void read_names(TableReader& table, const char* key, std::vector<std::string>& out) {
  if (!table.read_strings(key, out)) return;
  if (std::ranges::count(out, "") > 0)
    table.problem(key, "has an empty name",
                  "Leave it out; without any name all entries are taken.");
}

void read_units(TableReader& table, JournalMatches& matches) {
  read_names(table, "units", matches.units);
  const auto is_pattern = [](const std::string& unit) {
    return unit.find_first_of("*?[") != std::string::npos;
  };
  if (std::ranges::any_of(matches.units, is_pattern))
    table.problem("units", "patterns are not known here", "List the units one by one.");
  if (std::ranges::any_of(matches.units,
                          [](const std::string& unit) { return unit.contains('/'); }))
    table.problem("units", "a unit has no `/` in its name",
                  "Use the name that `systemctl list-units` shows.");
}

// An age must stay one, so that a configuration that did not change compares equal on reload; what
// means another instant every day ("yesterday", "10:15") would not.
void read_since(TableReader& table, JournalStart& start, int64_t now_ns) {
  std::string text;
  if (!table.read_text_of("since", {TomlNode::Type::time}, text)) return;
  constexpr int64_t kLaterNs =
      (3 * 86400 + 1) * 1'000'000'000LL;  // no whole number of days, nor of hours
  const auto time = parse_since(text, now_ns);
  const auto later = parse_since(text, now_ns + kLaterNs);
  constexpr const char* kFix =
      "Use an age (30m, 2h, 7d; it counts from the start of the agent) or a time "
      "(2026-05-04T10:11:12Z).";
  if (!time || !later) {
    table.problem("since", shown_value(text) + " is no time", kFix);
  } else if (*time == *later) {
    start = {.kind = JournalStart::Kind::time, .time_us = *time / kMicrosecondNs};
  } else if (*later - *time == kLaterNs && *time <= now_ns) {
    start = {.kind = JournalStart::Kind::age, .age_us = (now_ns - *time) / kMicrosecondNs};
  } else if (*later - *time == kLaterNs) {
    table.problem("since", shown_value(text) + " is in the future", kFix);
  } else {
    table.problem("since", shown_value(text) + " is another time every day", kFix);
  }
}

void read_start(TableReader& table, JournalStart& start, const ConfigReading& reading) {
  using Kind = JournalStart::Kind;
  table.read_word<Kind>("start", {{"now", Kind::now}, {"oldest", Kind::oldest}}, start.kind);
  if (table.has("start") && table.has("since")) {
    table.problem("since", "start and since exclude each other", "Keep one of them.");
  }
  read_since(table, start, reading.surroundings.now_ns);
}

}  // namespace

void read_journald(TableReader& table, JournaldConfig& out, const ConfigReading& reading) {
  JournalMatches& matches = out.journal.matches;
  read_place(table, out.journal.place, reading);
  read_units(table, matches);
  read_names(table, "identifiers", matches.identifiers);
  read_priority(table, matches);
  read_boot(table, matches);
  read_fields(table, matches);
  read_start(table, out.journal.start, reading);
}

}  // namespace plasmite
