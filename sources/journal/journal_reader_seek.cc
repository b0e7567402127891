// JournalReader: finding the place to read from.
#include <utility>

#include "sources/journal/journal_entry_fields.h"
#include "sources/journal/journal_fault_guard.h"
#include "sources/journal/journal_reader.h"

namespace plasmite {

namespace {

// How many entries of exactly one time are looked through for the one that a cursor names.
constexpr int kMaxTies = 4096;

std::unexpected<Error> seek_failed(int result) {
  return std::unexpected(journal_error(result, "cannot find the place in the journal"));
}

}  // namespace

Result<void> JournalReader::start() {
  if (options_.start.kind == JournalStart::Kind::time) return start_at_time();
  if (options_.start.kind == JournalStart::Kind::now) {
    std::string text;
    auto newest = read_newest(Newest::any, &text);
    if (!newest) return std::unexpected(newest.error());
    // The newest is one of them, but in which order sd-journal has the others is its own affair.
    for (const JournalFiles::Range& file : files_.ranges)
      if (!series_.has_read(file.last)) series_.note(file.last);
    if (*newest) {
      position_ = text;
      last_ = **newest;
      if (!series_.has_read(last_)) series_.note(last_);
      auto placed = place_behind(position_, last_);
      if (!placed) return std::unexpected(placed.error());
      return {};
    }
  }
  if (const int result = sd_journal_seek_head(journal_.get()); result < 0)
    return seek_failed(result);
  return {};
}

// sd-journal bisects by time even where the clock was set back, and then may find nothing although
// there is something: then all entries are looked at.
Result<void> JournalReader::start_at_time() {
  const auto wanted = static_cast<uint64_t>(options_.start.time_us);
  const auto seek = [&] { return sd_journal_seek_realtime_usec(journal_.get(), wanted); };
  if (const int result = seek(); result < 0) return seek_failed(result);
  auto first = peek();
  if (!first) return std::unexpected(first.error());
  not_before_us_ = wanted;
  at_start_ = files_.ranges;
  const int result = *first ? seek() : sd_journal_seek_head(journal_.get());
  if (result < 0) return seek_failed(result);
  return {};
}

Result<void> JournalReader::resume() {
  suspicious_ = true;
  if (auto looked = look_for_loss(); !looked) return looked;
  return place_again();
}

// The position's entry may be gone, and what came after it, too. All of this is found out without
// matches, which would hide it.
Result<void> JournalReader::look_for_loss() {
  sd_journal_flush_matches(journal_.get());
  // A file that has just come is none that is missing.
  if (sd_journal_process(journal_.get()) == SD_JOURNAL_INVALIDATE) {
    has_changed_ = true;
    alone_.clear();
  }
  auto found = place_behind(position_, last_);
  if (!found) return std::unexpected(found.error());
  std::optional<JournalCursor> follower;
  do {
    auto next = peek();
    if (!next) return std::unexpected(next.error());
    follower = *next;
  } while (follower && (series_.has_read(*follower) || is_copy(*follower)));
  const auto missing = follower ? missing_before(*follower) : std::nullopt;
  bool is_gone = *found != Found::same && missing != 0;
  // What is gone behind the position would not be seen with matches.
  if (follower && !options_.matches.empty()) {
    if (missing.value_or(0) > 0 && is_head(*follower)) is_gone = true;
    if (is_gone) gone_count_ = missing;
  }
  is_gone_ = is_gone_ || is_gone;
  return use_matches();
}

// So that sd_journal_next() gives what follows the cursor's entry; `neighbour`: that is not there,
// and the next one is what came after it. Never skips an entry that is not the cursor's own
// (systemd#38912). Entries of the same microsecond may come before it.
Result<JournalReader::Found> JournalReader::place_behind(const std::string& cursor,
                                                         const JournalCursor& parsed) {
  const auto seek = [&] { return sd_journal_seek_cursor(journal_.get(), cursor.c_str()); };
  if (const int result = seek(); result < 0) return seek_failed(result);
  Found found = Found::nothing;
  for (int looked = 0; looked < kMaxTies; ++looked) {
    auto entry = peek();
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) break;
    if (is_same_entry(**entry, parsed)) {
      if (!series_.has_read(**entry)) series_.note(**entry);  // it may have been numbered anew
      return Found::same;
    }
    found = Found::neighbour;
    if (!is_tied(**entry, parsed)) break;
  }
  if (const int result = seek(); result < 0) return seek_failed(result);
  return found;
}

// Behind the position, or where the start is.
Result<void> JournalReader::place_again() {
  rest_.reset();
  is_in_rest_ = false;
  if (position_.empty()) {
    if (options_.start.kind == JournalStart::Kind::time) return start_at_time();
    // Also `now`, if there was nothing then.
    const int result = sd_journal_seek_head(journal_.get());
    if (result < 0) return seek_failed(result);
    return {};
  }
  auto placed = place_behind(position_, last_);
  if (!placed) return std::unexpected(placed.error());
  return {};
}

// One step forward. An entry whose place cannot be read is passed over.
Result<std::optional<JournalCursor>> JournalReader::peek() {
  for (;;) {
    const int moved = sd_journal_next(journal_.get());
    if (moved < 0) return seek_failed(moved);
    if (moved == 0 || JournalFaultGuard::faulted()) return std::nullopt;
    if (read_cursor(journal_.get())) return cursor_;
  }
}

// Matching or not. sd-journal stands anywhere after it. `unwanted`: none if it matches. journald
// adds an entry to the list of all first and then to those of what matches, so that whoever goes by
// matches may come to it only later.
Result<std::optional<JournalCursor>> JournalReader::read_newest(Newest which, std::string* text) {
  sd_journal_flush_matches(journal_.get());
  if (const int result = sd_journal_seek_tail(journal_.get()); result < 0)
    return seek_failed(result);
  std::optional<JournalCursor> newest;
  for (;;) {
    const int moved = sd_journal_previous(journal_.get());
    if (moved < 0) return seek_failed(moved);
    if (moved == 0 || JournalFaultGuard::faulted()) break;
    if (!read_cursor(journal_.get())) continue;
    EntryFields fields(journal_.get());
    if (which == Newest::unwanted && expression_.may_hold(fields)) break;
    *text = cursor_text_;
    newest = cursor_;
    break;
  }
  if (auto used = use_matches(); !used) return std::unexpected(used.error());
  return newest;
}

}  // namespace plasmite
