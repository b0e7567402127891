#include "sources/journal/journal_cursor.h"

namespace plasmite {

namespace {

// The value of a hex digit, or 16 and more.
uint8_t hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint8_t>(c - 'A' + 10);
  return 16;
}

std::optional<uint64_t> parse_hex(std::string_view digits) {
  if (digits.empty() || digits.size() > 16) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    const uint8_t digit = hex_value(c);
    if (digit > 15) return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}

bool assign(uint64_t& to, std::string_view digits) {
  const auto value = parse_hex(digits);
  if (value) to = *value;
  return value.has_value();
}

bool assign(JournalId& to, std::string_view digits) {
  const auto id = parse_journal_id(digits);
  if (id) to = *id;
  return id.has_value();
}

// False: the value is not what this part holds.
bool take_part(JournalCursor& cursor, char name, std::string_view value, unsigned& seen) {
  static constexpr std::string_view kNames = "sibmtx";
  const size_t at = kNames.find(name);
  if (at == kNames.npos) return true;
  const unsigned bit = 1u << at;
  if ((seen & bit) != 0) return false;
  seen |= bit;
  switch (name) {
    case 's':
      return assign(cursor.seqnum_id, value);
    case 'i':
      return assign(cursor.seqnum, value);
    case 'b':
      return assign(cursor.boot_id, value);
    case 'm':
      return assign(cursor.monotonic_us, value);
    case 't':
      return assign(cursor.realtime_us, value);
    default:
      return assign(cursor.xor_hash, value);
  }
}

}  // namespace

std::optional<JournalId> parse_journal_id(std::string_view digits) {
  if (digits.size() != 32) return std::nullopt;
  const auto high = parse_hex(digits.substr(0, 16));
  const auto low = parse_hex(digits.substr(16));
  if (!high || !low) return std::nullopt;
  return JournalId{.high = *high, .low = *low};
}

std::optional<JournalCursor> JournalCursor::parse(std::string_view text) {
  constexpr unsigned kAllParts = 0x3f;
  if (text.size() > kMaxJournalCursorBytes) return std::nullopt;
  JournalCursor cursor;
  unsigned seen = 0;
  while (!text.empty()) {
    const size_t semicolon = text.find(';');
    const std::string_view part = text.substr(0, semicolon);
    text.remove_prefix(semicolon == text.npos ? text.size() : semicolon + 1);
    if (part.size() < 2 || part[1] != '=') return std::nullopt;
    if (!take_part(cursor, part[0], part.substr(2), seen)) return std::nullopt;
  }
  if (seen != kAllParts) return std::nullopt;
  return cursor;
}

bool is_same_entry(const JournalCursor& a, const JournalCursor& b) {
  return a.boot_id == b.boot_id && a.monotonic_us == b.monotonic_us &&
         a.realtime_us == b.realtime_us && a.xor_hash == b.xor_hash;
}

bool is_later_entry(const JournalCursor& entry, const JournalCursor& position,
                    const JournalId& current_boot) {
  if (is_same_entry(entry, position)) return false;
  if ((entry.boot_id == current_boot) != (position.boot_id == current_boot))
    return entry.boot_id == current_boot;
  if (entry.seqnum_id == position.seqnum_id) return entry.seqnum > position.seqnum;
  if (entry.boot_id == position.boot_id) return entry.monotonic_us > position.monotonic_us;
  return entry.realtime_us > position.realtime_us;
}

std::optional<uint64_t> entries_between(const JournalCursor& before, const JournalCursor& after) {
  if (before.seqnum_id != after.seqnum_id || after.seqnum <= before.seqnum) return std::nullopt;
  return after.seqnum - before.seqnum - 1;
}

}  // namespace plasmite
