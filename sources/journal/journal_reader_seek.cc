// JournalReader: finding the place to read from.
#include <utility>

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
    auto newest = read_newest_of_all(&text);
    if (!newest) return std::unexpected(newest.error());
    if (*newest) {
      position_ = text;
      last_ = **newest;
      track(last_);
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
  const int result = *first ? seek() : sd_journal_seek_head(journal_.get());
  if (result < 0) return seek_failed(result);
  return {};
}

// The cursor's entry may be gone, and what came after it, too. All of this is found out without
// matches, which would hide it.
Result<void> JournalReader::resume() {
  suspicious_ = true;
  sd_journal_flush_matches(journal_.get());
  auto found = place_behind(position_, last_);
  if (!found) return std::unexpected(found.error());
  auto follower = peek();
  if (!follower) return std::unexpected(follower.error());
  is_gone_ = *found != Found::same;
  if (*follower && missing_before(**follower) == 0) is_gone_ = false;
  // What is gone behind the position would not be seen with matches.
  if (*follower && !options_.matches.empty() && missing_before(**follower) > 0u &&
      is_head(**follower))
    is_gone_ = true;
  auto out_of_order = is_out_of_order(*follower);
  if (!out_of_order) return std::unexpected(out_of_order.error());
  if (*out_of_order) scan_behind_ = last_;
  if (auto used = use_matches(); !used) return used;
  return place_again();
}

// sd-journal orders entries by their numbers, and where these are of different series by the clock.
// After a clock was set back across a reboot (systemd#6213), or when a new boot began to count
// below an older one, what was written since the position may lie before it, and would never be
// seen.
Result<bool> JournalReader::is_out_of_order(const std::optional<JournalCursor>& follower) {
  if (!follower) {
    auto newest = read_newest();
    if (!newest) return std::unexpected(newest.error());
    if (*newest && is_later_entry(**newest, last_, current_boot_)) return true;
  }
  if (current_boot_ == JournalId{} || last_.boot_id == current_boot_) return false;
  sd_id128_t boot;
  for (size_t i = 0; i < 8; ++i) {
    boot.bytes[i] = static_cast<uint8_t>(current_boot_.high >> (56 - 8 * i));
    boot.bytes[i + 8] = static_cast<uint8_t>(current_boot_.low >> (56 - 8 * i));
  }
  if (const int result = sd_journal_seek_monotonic_usec(journal_.get(), boot, 0); result < 0)
    return seek_failed(result);
  auto first = peek();
  if (!first) return std::unexpected(first.error());
  if (!*first || (*first)->boot_id != current_boot_) return false;
  return (*first)->seqnum_id == last_.seqnum_id ? (*first)->seqnum <= last_.seqnum
                                                : (*first)->realtime_us <= last_.realtime_us;
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
      track(**entry);  // it may have been numbered anew
      return Found::same;
    }
    found = Found::neighbour;
    if (!is_tied(**entry, parsed)) break;
  }
  if (const int result = seek(); result < 0) return seek_failed(result);
  return found;
}

// Behind the position, or where a scan or the start is.
Result<void> JournalReader::place_again() {
  if (position_.empty() && options_.start.kind == JournalStart::Kind::time) return start_at_time();
  // Also `now`, if there was nothing then.
  if (position_.empty() || (scan_behind_ && is_same_entry(*scan_behind_, last_))) {
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
    if (moved == 0) return std::nullopt;
    if (read_cursor()) return cursor_;
  }
}

Result<std::optional<JournalCursor>> JournalReader::read_newest(std::string* text) {
  if (const int result = sd_journal_seek_tail(journal_.get()); result < 0)
    return seek_failed(result);
  for (;;) {
    const int moved = sd_journal_previous(journal_.get());
    if (moved < 0) return seek_failed(moved);
    if (moved == 0) return std::nullopt;
    if (!read_cursor()) continue;
    if (text) *text = cursor_text_;
    return cursor_;
  }
}

// Matching or not. sd-journal stands anywhere after it.
Result<std::optional<JournalCursor>> JournalReader::read_newest_of_all(std::string* text) {
  sd_journal_flush_matches(journal_.get());
  auto newest = read_newest(text);
  if (!newest) return newest;
  if (auto used = use_matches(); !used) return std::unexpected(used.error());
  return newest;
}

Result<std::string> JournalReader::newest() {
  const JournalFaultGuard guard;
  std::string text;
  auto newest = read_newest_of_all(&text);
  if (!newest) return std::unexpected(newest.error());
  if (auto placed = place_again(); !placed) return std::unexpected(placed.error());
  // So that next() knows every file that was there then.
  if (const int result = sd_journal_process(journal_.get()); result == SD_JOURNAL_INVALIDATE)
    suspicious_ = true;
  if (guard.faulted())
    return std::unexpected(Error(ErrorKind::Corrupt, "a journal file was truncated"));
  return text;
}

Result<bool> JournalReader::move_to(const std::string& newest) {
  const auto parsed = JournalCursor::parse(newest);
  if (!parsed) return false;
  if (!position_.empty() && !is_later_entry(*parsed, last_, current_boot_)) return false;
  const JournalFaultGuard guard;
  position_ = newest;
  last_ = *parsed;
  track(last_);
  if (auto placed = place_again(); !placed) return std::unexpected(placed.error());
  if (guard.faulted())
    return std::unexpected(Error(ErrorKind::Corrupt, "a journal file was truncated"));
  return true;
}

}  // namespace plasmite
