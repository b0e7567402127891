// Server-sent events (WHATWG HTML, 9.2.6) out of bytes: lines end in CR, LF or CRLF, a blank line
// dispatches, the data lines of an event are joined with LF. A CR ends its line at once; an LF
// after it is swallowed when it comes. The byte order mark in front of everything is the reader's
// business.
//
// The events are the same however the input was cut into reads. Of a line only what matters is
// held, so memory is bounded by the limit for data, whatever comes in. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "sources/record_intake.h"

namespace plasmite {

class EventStream {
 public:
  struct Event {
    std::string_view data;
    std::string_view type;  // empty: the event has none
    RecordPosition at;      // of its first data line
    // The data exceed the limit: handed out when it is passed, with one byte more than it. The rest
    // of the event is let go.
    bool oversized;
  };
  // Valid during the call. An error ends push(), and nothing may follow it.
  using OnEvent = std::function<Result<void>(const Event&)>;

  // An id or a type longer than this is as good as none.
  static constexpr size_t kMaxFieldBytes = 4096;

  // `begin`: where the first pushed byte stands in the input.
  EventStream(size_t max_data_bytes, RecordPosition begin, OnEvent on_event);

  Result<void> push(std::string_view bytes);
  // The input ended as it should: a last line without end is a line, and what was not dispatched
  // is. (A connection that broke is not finished: then the standard wants both dropped.)
  Result<void> finish();

  // To resume with: of the last event with an id, also one without data; may be empty.
  const std::string& last_event_id() const { return last_event_id_; }
  // What the stream asked for last, in milliseconds.
  std::optional<uint64_t> retry_ms() const { return retry_ms_; }

 private:
  enum class Field : uint8_t { none, data, event, id, retry };  // none: comments and unknown names

  Result<void> take_part(std::string_view part);
  Result<void> end_name();
  Result<void> append_value(std::string_view part);
  Result<void> append_data(std::string_view part);
  Result<void> end_line();
  Result<void> dispatch();
  Result<void> hand_out(bool oversized);

  size_t max_data_bytes_;
  OnEvent on_event_;

  // The line under way.
  RecordPosition line_at_;
  uint64_t offset_;             // of what is being pushed
  bool blank_ = true;           // nothing of it yet
  bool in_name_ = true;         // no colon yet
  bool space_allowed_ = false;  // one space after the colon is no part of the value
  bool swallow_lf_ = false;     // the line before ended in a CR
  std::string name_;
  Field field_ = Field::none;
  std::string value_;  // of any field but data

  // The event under way.
  std::string data_;
  std::string type_;
  RecordPosition data_at_;
  bool has_data_ = false;
  bool oversized_ = false;

  std::string last_event_id_;
  std::optional<uint64_t> retry_ms_;
};

}  // namespace plasmite
