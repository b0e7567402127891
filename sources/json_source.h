// JSON from a descriptor into a pool, in any framing: reads, finds the framing where that is asked
// for, and hands the bytes to it. What one read(2) returned is one batch. A UTF-8 byte order mark
// at the very beginning is no part of the input. Memory stays bounded whatever comes in. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "core/append/appender.h"
#include "core/base/error.h"
#include "sources/event_stream.h"
#include "sources/framing.h"
#include "sources/json_lines.h"
#include "sources/json_values.h"
#include "sources/line_buffer.h"
#include "sources/record_intake.h"

namespace plasmite {

class JsonSource {
 public:
  // The appender must outlive this, and nobody else may use it meanwhile.
  JsonSource(Appender& appender, Framing framing, IntakeOptions options);
  JsonSource(const JsonSource&) = delete;
  JsonSource& operator=(const JsonSource&) = delete;

  enum class Progress : uint8_t {
    data,   // something was read, and what was complete is stored
    end,    // the input has ended, and everything is stored
    again,  // EAGAIN or EINTR: nothing to read right now
  };
  // One read(2) from any kind of descriptor. After an error everything before the bad record is
  // stored, and pump() must not be called again. Errors: those of RecordIntake::reject() with
  // OnBadRecord::stop; with either those of the pool and of reading, as they are.
  Result<Progress> pump(int fd);

  uint64_t records() const { return intake_.records(); }  // good and bad; blank ones are none
  uint64_t failed() const { return intake_.failed(); }    // those left out by OnBadRecord::skip

 private:
  Result<void> take_read(bool at_end);
  bool pass_byte_order_mark(bool at_end);
  void begin(Framing framing);
  Result<void> push_unread(bool at_end);
  Result<void> take_lines(JsonLines& lines, bool at_end);
  Result<void> take_whole_lines(JsonLines& lines, uint64_t until_offset);
  std::optional<uint64_t> line_with_separator() const;
  Result<void> become_sequence(JsonLines& lines, uint64_t line_offset, bool at_end);
  Result<void> take_event(const EventStream::Event& event);

  RecordIntake intake_;
  LineBuffer buffer_;
  Framing framing_;
  bool begun_ = false;            // the byte order mark is behind us
  bool may_be_sequence_ = false;  // detected lines, which a record separator would prove wrong
  std::variant<std::monostate, JsonLines, JsonValues, EventStream> framer_;
};

}  // namespace plasmite
