#include "sources/journal/journal_cursor.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace plasmite {

namespace {

constexpr uint8_t kNoDigit = 16;
constexpr std::array<uint8_t, 256> kHexValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (uint8_t i = 0; i < 10; ++i) values[static_cast<uint8_t>('0' + i)] = i;
  for (uint8_t i = 0; i < 6; ++i)
    values[static_cast<uint8_t>('a' + i)] = values[static_cast<uint8_t>('A' + i)] =
        static_cast<uint8_t>(10 + i);
  return values;
}();

std::optional<uint64_t> parse_hex(std::string_view digits) {
  if (digits.empty() || digits.size() > 16) return std::nullopt;
  uint64_t value = 0;
  uint8_t seen = 0;  // the bits of all
  for (const char c : digits) {
    const uint8_t digit = kHexValues[static_cast<uint8_t>(c)];
    seen |= digit;
    value = value << 4 | digit;
  }
  if ((seen & kNoDigit) != 0) return std::nullopt;
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

enum Part : uint8_t { kSeries = 1, kNumber = 2, kBoot = 4, kMonotonic = 8, kTime = 16, kHash = 32 };
constexpr unsigned kAllParts = 63;

// False: it was there before, or the value is not what it holds.
template <class T>
bool take(T& to, std::string_view value, Part part, unsigned& seen) {
  if ((seen & part) != 0) return false;
  seen |= part;
  return assign(to, value);
}

bool take_part(JournalCursor& cursor, char name, std::string_view value, unsigned& seen) {
  switch (name) {
    case 's':
      return take(cursor.seqnum_id, value, kSeries, seen);
    case 'i':
      return take(cursor.seqnum, value, kNumber, seen);
    case 'b':
      return take(cursor.boot_id, value, kBoot, seen);
    case 'm':
      return take(cursor.monotonic_us, value, kMonotonic, seen);
    case 't':
      return take(cursor.realtime_us, value, kTime, seen);
    case 'x':
      return take(cursor.xor_hash, value, kHash, seen);
    default:
      return true;
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

bool is_tied(const JournalCursor& a, const JournalCursor& b) {
  return a.realtime_us == b.realtime_us ||
         (a.boot_id == b.boot_id && a.monotonic_us == b.monotonic_us);
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

bool is_just_written(const JournalCursor& entry) {
  constexpr uint64_t kRecentlyUs = 5'000'000;
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto now_us = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count());
  return std::max(now_us, entry.realtime_us) - std::min(now_us, entry.realtime_us) < kRecentlyUs;
}

std::optional<uint64_t> entries_between(const JournalCursor& before, const JournalCursor& after) {
  if (before.seqnum_id != after.seqnum_id || after.seqnum <= before.seqnum) return std::nullopt;
  return after.seqnum - before.seqnum - 1;
}

}  // namespace plasmite
