// Turns the signals a wrapper passes on into events that poll(2) sees: they are blocked while a
// SignalWatch lives and read from its descriptor. Create it before the child, so that a signal in
// between waits instead of being lost, and start the child with previous_mask().
//
// Signals that are ignored at creation (nohup, a shell's background job) stay so, for the child,
// too. Thread-safety: none; for programs whose other threads, if any, have these signals blocked as
// well.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

struct ReceivedSignal {
  int number;
  // Sent by the kernel: a key on the terminal or its hang-up. Every process of the group got it.
  bool from_terminal;
};

// TERM, INT, HUP and QUIT ask for an end; USR1 and USR2 do not.
bool is_stop_signal(int number);
// False for those that only say what became of a terminal or a child.
bool is_request(int number);

// Each has what the ones before it have.
enum class WatchedSignals : uint8_t {
  requests,     // TERM, INT, HUP, QUIT, USR1 and USR2
  job_control,  // TSTP, CONT and CHLD, for a child in a group of its own
  terminal,     // WINCH, for a child on a pseudo-terminal
};

class SignalWatch {
 public:
  static Result<SignalWatch> create(WatchedSignals watched = WatchedSignals::requests);
  SignalWatch(SignalWatch&& other) noexcept;
  SignalWatch& operator=(SignalWatch&&) = delete;
  // Restores the mask. Signals that were not taken are dropped: what they were meant for is over.
  ~SignalWatch();

  int fd() const { return fd_.get(); }
  const sigset_t& previous_mask() const { return previous_mask_; }

  // Lets SIGTSTP stop us at once: alone, or with our whole process group, as the key on a terminal
  // would. Returns when we are continued (and SIGCONT can be taken): true. False: nothing stopped
  // us, because it is ignored or nobody could continue us (an orphaned process group). To be called
  // with SIGCONT watched.
  bool stop_self();
  bool stop_own_group();

  // The next signal, none when there is none now. Never blocks.
  std::optional<ReceivedSignal> take();

 private:
  SignalWatch() = default;
  static bool stop(pid_t whom);

  UniqueFd fd_;
  sigset_t previous_mask_{};
};

}  // namespace plasmite
