// Lines of text as records: {"kind":"line","line":"text","stream":"stdout"}, byte-exact.
//
// A line that ended in a plain LF (or, from a terminal, in CR LF) has these keys only. Others carry
// what it takes to get the exact bytes back, which are always: line_base64 decoded if there is one,
// else line; then, unless the record is a part and not the last, eol if there is one, else LF (from
// a terminal CR LF).
//   "eol"          what ended the line when it was not that: "\r\n", "\r" or, unterminated, ""
//   "line_base64"  the bytes, when they are not UTF-8; line then has U+FFFD where they are not
//   "part"         {"id":"…","n":0,"last":false}: the line is longer than a record may be and
//                  continues in the record with the same id and the next n
// Keys are in ascending order. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/append/appender.h"
#include "core/base/error.h"
#include "core/pool/record.h"
#include "core/record/json_text.h"
#include "sources/line_buffer.h"

namespace plasmite {

// The least that a record must be allowed to have.
inline constexpr size_t kMinTextLineRecordBytes = 512;

struct TextLinesOptions {
  std::string stream;                         // "stdout"; at most 64 bytes
  size_t max_record_bytes = kMaxRecordBytes;  // of JSON text, at least kMinTextLineRecordBytes
  const TagBlock* tags = nullptr;             // must outlive the batches; null: none
  // Makes part ids unique among all who write to the pool; at most 64 bytes.
  std::string part_id_prefix;
  // What comes from a terminal, which puts a CR before each LF: CR LF is the usual line end.
  bool from_terminal = false;
};

class TextLines {
 public:
  explicit TextLines(TextLinesOptions options);

  // Adds the record or records of one piece; commits whenever a batch is full.
  Result<void> add(const LineBuffer::Piece& piece, Appender& appender);

  // Adds everything `buffer` has and commits: what one fill() brought becomes visible. With
  // `at_end` the unterminated rest, too.
  Result<void> add_all(LineBuffer& buffer, Appender& appender, bool at_end);

  // No longer line fits a record: what a LineBuffer for these should take as its limit.
  size_t max_line_bytes() const { return max_text_bytes_; }

  // Lines begun so far; a line in parts counts once.
  uint64_t lines() const { return lines_; }

 private:
  struct Ending {
    bool in_parts = false;
    bool last = true;   // of the parts
    bool usual = true;  // eol need not be said
    std::string_view carriage_returns = {};
    bool newline = true;
  };

  Result<void> add_in_parts(std::string_view text, Ending ending, bool starts_line,
                            Appender& appender);
  Result<void> add_record(std::string_view text, const Ending& ending, Appender& appender);
  Result<void> append(std::string_view json, Appender& appender) const;
  bool ends_as_usual(std::string_view text) const;
  bool fits(std::string_view text) const;
  size_t part_bytes(std::string_view text) const;

  TextLinesOptions options_;
  size_t usual_carriage_returns_ = 0;
  std::string suffix_;       // from behind the text to the end of a record with the usual keys only
  std::string stream_tail_;  // the same after other keys
  size_t max_text_bytes_;    // what a record may have for the text, escaped
  uint64_t lines_ = 0;
  uint64_t long_lines_ = 0;
  uint64_t part_number_ = 0;
  std::string record_;  // reused where records are not built in place
};

}  // namespace plasmite
