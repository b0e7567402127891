// Reads a journal entry by entry, from a stored position or a configured start on, each exactly
// once, and knows what it could not have: entries that were deleted before it came to them. Never
// blocks; wait with poll(2) on fd() and call process() after each time. sd-journal does the
// reading. What this class adds are the cases in which sd-journal alone would lose entries, repeat
// them or fall silent; each is described where it is dealt with. Not thread-safe, and all calls
// must come from one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/record/json_text.h"
#include "sources/journal/journal_cursor.h"
#include "sources/journal/journal_encoder.h"
#include "sources/journal/journal_files.h"
#include "sources/journal/journal_handle.h"
#include "sources/journal/journal_options.h"

namespace plasmite {

// Entries that are missing right before the entry that next() returned.
struct JournalGap {
  std::string_view reason;        // "retention": deleted; "damage": not readable
  std::optional<uint64_t> count;  // none: nobody can know
  std::string from, to;           // cursors; from may be empty
};

struct JournalReaderSettings {
  size_t max_record_bytes = kMaxRecordBytes;
  OwnLog own_log = {};
  // Learns of files that come and go. Without, it reads what is there when it opens, and is closed
  // sooner: the kernel takes 15 ms to end a watch.
  bool watched = true;
  // For tests: a boot that is taken for the running one. None: the real one, of this machine's
  // journals.
  std::optional<JournalId> current_boot = {};
};

class JournalReader {
 public:
  enum class Step : uint8_t {
    entry,       // text(), entry_time_ns(), take_gap()
    own_log,     // an entry that we have written ourselves; passed over
    unreadable,  // an entry that cannot be read; passed over
    oversize,    // an entry that does not fit into a record; passed over
    end,         // nothing more for now
    failed,      // error(); recover() before anything else
  };

  // Permission, NotFound, Corrupt: nothing to read. Usage: matches that cannot be.
  static Result<std::unique_ptr<JournalReader>> open(JournalOptions options,
                                                     JournalReaderSettings settings);
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;
  ~JournalReader();

  // Once, before next(): goes behind the stored position, or if that is empty to the configured
  // start.
  Result<void> begin(std::string_view stored);
  Step next();

  JsonText text() const { return encoder_.text(); }  // until the next call
  int64_t entry_time_ns() const { return static_cast<int64_t>(last_.realtime_us) * 1000; }
  std::optional<JournalGap> take_gap();
  // The cursor of the last entry that was returned or passed over; what a checkpoint is to hold.
  // Empty: none.
  const std::string& position() const { return position_; }
  // The same before the entry that next() returned, until the next call.
  const std::string& position_before() const { return cursor_text_; }
  // A gap is to be told of with the next entry; until then the position must not be stored.
  bool owes_gap() const { return is_gone_ || is_garbled_; }
  const Error& error() const { return *error_; }
  // After Step::failed: opens the journal anew and goes behind position().
  Result<void> recover();

  // With matches, nothing tells how far the journal has been looked through. newest() is the cursor
  // of the newest entry, matching or not, empty if there is none; if next() says `end` right after
  // that, everything up to there has been seen, and move_to() makes it the position. False:
  // position() is further already.
  Result<std::string> newest();
  Result<bool> move_to(const std::string& newest);

  int fd() const;
  short events() const;
  // Until when to wait at most, in CLOCK_MONOTONIC microseconds; none: for ever.
  std::optional<uint64_t> deadline_us() const;
  // Takes in what has happened to files and folders. True: something may be there to read.
  Result<bool> process();

  const JournalFiles& files() const { return files_; }

 private:
  enum class Found : uint8_t { same, neighbour, nothing };
  struct Tracked {
    JournalId seqnum_id;
    uint64_t seqnum;
  };

  JournalReader(JournalOptions options, JournalReaderSettings settings);
  Result<void> open_handle();
  Result<void> use_matches();

  Result<void> recover_unguarded();
  Result<void> start();
  Result<void> start_at_time();
  Result<void> resume();
  Result<bool> is_out_of_order(const std::optional<JournalCursor>& follower);
  Result<Found> place_behind(const std::string& cursor, const JournalCursor& parsed);
  Result<void> place_again();
  Result<std::optional<JournalCursor>> peek();
  Result<std::optional<JournalCursor>> read_newest(std::string* text = nullptr);
  Result<std::optional<JournalCursor>> read_newest_of_all(std::string* text = nullptr);

  Step advance();
  Step at_end();
  bool read_cursor();
  bool is_unwanted(const JournalCursor& cursor);
  std::optional<uint64_t> missing_before(const JournalCursor& cursor) const;
  bool is_head(const JournalCursor& cursor) const;
  bool may_hide_others(const JournalCursor& cursor) const;
  Result<void> look_again();
  Step encode();
  void settle();
  void note_gap();
  void track(const JournalCursor& cursor);
  const Tracked* tracked(const JournalId& seqnum_id) const;
  Step fail(Error error);

  const JournalOptions options_;
  const JournalReaderSettings settings_;
  JournalId current_boot_;  // zeros: of no interest here
  JournalFiles files_;
  unsigned roots_ = 0;  // which of the machine's journal folders were there
  JournalHandle journal_;
  JournalEncoder encoder_;

  std::string position_;
  JournalCursor last_;       // the same, taken apart
  std::string cursor_text_;  // of the entry under examination
  JournalCursor cursor_;
  std::vector<Tracked> tracked_;  // the newest number of each series; at most kMaxTracked

  std::optional<JournalCursor>
      scan_behind_;                        // looks through everything for what is later than this
  std::optional<uint64_t> not_before_us_;  // until the first such entry
  bool passed_over_ = false;               // sd-journal stands behind entries that were not wanted
  bool has_changed_ = false;               // process() said so since the last end
  bool suspicious_ = false;                // files went away: a jump in the numbers is a loss
  bool looked_again_ = false;              // for others before the entry ahead
  std::optional<JournalCursor> seen_newest_;  // with matches: how far all was there when we did
  bool has_entry_ = false;                    // advance() has come to one, cursor_...
  uint64_t missing_here_ = 0;                 // ...before which this many numbers are left out
  uint64_t missing_ = 0;     // numbers left out since files went away, not told of yet
  bool is_gone_ = false;     // the position resumed from is not there any more
  bool is_garbled_ = false;  // the position stored is none
  std::optional<JournalGap> gap_;
  std::optional<Error> error_;
};

}  // namespace plasmite
