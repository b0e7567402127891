#include "capture/pty_input.h"

#include <unistd.h>

#include <cerrno>

namespace plasmite {

pollfd PtyInput::wanted() const {
  if (!pending_.empty()) return {.fd = pty_.master.get(), .events = POLLOUT, .revents = 0};
  return {.fd = at_end_ ? -1 : from_, .events = POLLIN, .revents = 0};
}

void PtyInput::serve() {
  if (pending_.empty() && !at_end_) take();
  if (!pending_.empty()) put();
}

void PtyInput::take() {
  const ssize_t got = ::read(from_, buffer_.data(), buffer_.size());
  if (got > 0) {
    pending_ = {buffer_.data(), static_cast<size_t>(got)};
    last_ = pending_.back();
    return;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  at_end_ = true;  // also of a terminal that was hung up
  type_end();
}

void PtyInput::put() {
  const ssize_t written = ::write(pty_.master.get(), pending_.data(), pending_.size());
  if (written > 0) pending_.remove_prefix(static_cast<size_t>(written));
}

void PtyInput::type_end() {
  termios modes{};
  if (::tcgetattr(pty_.master.get(), &modes) != 0) return;
  const bool by_line = (modes.c_lflag & ICANON) != 0;
  // In the middle of a line the first one only hands over what was typed of it.
  const size_t count = by_line && last_ != '\n' ? 2 : 1;
  buffer_[0] = buffer_[1] = static_cast<char>(modes.c_cc[VEOF]);
  pending_ = {buffer_.data(), count};
  last_ = '\n';
}

void PtyInput::look_after_end() {
  if (!at_end_ || !pending_.empty()) return;
  termios modes{};
  if (::tcgetattr(pty_.master.get(), &modes) != 0 || (modes.c_lflag & ICANON) == 0) return;
  pollfd unread{.fd = pty_.slave.get(), .events = POLLIN, .revents = 0};
  if (!pty_.slave || ::poll(&unread, 1, 0) != 0) return;
  type_end();
  put();
}

}  // namespace plasmite
