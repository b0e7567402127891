// Types into a pseudo-terminal what arrives on a descriptor: every byte as it is, then the end of
// file. Never blocks, and holds no more than one read's worth: when the child does not read,
// neither do we.
//
// A pipe's end stays; a terminal's end of file is a key (VEOF) that answers one read. So it is
// typed again whenever the child has taken it: a child that asks twice must not hang.
// Thread-safety: none.
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "capture/pty.h"

namespace plasmite {

class PtyInput {
 public:
  // Both must outlive this and stay where they are.
  PtyInput(int from, const Pty& pty) : from_(from), pty_(pty) {}

  // What to wait for before the next serve(); no descriptor: nothing.
  pollfd wanted() const;
  void serve();

  // True from the end of input on: look_after_end() wants to be called from time to time.
  bool at_end() const { return at_end_; }
  void look_after_end();

 private:
  void take();
  void put();
  void type_end();

  int from_;
  const Pty& pty_;
  std::array<char, 4096> buffer_;
  std::string_view pending_;
  char last_ = '\n';
  bool at_end_ = false;
};

}  // namespace plasmite
