// JournalReader: what sd-journal's order leaves out. Where a clock was set back, or several
// machines write into one folder, there may be entries that it takes for older than the position,
// although nobody has read them; and of entries that are written to two files at a time it may have
// passed over one. It is found in two ways. An entry that is not the next one of its series tells,
// and at the end the headers of the files do: each says how far it goes. What was left out is read
// from the files of its series alone, in which the numbers say it all.
#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "sources/journal/journal_reader.h"

namespace plasmite {

namespace {

// So that sd_journal_next() gives this entry of the series, or the one after it.
Result<void> seek_number(sd_journal* journal, const JournalId& series, uint64_t number) {
  std::array<char, 64> cursor{};
  std::snprintf(cursor.data(), cursor.size(), "s=%016llx%016llx;i=%llx",
                static_cast<unsigned long long>(series.high),
                static_cast<unsigned long long>(series.low),
                static_cast<unsigned long long>(number));
  if (const int result = sd_journal_seek_cursor(journal, cursor.data()); result < 0)
    return std::unexpected(journal_error(result, "cannot find the place in the journal"));
  return {};
}

}  // namespace

// After sd-journal's end. True: there is more, source() is ready to go on.
Result<bool> JournalReader::read_rest() {
  if (rest_) {
    rest_.reset();
    // It was on the way: skips_others() had found something.
    if (reading_.empty()) return true;
    for (const JournalFiles::Range& file : std::exchange(reading_, {}))
      series_.looked_in_vain(file);
  }
  if (!is_in_rest_) {
    if (!std::exchange(has_changed_, false)) return false;
    if (must_reopen_) {
      if (auto recovered = recover_unguarded(); !recovered)
        return std::unexpected(std::move(recovered.error()));
      return true;
    }
    auto again = begin_rest();
    if (!again || *again) return again;
  }
  while (!unread_.empty()) {
    auto opened = open_rest();
    if (!opened || *opened) return opened;
  }
  is_in_rest_ = false;
  series_.know_all(files_.ranges);
  move_to_newest();
  return false;
}

// True: sd-journal is to be asked once more before.
Result<bool> JournalReader::begin_rest() {
  newest_.reset();
  // What was there at the start, and was not wanted.
  for (const JournalFiles::Range& file : std::exchange(at_start_, {}))
    if (!series_.last_number(file.last.seqnum_id)) series_.note(file.last);
  const bool has_matches = !options_.matches.empty();
  if (has_matches) {
    auto newest = read_newest(Newest::unwanted, &newest_text_);
    if (!newest) return std::unexpected(newest.error());
    // So that every file is known in which something older may be.
    const bool is_invalid = sd_journal_process(journal_.get()) == SD_JOURNAL_INVALIDATE;
    if (auto placed = place_again(); !placed) return std::unexpected(placed.error());
    if (is_invalid) {
      // What has gone just now is looked for next, behind the position as it is.
      has_changed_ = must_look_for_loss_ = true;
      alone_.clear();
    } else {
      newest_ = *newest;
    }
  }
  auto files = look_at_journal_files(options_.place);
  if (files) files_ = std::move(*files);
  unread_ = series_.unread(files_.ranges);
  is_in_rest_ = true;
  // What has come since sd-journal's end is in its order still.
  return has_matches || !unread_.empty();
}

// The next series. False: there is nothing more in it by now.
Result<bool> JournalReader::open_rest() {
  reading_.clear();
  const JournalId series = unread_.front().first.seqnum_id;
  while (!unread_.empty() && unread_.front().first.seqnum_id == series) {
    reading_.push_back(std::move(unread_.front()));
    unread_.erase(unread_.begin());
  }
  if (std::ranges::all_of(reading_, [&](const auto& file) { return series_.has_read(file.last); }))
    return false;
  auto opened = open_series(series, series_.last_number(series).value_or(0));
  if (!opened) return std::unexpected(std::move(opened.error()));
  rest_ = std::move(*opened);
  rest_until_ = reading_.back().last.seqnum;
  return rest_ != nullptr;
}

// The files of one series, from the one with this number on, placed at it. Null: there are none.
Result<JournalHandle> JournalReader::open_series(const JournalId& series, uint64_t number) const {
  JournalPlace place{.kind = JournalPlace::Kind::files};
  for (const JournalFiles::Range& file : files_.ranges)
    if (file.first.seqnum_id == series && file.last.seqnum >= number)
      place.paths.push_back(file.path);
  if (place.paths.empty()) return JournalHandle();
  auto opened = open_journal(place, /*watched=*/false);
  if (!opened) return JournalHandle();  // they have just gone: whoever looks for losses will see
  if (auto used = expression_.add_to(opened->get()); !used) return std::unexpected(used.error());
  if (auto placed = seek_number(opened->get(), series, number); !placed)
    return std::unexpected(placed.error());
  return opened;
}

// Whether an entry comes with others of its series before it that were not read. If so, source()
// goes on with those. By value: what is looked at meanwhile takes cursor_'s place. Where the files
// as they were when somebody last looked do not have it, they are looked at anew: one may have come
// since, or been renamed, and each goes further by now.
Result<bool> JournalReader::skips_others(JournalCursor cursor) {
  const JournalId series = cursor.seqnum_id;
  const auto known = series_.last_number(series);
  // Of a series of which nothing is known, the start or the position decides what is read.
  const bool is_decided = !at_start_.empty() || series_.is_incomplete();
  if (rest_ || (!known && is_decided)) return false;
  const uint64_t last = known.value_or(0);
  if (cursor.seqnum <= last + 1) return false;
  for (const bool anew : {false, true}) {
    auto journal = alone(series, last, anew);
    if (!journal) return std::unexpected(std::move(journal.error()));
    if (!*journal) continue;
    if (auto placed = seek_number(*journal, series, last + 1); !placed)
      return std::unexpected(placed.error());
    const std::string text = cursor_text_;
    const bool is_there = sd_journal_next(*journal) > 0 && read_cursor(*journal);
    const uint64_t next = is_there ? cursor_.seqnum : 0;
    cursor_text_ = text;
    cursor_ = cursor;
    if (next == cursor.seqnum) return false;
    if (!is_there || next > cursor.seqnum) continue;
    auto opened = open_series(series, last);
    if (!opened) return std::unexpected(std::move(opened.error()));
    rest_ = std::move(*opened);
    reading_.clear();  // so that read_rest() goes back to where this has come from
    // In live files others go on meanwhile, and their turn is with it. In old ones there may be
    // many such places, and opening files costs more than order does.
    rest_until_ = is_just_written(cursor) ? cursor.seqnum : UINT64_MAX;
    if (rest_) return true;
  }
  return false;
}

// One that stays open, since in a journal of several users every other entry asks for it.
Result<sd_journal*> JournalReader::alone(const JournalId& series, uint64_t number, bool anew) {
  constexpr size_t kMost = 32;
  if (anew) {
    if (auto files = look_at_journal_files(options_.place)) files_ = std::move(*files);
    alone_.erase(series.high);
  }
  const auto found = alone_.find(series.high);
  if (found != alone_.end()) return found->second.get();
  if (alone_.size() == kMost) alone_.clear();
  auto opened = open_series(series, number);
  if (!opened) return std::unexpected(std::move(opened.error()));
  if (!*opened) return nullptr;
  return (alone_[series.high] = std::move(*opened)).get();
}

// With matches nothing else tells how far the journal has been looked through, and who resumed
// would do it again.
void JournalReader::move_to_newest() {
  const auto newest = std::exchange(newest_, std::nullopt);
  if (!newest || (!position_.empty() && !is_later_entry(*newest, last_, current_boot_))) return;
  cursor_ = *newest;
  cursor_text_ = newest_text_;
  missing_here_ = 0;
  settle();
}

}  // namespace plasmite
