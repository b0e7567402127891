// A pseudo-terminal: what a child takes for its terminal, and the side from which we play the
// person in front of it. Thread-safety: none.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <optional>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

struct Pty {
  UniqueFd master;  // ours, non-blocking
  // The child's. While we hold it, too, a child that closes its streams and opens them again later
  // is not taken for one that ended.
  UniqueFd slave;
};

struct PtyOptions {
  std::optional<termios> modes = std::nullopt;  // none: the kernel's
  bool echo = false;                            // without modes: true when somebody types
  winsize size{};
};

Result<Pty> open_pty(const PtyOptions& options);

// Tells the foreground group, too (SIGWINCH), when the size is another one.
void resize_pty(const Pty& pty, const winsize& size);

}  // namespace plasmite
