#include "capture/own_terminal.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

namespace plasmite {
namespace {

// What a handler needs to put the terminal back; `active` is set last and cleared first.
struct Saved {
  volatile std::sig_atomic_t active = 0;
  int fd = -1;
  termios modes{};
};
Saved saved;

void put_back() {
  if (saved.active == 0) return;
  saved.active = 0;
  // Not waiting for output: a terminal that is stopped (Ctrl-S) must not hold up an end.
  (void)::tcsetattr(saved.fd, TCSANOW, &saved.modes);
}

void put_back_and_die(int signal) {
  put_back();
  (void)::raise(signal);  // the disposition is the default one again
}

struct sigaction pools_action;  // of SIGBUS

// The pool's handler mends a fault in its mapping; any other ends us when this returns.
void put_back_if_deadly(int signal, siginfo_t* info, void* context) {
  pools_action.sa_sigaction(signal, info, context);
  struct sigaction now{};
  if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) put_back();
}

bool is_ignored(int signal) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Neither bugs of ours nor signals that nobody expects must cost the user their terminal. Those
// that SignalWatch takes are blocked.
void guard_ways_out() {
  static const bool once = [] {
    (void)std::atexit(put_back);
    std::vector<int> deadly = {SIGABRT, SIGSEGV,   SIGILL,  SIGFPE,  SIGTRAP,   SIGSYS, SIGALRM,
                               SIGPROF, SIGVTALRM, SIGXCPU, SIGPOLL, SIGSTKFLT, SIGPWR};
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) deadly.push_back(signal);
    for (const int signal : deadly) {
      if (is_ignored(signal)) continue;
      struct sigaction action{};
      action.sa_handler = put_back_and_die;
      action.sa_flags = SA_RESETHAND | SA_NODEFER;
      (void)::sigaction(signal, &action, nullptr);
    }
    if (::sigaction(SIGBUS, nullptr, &pools_action) == 0 &&
        (pools_action.sa_flags & SA_SIGINFO) != 0) {
      struct sigaction action = pools_action;
      action.sa_sigaction = put_back_if_deadly;
      (void)::sigaction(SIGBUS, &action, nullptr);
    }
    return true;
  }();
  (void)once;
}

}  // namespace

OwnTerminal::OwnTerminal(int fd) : fd_(fd), is_terminal_(::isatty(fd) == 1) {}

OwnTerminal::~OwnTerminal() { restore(); }

bool OwnTerminal::in_foreground() const {
  if (!is_terminal_) return true;
  const pid_t foreground = ::tcgetpgrp(fd_);
  return foreground < 0 ? errno == ENOTTY || errno == EIO : foreground == ::getpgrp();
}

std::optional<termios> OwnTerminal::modes() const {
  termios modes{};
  if (!is_terminal_ || ::tcgetattr(fd_, &modes) != 0) return std::nullopt;
  return modes;
}

void OwnTerminal::enter_raw() {
  if (!is_terminal_) return;
  if (!in_foreground()) {
    // Whoever put us there has set modes of their own.
    saved.active = 0;
    raw_ = false;
    return;
  }
  if (!raw_) {
    const auto before = modes();
    if (!before) return;
    saved.fd = fd_;
    saved.modes = *before;
    guard_ways_out();
  }
  raw_ = true;
  saved.active = 1;
  termios raw = saved.modes;
  ::cfmakeraw(&raw);
  (void)::tcsetattr(fd_, TCSANOW, &raw);
}

void OwnTerminal::restore() {
  if (!raw_) return;
  raw_ = false;
  if (in_foreground()) {
    put_back();
  } else {
    saved.active = 0;
  }
}

winsize terminal_size() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) return size;
  }
  return {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
}

}  // namespace plasmite
