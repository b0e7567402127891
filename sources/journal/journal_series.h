// How far a journal has been read, series by series. journald numbers the entries of a file, and
// the files that follow it by rotation go on with its numbers and its id: within such a series the
// number alone says whether an entry was read. sd-journal's own order is no help where a clock was
// set back or several machines write into one folder: it compares by number within a series and
// else by clocks, so that a may come before b, b before c, and c before a.
//
// Part of a checkpoint, behind the cursor, as one more part that sd-journal ignores:
//   ;p=8f0a1b2c3d.4a2,77120e9a01.1f+
// Of each other series the first 10 digits of the id and the last number read, in hex, and of the
// position's own if it is not the last that was read of it; "+": there are more that have files,
// which did not fit. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sources/journal/journal_cursor.h"
#include "sources/journal/journal_files.h"

namespace plasmite {

class JournalSeries {
 public:
  // The cursor of a checkpoint, without the rest.
  static std::string_view cursor_of(std::string_view checkpoint);

  // Goes on where the checkpoint was. `position` is its cursor. If it does not say all, entries of
  // series that it does not name count as read unless they are later than the position.
  void load(std::string_view checkpoint, const JournalCursor& position,
            const JournalId& current_boot);
  // The checkpoint for the position that the cursor is, at most kMaxJournalCursorBytes. The other
  // one is as if the last entry had not been noted.
  std::string checkpoint(const std::string& cursor) const { return checkpoint(cursor, false); }
  std::string checkpoint_before_last(const std::string& cursor) const {
    return checkpoint(cursor, true);
  }

  // This one, and all before it in its series, were read.
  void note(const JournalCursor& entry);
  bool has_read(const JournalCursor& entry) const;
  // Whether it is the one right after the last that was noted, in the same series.
  bool is_next(const JournalCursor& entry) const {
    return last_known_ && key_of(entry.seqnum_id) == last_key_ &&
           entry.seqnum == last_known_->last.seqnum + 1;
  }
  // The number that was read last of this series; none: none was.
  std::optional<uint64_t> last_number(const JournalId& seqnum_id) const;

  // The files that are there. Series without any need not have room in a checkpoint.
  void see(const std::vector<JournalFiles::Range>& files);
  // The files in which there is more than was read, those of a series next to each other.
  std::vector<JournalFiles::Range> unread(const std::vector<JournalFiles::Range>& files);
  // Whether of some series nothing is known but that the position is later.
  bool is_incomplete() const { return others_behind_.has_value(); }
  // Everything that is in the files was read: nothing is unknown any more.
  void know_all(const std::vector<JournalFiles::Range>& files);
  // There was no more in it. The last entry of a file may be about to be written, and so this is
  // believed the second time.
  void looked_in_vain(const JournalFiles::Range& file);

 private:
  using Key = uint64_t;
  struct Known {
    JournalCursor last;     // times only if it was read since the start
    uint64_t noted_at = 0;  // counts: the larger, the later
  };
  struct Vain {
    uint64_t seqnum = 0;
    int times = 0;
  };

  static Key key_of(const JournalId& seqnum_id) { return seqnum_id.high >> 24; }
  const Known* find(const JournalId& seqnum_id) const;
  bool is_behind(const JournalCursor& entry) const;
  bool is_unread(const JournalFiles::Range& file) const;
  void forget_vanished();
  std::string checkpoint(const std::string& cursor, bool without_last) const;

  std::unordered_map<Key, Known> known_;
  std::unordered_map<Key, Vain> vain_;
  std::unordered_set<Key> there_;               // that have files, when somebody last looked
  std::optional<JournalCursor> others_behind_;  // what is not later was read, of unknown series
  JournalId current_boot_;
  uint64_t notes_ = 0;
  Key last_key_ = 0;                       // of the last note...
  Known* last_known_ = nullptr;            // ...what is known of its series...
  std::optional<uint64_t> number_before_;  // ...and the number that was known before it
};

}  // namespace plasmite
