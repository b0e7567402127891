#include "capture/signal_watch.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

namespace plasmite {
namespace {

constexpr std::initializer_list<int> kWatched = {SIGTERM, SIGINT,  SIGHUP,
                                                 SIGQUIT, SIGUSR1, SIGUSR2};

bool is_ignored(int number) {
  struct sigaction action{};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

bool is_stop_signal(int number) {
  return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
}

bool is_request(int number) { return number != SIGCONT && number != SIGWINCH && number != SIGCHLD; }

Result<SignalWatch> SignalWatch::create(WatchedSignals wanted) {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int number : kWatched) {
    if (!is_ignored(number)) sigaddset(&watched, number);
  }
  if (wanted >= WatchedSignals::job_control) {
    if (!is_ignored(SIGTSTP)) sigaddset(&watched, SIGTSTP);
    // Blocked signals arrive also where they are ignored.
    for (const int number : {SIGCONT, SIGCHLD}) sigaddset(&watched, number);
  }
  if (wanted >= WatchedSignals::terminal) sigaddset(&watched, SIGWINCH);
  SignalWatch watch;
  watch.fd_ = UniqueFd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!watch.fd_) return std::unexpected(errno_error(errno, "failed to watch for signals"));
  ::pthread_sigmask(SIG_BLOCK, &watched, &watch.previous_mask_);
  return watch;
}

SignalWatch::SignalWatch(SignalWatch&& other) noexcept
    : fd_(std::move(other.fd_)), previous_mask_(other.previous_mask_) {}

SignalWatch::~SignalWatch() {
  if (!fd_) return;
  while (take()) {
  }
  ::pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
}

bool SignalWatch::stop_self() { return stop(::getpid()); }

bool SignalWatch::stop_own_group() { return stop(0); }

bool SignalWatch::stop(pid_t whom) {
  if (is_ignored(SIGTSTP)) return false;
  sigset_t stop, before, pending;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  // One that waits meanwhile means this stop: it must not stop us a second time.
  constexpr timespec kNow{};
  while (::sigtimedwait(&stop, nullptr, &kNow) > 0) {
  }
  ::pthread_sigmask(SIG_UNBLOCK, &stop, &before);
  (void)::kill(whom, SIGTSTP);  // stops us in here
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  sigpending(&pending);
  return sigismember(&pending, SIGCONT) == 1;
}

std::optional<ReceivedSignal> SignalWatch::take() {
  signalfd_siginfo info;
  ssize_t got;
  do {
    got = ::read(fd_.get(), &info, sizeof(info));
  } while (got < 0 && errno == EINTR);
  if (got != sizeof(info)) return std::nullopt;
  return ReceivedSignal{.number = static_cast<int>(info.ssi_signo),
                        .from_terminal = info.ssi_code == SI_KERNEL};
}

}  // namespace plasmite
