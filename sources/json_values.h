// JSON values that no line ends separate: pretty-printed, concatenated, or as a JSON text sequence
// (RFC 7464). A record is stored as soon as its closing bracket was seen, whatever follows.
//
// The records, good and bad, are the same however the input was cut into reads. Each byte is looked
// at once, and no more than one record is held. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/record/json_text.h"
#include "sources/json_scanner.h"
#include "sources/record_intake.h"

namespace plasmite {

enum class ValueRule : uint8_t {
  one,        // the whole input is one value, stored when nothing but white space has followed
  many,       // values follow each other, with white space or nothing between
  separated,  // in front of each there is an RS (0x1E); the first may do without
};

inline constexpr char kRecordSeparator = '\x1E';

// With skip, a value that is broken costs what follows up to the next RS, and without separators
// all the rest: there is no telling where the next value begins. One that is too long or refused
// costs itself only.
class JsonValues {
 public:
  // `offset`: of the first pushed byte in the input. The intake must outlive this.
  JsonValues(RecordIntake& intake, ValueRule rule, uint64_t offset);

  // The bytes must stay where they are until the next commit. After an error nothing may follow.
  Result<void> push(PaddedText bytes);
  // The input has ended. A last value that is not closed is a bad record.
  Result<void> finish();

 private:
  enum class State : uint8_t {
    between,   // a value may begin
    in_value,  // its beginning is in held_ or at value_begin_
    too_long,  // rejected, but its end matters: the next value follows it
    ended,     // a value has ended; white space or a separator may follow
    let_go,    // broken: nothing matters up to the next separator
  };

  Result<void> begin(std::string_view bytes);
  Result<void> go_on(PaddedText bytes);
  Result<void> end_value(PaddedText bytes);
  Result<void> break_off(std::string_view text);
  State after_value() const;
  std::string_view text_until(std::string_view bytes, size_t end);

  RecordIntake& intake_;
  ValueRule rule_;
  State state_ = State::between;
  JsonScanner scanner_;
  uint64_t offset_;          // of the first byte of what is being pushed
  size_t at_ = 0;            // what is looked at, in what is being pushed
  size_t value_begin_ = 0;   // there, too: of the value, or of the part of it that is not held
  RecordPosition value_at_;  // of the value in the input
  std::string held_;         // what earlier pushes had of the value
};

}  // namespace plasmite
