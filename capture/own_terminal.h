// The terminal that we were started on, while its keys belong to a child on a pseudo-terminal: raw,
// so that every key reaches the child's terminal unchanged, and put back on every way out, also by
// exit(), abort() and a fault. (Only SIGKILL leaves it raw.)
//
// Modes are touched only while we are in the terminal's foreground: in the background they belong
// to somebody else. At most one object per process is raw at a time. Thread-safety: none.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <optional>

namespace plasmite {

class OwnTerminal {
 public:
  // `fd` stays the caller's. Not a terminal: nothing is ever done.
  explicit OwnTerminal(int fd);
  OwnTerminal(const OwnTerminal&) = delete;
  OwnTerminal& operator=(const OwnTerminal&) = delete;
  ~OwnTerminal();

  bool is_terminal() const { return is_terminal_; }
  // Also where there is no job control, or no terminal (any more: then it is at its end).
  bool in_foreground() const;

  std::optional<termios> modes() const;

  // Again after a stop: the modes may have been changed meanwhile. Does nothing in the background.
  void enter_raw();
  void restore();

 private:
  int fd_;
  bool is_terminal_;
  bool raw_ = false;
};

// Of the first standard stream that is a terminal and knows it; else 24 rows of 80.
winsize terminal_size();

}  // namespace plasmite
