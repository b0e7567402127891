// One of a tapped command's output streams. Every byte read is stored first and passed on after
// that; while our own output is blocked nothing is read, so that the pipe fills and the command
// waits, as it would without us. Thread-safety: none.
#pragma once

#include <poll.h>

#include <cstdint>
#include <optional>

#include "agent/commands/tap_records.h"
#include "agent/commands/tap_store.h"
#include "capture/passthrough.h"
#include "core/base/unique_fd.h"
#include "sources/line_buffer.h"
#include "sources/text_lines.h"

namespace plasmite {

struct CapturedStreamOptions {
  UniqueFd pipe;    // non-blocking
  int onward_fd;    // where the bytes are passed on to; -1: nowhere
  TapStore& store;  // must outlive the stream
  TextLinesOptions lines;
};

class CapturedStream {
 public:
  explicit CapturedStream(CapturedStreamOptions options);

  // What to wait for before the next serve(); no descriptor: nothing.
  pollfd wanted() const;
  // Goes on reading, or passing on.
  void serve();

  // Reads what is there, as far as it can be passed on.
  void read_what_is_there();
  // The end, whoever else still writes: stores what is there, the unterminated rest, too. What
  // nobody takes at once is not passed on.
  void finish();

  bool is_open() const { return static_cast<bool>(pipe_); }
  // Whether it left the cursor of a terminal behind text.
  bool ends_in_shown_text() const { return ends_in_shown_text_; }
  bool is_passed_on() const { return onward_.pending().empty(); }
  StreamTotals totals() const { return {.bytes = bytes_, .lines = lines_.lines()}; }
  // The first failure to pass on.
  const std::optional<Error>& error() const { return onward_.error(); }

 private:
  bool read();

  UniqueFd pipe_;  // closed when the stream is at its end
  TapStore& store_;
  TextLines lines_;
  LineBuffer buffer_;
  Passthrough onward_;
  bool to_terminal_;
  bool ends_in_shown_text_ = false;
  uint64_t bytes_ = 0;
};

}  // namespace plasmite
