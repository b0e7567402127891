// The two terminals of a tap --pty: the child's, a pseudo-terminal, and the one that tap itself was
// started on, if any, which is raw while the child has it. Keys and size go from ours to the
// child's; what the child prints is read by the session like any other stream.
// Thread-safety: none.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "capture/own_terminal.h"
#include "capture/pty.h"
#include "capture/pty_input.h"
#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class TapTerminal {
 public:
  // The child's terminal gets the modes and the size of ours.
  static Result<std::unique_ptr<TapTerminal>> open();

  // For the child's spawn.
  int child_side() const { return pty_.slave.get(); }
  // What the child prints, non-blocking; to be taken once.
  UniqueFd take_output() { return std::move(output_); }

  // True when somebody sits in front of us, who may stop and continue us.
  bool is_interactive() const { return own_.is_terminal(); }

  // From here on our terminal is the child's: at the start, and after every stop.
  void hand_over();
  // Our terminal as it was: before a stop.
  void take_back() { own_.restore(); }
  // For good; only output is still to come.
  void child_ended();

  void follow_size() { resize_pty(pty_, terminal_size()); }

  // What the input waits for (no descriptor: nothing), and for how long at most.
  pollfd input_event() const;
  std::optional<std::chrono::milliseconds> input_timeout() const;
  // To be called after every wait; `ready`: the event came.
  void serve_input(bool ready);

 private:
  TapTerminal(Pty pty, UniqueFd output);

  Pty pty_;
  UniqueFd output_;
  OwnTerminal own_;
  PtyInput input_;
  // Whose the input is: `others` while we are a job in the background.
  enum class Keys : uint8_t { nobody, others, child } keys_ = Keys::nobody;
  std::chrono::steady_clock::time_point next_look_{};  // see kTick
};

}  // namespace plasmite
