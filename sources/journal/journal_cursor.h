// Positions in a journal: what the cursors of sd-journal say, taken apart. A cursor is a text such
// as
//   s=8f…;i=4a2;b=c9…;m=f4240;t=640b5eece0000;x=e90b0471636d143
// and names one entry; it is what a checkpoint holds. Thread-safety: free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plasmite {

inline constexpr size_t kMaxJournalCursorBytes = 384;  // what a checkpoint holds

// The 128 bits of an id as two numbers; its digits stand in this order.
struct JournalId {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const JournalId&) const = default;
};
std::optional<JournalId> parse_journal_id(std::string_view digits);  // exactly 32 hex digits

struct JournalCursor {
  JournalId seqnum_id;        // s=: which series of numbers
  uint64_t seqnum = 0;        // i=
  JournalId boot_id;          // b=
  uint64_t monotonic_us = 0;  // m=: since that boot
  uint64_t realtime_us = 0;   // t=: since 1970
  uint64_t xor_hash = 0;      // x=: of the fields

  // None: not the text of a cursor with all six parts. Unknown further parts are ignored, as
  // sd-journal does.
  static std::optional<JournalCursor> parse(std::string_view text);
  bool operator==(const JournalCursor&) const = default;
};

// Whether both name one entry. Not by its number: journald copies entries from /run to /var and
// numbers the copies anew.
bool is_same_entry(const JournalCursor& a, const JournalCursor& b);

// Whether sd-journal may put the two in either order.
bool is_tied(const JournalCursor& a, const JournalCursor& b);

// Whether `entry` came into the journal after `position` did. sd-journal orders by the clock where
// it knows no better, and so takes entries for old that were written after the clock had stepped
// back; an entry of the running boot is younger than any of another one.
bool is_later_entry(const JournalCursor& entry, const JournalCursor& position,
                    const JournalId& current_boot);

// Whether the entry has come just now, by the clock. Nobody should rely on it for more than speed
// or order: clocks are set.
bool is_just_written(const JournalCursor& entry);

// How many entries lie between the two; none: their numbers cannot be compared.
std::optional<uint64_t> entries_between(const JournalCursor& before, const JournalCursor& after);

}  // namespace plasmite
