// How people write what they want of a journal, on the command line and in a configuration. Pure
// functions; none: it cannot be meant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace plasmite {

// "err", "error", "3": 0 (emerg) to 7 (debug).
std::optional<uint8_t> parse_journal_priority(std::string_view text);

// "current", or the 32 hex digits of an id, in either case, with or without dashes: as
// JournalMatches has it.
std::optional<std::string> parse_journal_boot(std::string_view text);

// "FIELD=value". Of the field, what journald takes from programs: other names never occur.
std::optional<std::pair<std::string, std::string>> parse_journal_match(std::string_view text);

// NAME, "*" for all, or "+NAME" for it and the default one.
bool is_journal_namespace(std::string_view text);

// Patterns ("ssh*") are none.
bool is_journal_unit(std::string_view text);

}  // namespace plasmite
