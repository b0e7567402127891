#include "agent/commands/tap_terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace plasmite {
namespace {

// What has no event is looked at this often: whether a child took the end of input and may ask
// again, and, in the background, whether we were brought to the foreground (shells do not tell a
// job that runs).
constexpr std::chrono::milliseconds kTick{200};

}  // namespace

Result<std::unique_ptr<TapTerminal>> TapTerminal::open() {
  const OwnTerminal own(STDIN_FILENO);
  // In the background the modes are somebody else's: a shell's, while it edits a line.
  auto pty = open_pty({.modes = own.in_foreground() ? own.modes() : std::nullopt,
                       .echo = own.is_terminal(),
                       .size = terminal_size()});
  if (!pty) return std::unexpected(std::move(pty.error()));
  UniqueFd output(::fcntl(pty->master.get(), F_DUPFD_CLOEXEC, 0));
  if (!output) return std::unexpected(errno_error(errno, "failed to open a pseudo-terminal"));
  return std::unique_ptr<TapTerminal>(new TapTerminal(std::move(*pty), std::move(output)));
}

TapTerminal::TapTerminal(Pty pty, UniqueFd output)
    : pty_(std::move(pty)),
      output_(std::move(output)),
      own_(STDIN_FILENO),
      input_(STDIN_FILENO, pty_) {}

void TapTerminal::hand_over() {
  own_.enter_raw();
  follow_size();  // in the background nobody told us of changes
  keys_ = own_.in_foreground() ? Keys::child : Keys::others;
}

void TapTerminal::child_ended() {
  own_.restore();
  keys_ = Keys::nobody;
  pty_.slave.reset();  // now the end of the output can be seen
}

pollfd TapTerminal::input_event() const {
  if (keys_ != Keys::child) return {.fd = -1, .events = 0, .revents = 0};
  return input_.wanted();
}

std::optional<std::chrono::milliseconds> TapTerminal::input_timeout() const {
  if (keys_ == Keys::others || (keys_ == Keys::child && input_.at_end())) return kTick;
  return std::nullopt;
}

void TapTerminal::serve_input(bool ready) {
  if (ready && keys_ == Keys::child) {
    if (own_.in_foreground()) return input_.serve();
    keys_ = Keys::others;
  }
  if (!input_timeout()) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + kTick;
  if (keys_ == Keys::child) input_.look_after_end();
  if (keys_ == Keys::others && own_.in_foreground()) hand_over();
}

}  // namespace plasmite
