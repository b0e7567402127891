#include "capture/process_guard.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

namespace plasmite {
namespace {

// A guard has nothing to do at its end that takes time, but it may be stopped.
constexpr int kEndsWithinMs = 2000;

// What the guard knows. A message is the number of a group that has begun, or its negative: taken
// back.
class Groups {
 public:
  void note(pid_t said) {
    if (said >= -1 && said <= 1) return;  // kill(2) would take them for everybody, or for us
    const auto place = std::ranges::find(numbers_, said > 0 ? kFree : -said);
    if (place != numbers_.end()) *place = said > 0 ? said : kFree;
  }
  // A number whose group has ended meanwhile is nobody's: numbers come again only after all others.
  void kill_all() const {
    for (const pid_t group : numbers_)
      if (group != kFree) (void)::kill(-group, SIGKILL);
  }

 private:
  static constexpr pid_t kFree = 0;
  std::array<pid_t, ProcessGuard::kMostGroups> numbers_{};
};

// False: whoever had the other side is gone, and has said all.
bool receive(int socket, pid_t& said) {
  for (;;) {
    const ssize_t got = ::recv(socket, &said, sizeof(said), 0);
    if (got == sizeof(said)) return true;
    if (got >= 0 || errno != EINTR) return false;
  }
}

// Holds nothing of ours: no terminal, no folder, no descriptor but `socket`, which is above 2.
void let_go_of_all_but(int socket) {
  (void)::setsid();
  (void)::chdir("/");
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) (void)(null >= 0 ? ::dup2(null, fd) : ::close(fd));
  if (socket > STDERR_FILENO + 1)
    (void)::close_range(STDERR_FILENO + 1, static_cast<unsigned>(socket) - 1, 0);
  (void)::close_range(static_cast<unsigned>(socket) + 1, UINT_MAX, 0);
}

// All signals are blocked: those of a terminal, and of a service manager that means us all, are not
// for the guard, which ends when we have.
[[noreturn]] void run_guard(int socket) {
  (void)::prctl(PR_SET_NAME, "plasmite-guard");
  let_go_of_all_but(socket);
  Groups groups;
  pid_t said = 0;
  while (receive(socket, said)) groups.note(said);
  groups.kill_all();
  ::_exit(0);
}

pid_t fork_guard(int socket, int ours) {
  sigset_t all, mask;
  sigfillset(&all);
  (void)::sigprocmask(SIG_BLOCK, &all, &mask);
  const pid_t pid = ::fork();
  if (pid == 0) {
    (void)::close(ours);  // by name: Linux before 5.9 has no close_range
    run_guard(socket);
  }
  (void)::sigprocmask(SIG_SETMASK, &mask, nullptr);
  return pid;
}

Error no_guard_error() {
  return errno_error(errno, "failed to start the guard of child processes");
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<ProcessGuard> ProcessGuard::start() {
  int ends[2];
  // No pipe: a socket can be written to without SIGPIPE, and each message arrives whole.
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return std::unexpected(no_guard_error());
  UniqueFd ours(ends[0]);
  UniqueFd its(ends[1]);
  for (UniqueFd* end : {&ours, &its}) {  // which must not be in the way of standard streams
    if (end->get() > STDERR_FILENO) continue;
    *end = UniqueFd(::fcntl(end->get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!*end) return std::unexpected(no_guard_error());
  }
  const pid_t pid = fork_guard(its.get(), ours.get());
  if (pid < 0) return std::unexpected(no_guard_error());
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd) return ProcessGuard(pid, std::move(pidfd), std::move(ours));
  Error error = no_guard_error();
  (void)::kill(pid, SIGKILL);
  reap(pid);
  return std::unexpected(std::move(error));
}

ProcessGuard::ProcessGuard(ProcessGuard&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      pidfd_(std::move(other.pidfd_)),
      socket_(std::move(other.socket_)) {}

ProcessGuard::~ProcessGuard() {
  if (pid_ == 0) return;
  socket_.reset();
  pollfd end{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  while (::poll(&end, 1, kEndsWithinMs) < 0 && errno == EINTR) {
  }
  if (end.revents == 0) (void)::kill(pid_, SIGKILL);
  reap(pid_);
}

void ProcessGuard::take_back(pid_t group) const {
  const pid_t said = -group;
  ssize_t sent;
  do {
    sent = ::send(socket_.get(), &said, sizeof(said), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  // One that does not listen any more (somebody has stopped it) would kill groups of others later.
  // That it dies shows at pidfd().
  if (sent < 0) (void)::kill(pid_, SIGKILL);
}

}  // namespace plasmite
