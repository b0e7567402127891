#include "sources/journal/journal_matches.h"

#include <systemd/sd-id128.h>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "sources/journal/journal_cursor.h"
#include "sources/journal/journal_handle.h"

namespace plasmite {

namespace {

// As journalctl(1) describes --unit: what the unit says, and what is said of it by those who may.
void match_unit(JournalExpression& match, const std::string& unit) {
  match.term("_SYSTEMD_UNIT", unit).either();
  match.term("_PID", "1").term("UNIT", unit).either();
  match.term("_UID", "0").term("OBJECT_SYSTEMD_UNIT", unit).either();
  match
      .term("MESSAGE_ID", "fc2e22bc6ee647b6b90729ab34a250b1")  // SD_MESSAGE_COREDUMP
      .term("_UID", "0")
      .term("COREDUMP_UNIT", unit)
      .either();
  if (unit.ends_with(".slice")) match.term("_SYSTEMD_SLICE", unit).either();
}

Result<std::string> boot_digits(const std::string& boot) {
  if (boot != "current") {
    if (parse_journal_id(boot)) return boot;
    return std::unexpected(Error(ErrorKind::Usage, "not the id of a boot: " + boot)
                               .with_hint("Use current, or the 32 hex digits that journalctl "
                                          "--list-boots shows."));
  }
  sd_id128_t id;
  char digits[SD_ID128_STRING_MAX];
  if (const int result = sd_id128_get_boot(&id); result < 0)
    return std::unexpected(journal_error(result, "cannot find out the current boot"));
  return std::string(sd_id128_to_string(id, digits));
}

Result<void> check_field(const std::string& name) {
  const bool good = !name.empty() && name.size() <= 64 && !name.starts_with("__") &&
                    (name[0] < '0' || name[0] > '9') && std::ranges::all_of(name, [](char c) {
                      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                    });
  if (good) return {};
  return std::unexpected(Error(ErrorKind::Usage, "not the name of a journal field: " + name)
                             .with_hint("Names are of capital letters, digits and '_', such as "
                                        "_SYSTEMD_UNIT."));
}

Result<void> add_fields(JournalExpression& match, const JournalMatches& matches) {
  for (const auto& [name, value] : matches.fields) {
    if (auto good = check_field(name); !good) return good;
    match.term(name, value);
  }
  match.both();
  return {};
}

}  // namespace

Result<std::string> journal_unit_name(std::string_view unit) {
  static constexpr std::array<std::string_view, 11> kSuffixes{
      ".service", ".socket", ".target", ".device", ".mount", ".automount",
      ".swap",    ".timer",  ".path",   ".slice",  ".scope"};
  const bool good = !unit.empty() && unit.size() < 256 &&
                    std::ranges::all_of(
                        unit,
                        [](char c) {
                          return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                 (c >= '0' && c <= '9') || std::string_view("@:-_.\\").contains(c);
                        });
  if (!good)
    return std::unexpected(
        Error(ErrorKind::Usage, "not the name of a unit: " + std::string(unit))
            .with_hint("Give the name that systemctl shows, such as nginx.service; patterns are "
                       "not possible."));
  const bool has_suffix = std::ranges::any_of(
      kSuffixes, [&](std::string_view suffix) { return unit.ends_with(suffix); });
  return std::string(unit) + (has_suffix ? "" : ".service");
}

Result<JournalExpression> JournalExpression::create(const JournalMatches& matches) {
  JournalExpression match;
  for (const std::string& unit : matches.units) {
    auto name = journal_unit_name(unit);
    if (!name) return std::unexpected(name.error());
    match_unit(match, *name);
  }
  match.both();
  for (const std::string& identifier : matches.identifiers)
    match.term("SYSLOG_IDENTIFIER", identifier);
  match.both();
  for (int priority = 0; matches.max_priority && priority <= *matches.max_priority; ++priority)
    match.term("PRIORITY", std::to_string(priority));
  match.both();
  if (!matches.boot.empty()) {
    auto boot = boot_digits(matches.boot);
    if (!boot) return std::unexpected(boot.error());
    match.term("_BOOT_ID", *boot);
  }
  match.both();
  if (auto added = add_fields(match, matches); !added) return std::unexpected(added.error());
  return match;
}

JournalExpression& JournalExpression::term(std::string_view name, std::string_view value) {
  parts_.back().back().push_back(
      {.name = std::string(name), .text = std::string(name) + "=" + std::string(value)});
  return *this;
}

void JournalExpression::either() { parts_.back().emplace_back(); }
void JournalExpression::both() { parts_.emplace_back(1); }

Result<void> JournalExpression::add_to(sd_journal* journal) const {
  int result = 0;
  const auto keep = [&](int each) { result = std::min(result, each); };
  for (const Part& part : parts_) {
    for (const Branch& branch : part) {
      for (const Term& term : branch)
        keep(sd_journal_add_match(journal, term.text.data(), term.text.size()));
      keep(sd_journal_add_disjunction(journal));
    }
    keep(sd_journal_add_conjunction(journal));
  }
  if (result >= 0) return {};
  return std::unexpected(journal_error(result, "the journal refuses a match"));
}

bool JournalExpression::may_hold(JournalFields& fields) const {
  std::unordered_set<std::string> there;
  std::string_view field;
  int got = 0;
  fields.restart();
  while ((got = fields.next(field)) > 0) there.emplace(field);
  if (got < 0) return true;
  const auto holds = [&](const Branch& branch) {
    return std::ranges::all_of(branch, [&](const Term& term) {
      return std::ranges::any_of(branch, [&](const Term& other) {
        return other.name == term.name && there.contains(other.text);
      });
    });
  };
  // Nothing was said of an empty branch, and only a part of empty ones leaves everything open.
  return std::ranges::all_of(parts_, [&](const Part& part) {
    return std::ranges::all_of(part, &Branch::empty) ||
           std::ranges::any_of(
               part, [&](const Branch& branch) { return !branch.empty() && holds(branch); });
  });
}

}  // namespace plasmite
