// Captured lines on a terminal: text and its colours, but nothing else that a terminal acts on.
// Printable text, TAB and SGR sequences (ESC [ digits ; : m) pass; everything else is escaped as in
// terminal_text.h. Colours left open by a line are closed at its end. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "sinks/text_writer.h"

namespace plasmite {

class TerminalLines final : public LineRenderer {
 public:
  // Closes the colours that `bytes` left open.
  void append_text(std::string& out, std::string_view bytes) override;
  // Carriage returns before the line feed are part of it; others are shown.
  void append_end(std::string& out, std::string_view eol) override;

  // The cursor is behind text that no line feed followed.
  bool in_line() const { return in_line_; }
  void line_was_ended() { in_line_ = false; }

 private:
  bool in_line_ = false;
};

}  // namespace plasmite
