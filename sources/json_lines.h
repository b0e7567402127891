// JSON Lines to records: each line that is not blank is one JSON object. Lines are validated where
// they were read and go to the appender without a copy. A CR before the LF is no part of the
// record, a last line without LF is one, and blank lines are passed over.
//
// Joining lines, a record may also span them: a line that begins an object or array without ending
// it waits for the lines that do, unless it cannot become valid any more. What a record that never
// ends had swallowed is not lost: from the first line on that stands where records begin (indented
// no more than the bad one) its lines are taken again. The rest of a broken record, up to the next
// line of that kind, belongs to it and is let go with it; so does the rest of one that is too long.
// Bytes are looked at once, and once more for each nested container that a broken record began.
//
// The records, good and bad, are the same however the input was cut into reads. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/record/json_text.h"
#include "sources/json_scanner.h"
#include "sources/line_buffer.h"
#include "sources/record_intake.h"

namespace plasmite {

class JsonLines {
 public:
  // The intake must outlive this.
  JsonLines(RecordIntake& intake, bool joins_lines) : intake_(intake), joins_(joins_lines) {}

  // The pieces of a LineBuffer, in order, with the position of their line; they must stay where
  // they are until the next commit. After an error nothing may follow.
  Result<void> take(const LineBuffer::Piece& piece, RecordPosition at);
  // The input has ended: a record that waits for more lines is a bad one.
  Result<void> finish();

  // Gives away the lines that wait, as they came (empty: none), and forgets them.
  struct Waiting {
    std::string text;
    uint64_t offset;  // of its first byte in the input
  };
  Waiting take_waiting();

  // The bytes that joining has looked at so far: what its cost grows with.
  uint64_t bytes_scanned() const { return bytes_scanned_; }

 private:
  enum class State : uint8_t {
    between,   // the next line begins a record
    waiting,   // a record spans lines and has not ended: it is what text_ holds from record_ on
    too_long,  // the same, but it was rejected: only its end matters
    broken,    // a broken record: lines are let go up to one that may begin the next
  };

  Result<void> take_line(std::string_view line, RecordPosition at);
  Result<void> take_part(const LineBuffer::Piece& piece, RecordPosition at);
  Result<void> judge_part(std::string_view part, bool starts_line, RecordPosition at);
  Result<void> begin_oversized(std::string_view part, RecordPosition at);
  void end_long_line();

  Result<void> join(std::string_view line, RecordPosition at);
  Result<void> take_joined();
  Result<void> begin_joined(std::string_view line);
  Result<void> go_on_joined(std::string_view line);
  Result<void> give_up(size_t end);
  void keep_record_only();
  JsonScanner::State scan_line(std::string_view line);
  bool may_begin_record(std::string_view line) const;
  RecordPosition record_position() const;

  RecordIntake& intake_;
  const bool joins_;
  State state_ = State::between;
  bool part_done_ = false;  // of a line in parts: what is left of it does not matter
  JsonScanner scanner_;
  size_t indent_ = 0;  // of the first line of the record
  uint64_t bytes_scanned_ = 0;

  // The lines being joined, as they came, each with an LF; empty most of the time.
  struct Place {
    size_t index = 0;   // in text_
    uint64_t line = 0;  // in the input; 0: none
  };
  std::string text_;
  uint64_t text_offset_ = 0;  // of text_ in the input
  Place record_;              // the record that waits
  Place restart_;             // its first line, after the first, that may begin a record
  Place next_;                // the first line not taken yet
};

}  // namespace plasmite
