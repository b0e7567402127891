// Reads a journal entry by entry, from a stored position or a configured start on, each exactly
// once, and knows what it could not have: entries that were deleted before it came to them. Never
// blocks; wait with poll(2) on fd() and call process() after each time. sd-journal does the
// reading. What this class adds are the cases in which sd-journal alone would lose entries, repeat
// them or fall silent; each is described where it is dealt with. Not thread-safe, and all calls
// must come from one thread.
#pragma once

#include <cstdint>
#include <map>
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
#include "sources/journal/journal_matches.h"
#include "sources/journal/journal_options.h"
#include "sources/journal/journal_series.h"

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

  // Once, before next(): goes on where the checkpoint says, or if that is empty at the configured
  // start.
  Result<void> begin(std::string_view checkpoint);
  Step next();

  JsonText text() const { return encoder_.text(); }  // until the next call
  int64_t entry_time_ns() const { return static_cast<int64_t>(last_.realtime_us) * 1000; }
  std::optional<JournalGap> take_gap();
  // The cursor of the last entry that was returned or passed over, empty if there was none. With
  // matches it also moves at the end, to the newest entry there is.
  const std::string& position() const { return position_; }
  // What is to be stored with everything that was returned so far; or with that before the entry
  // which next() has just returned. Empty: nothing yet.
  std::string checkpoint() const { return series_.checkpoint(position_); }
  std::string checkpoint_before() const { return series_.checkpoint_before_last(cursor_text_); }
  // A gap is to be told of with the next entry; until then the position must not be stored.
  bool owes_gap() const { return is_gone_ || is_garbled_; }
  const Error& error() const { return *error_; }
  // After Step::failed: opens the journal anew and goes behind position().
  Result<void> recover();

  int fd() const;
  short events() const;
  // Until when to wait at most, in CLOCK_MONOTONIC microseconds; none: for ever.
  std::optional<uint64_t> deadline_us() const;
  // Takes in what has happened to files and folders. True: something may be there to read.
  Result<bool> process();
  // Nobody tells when a folder or a file that was named is there anew: call process() now and then.
  // Files are not watched at all, because sd-journal closes one that is renamed, read or not.
  bool is_told_of_all() const {
    return options_.place.kind != JournalPlace::Kind::directory &&
           options_.place.kind != JournalPlace::Kind::files;
  }

  const JournalFiles& files() const { return files_; }

 private:
  enum class Found : uint8_t { same, neighbour, nothing };
  enum class Newest : uint8_t { any, unwanted };

  JournalReader(JournalOptions options, JournalReaderSettings settings);
  Result<void> open_handle();
  Result<void> use_matches();
  bool is_watched() const {
    return settings_.watched && options_.place.kind != JournalPlace::Kind::files;
  }
  sd_journal* source() const { return rest_ ? rest_.get() : journal_.get(); }

  Result<void> recover_unguarded();
  Result<void> start();
  Result<void> start_at_time();
  Result<void> resume();
  Result<void> look_for_loss();
  Result<Found> place_behind(const std::string& cursor, const JournalCursor& parsed);
  Result<void> place_again();
  Result<std::optional<JournalCursor>> peek();
  Result<std::optional<JournalCursor>> read_newest(Newest which, std::string* text);

  Step advance();
  Step at_end();
  bool read_cursor(sd_journal* journal);
  bool is_unwanted(const JournalCursor& cursor);
  bool is_copy(const JournalCursor& cursor) const;
  std::optional<uint64_t> missing_before(const JournalCursor& cursor) const;
  uint64_t elsewhere_between(uint64_t before, uint64_t number) const;
  bool is_head(const JournalCursor& cursor) const;
  Result<void> look_again();
  Step encode();
  void settle();
  void note_gap();
  Step fail(Error error);

  Result<bool> read_rest();
  Result<bool> begin_rest();
  Result<bool> open_rest();
  void move_to_newest();
  Result<bool> skips_others(JournalCursor cursor);
  Result<sd_journal*> alone(const JournalId& series, uint64_t number, bool anew);
  Result<JournalHandle> open_series(const JournalId& series, uint64_t number) const;

  const JournalOptions options_;
  const JournalReaderSettings settings_;
  JournalExpression expression_;
  JournalId current_boot_;  // zeros: of no interest here
  JournalFiles files_;
  std::vector<uint64_t> places_;  // which folders and files that are named were there
  JournalHandle journal_;
  JournalEncoder encoder_;

  std::string position_;
  JournalCursor last_;       // the same, taken apart
  std::string cursor_text_;  // of the entry under examination
  JournalCursor cursor_;
  JournalSeries series_;                  // what was read
  std::optional<JournalCursor> flushed_;  // what journald copies from /run to /var is not later

  std::optional<uint64_t> not_before_us_;      // until the first such entry
  std::vector<JournalFiles::Range> at_start_;  // the files there were then
  bool must_look_for_loss_ = false;            // with matches: files came or went
  bool must_reopen_ = false;                   // files came or went since journal_ was opened
  bool has_changed_ = true;                    // process() said so since the last end
  bool suspicious_ = false;                    // files went away: a jump in the numbers is a loss
  bool looked_again_ = false;                  // for others before the entry ahead
  bool has_entry_ = false;                     // advance() has come to one, cursor_...
  bool is_jump_known_ = true;                  // ...and the one before it could be read
  uint64_t missing_here_ = 0;                  // ...before which this many numbers are left out
  uint64_t missing_ = 0;                // numbers left out since files went away, not told of yet
  std::optional<uint64_t> gone_count_;  // with matches: entries that are gone
  bool is_gone_ = false;                // the position resumed from is not there any more
  bool is_garbled_ = false;             // the position stored is none
  std::optional<JournalGap> gap_;
  std::optional<Error> error_;

  // journal_reader_rest.cc
  bool is_in_rest_ = false;
  std::vector<JournalFiles::Range> unread_;   // files that are still to be read
  std::vector<JournalFiles::Range> reading_;  // those that rest_ has open
  JournalHandle rest_;
  uint64_t rest_until_ = 0;  // the last number that is read from it
  std::map<uint64_t, JournalHandle>
      alone_;                // the files of one series, to look what comes next in it
  std::string newest_text_;  // with matches: everything up to here has been seen at the end
  std::optional<JournalCursor> newest_;
};

}  // namespace plasmite
