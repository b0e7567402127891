#include "capture/session_spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

namespace plasmite {
namespace {

// What the child tells its parent before it becomes the command.
struct Report {
  int anchor_pid;    // 0: none
  int error_number;  // 0: so far, so good
};

// fork(2) without the C library, of the child of a fork. With CLONE_PARENT it is a sibling.
pid_t bare_fork(unsigned long flags) {
  return static_cast<pid_t>(
      ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

// Waits for the end of whoever has the other side of `life`, holding nothing else.
void become_shadow(int life) {
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  if (life > 0) (void)::close_range(0, static_cast<unsigned>(life) - 1, 0);
  (void)::close_range(static_cast<unsigned>(life) + 1, UINT_MAX, 0);
  (void)::chdir("/");
  (void)::prctl(PR_SET_NAME, "pls-anchor");
}

void wait_for_end_of(int life) {
  char byte;
  while (::read(life, &byte, 1) > 0) {
  }
}

[[noreturn]] void run_anchor(int life, pid_t leader) {
  (void)::setpgid(0, 0);
  const pid_t member = bare_fork(0);
  if (member == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool joined = ::setpgid(0, leader) == 0;
    become_shadow(life);  // which tells the leader
    if (joined) wait_for_end_of(life);
    ::_exit(0);
  }
  become_shadow(life);
  wait_for_end_of(life);
  if (member > 0) {
    (void)::kill(member, SIGKILL);
    (void)::waitpid(member, nullptr, 0);
  }
  ::_exit(0);
}

struct Ends {
  UniqueFd read;
  UniqueFd write;
};

// Both above the standard streams. None: errno says why.
bool open_ends(Ends& ends) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return false;
  ends = {.read = UniqueFd(fds[0]), .write = UniqueFd(fds[1])};
  for (UniqueFd* end : {&ends.read, &ends.write}) {
    if (end->get() > STDERR_FILENO) continue;
    *end = UniqueFd(::fcntl(end->get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!*end) return false;
  }
  return true;
}

void send(int fd, const Report& report) {
  while (::write(fd, &report, sizeof(report)) < 0 && errno == EINTR) {
  }
}

// Returns when the anchor holds. 0: there is none, and only Ctrl-Z is missing.
pid_t start_anchor(int life) {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return 0;
  const pid_t leader = ::getpid();
  // A sibling: the command must find no child that it did not start.
  const pid_t anchor = bare_fork(CLONE_PARENT);
  if (anchor == 0) run_anchor(life, leader);
  (void)::close(ready[1]);
  if (anchor > 0) wait_for_end_of(ready[0]);
  (void)::close(ready[0]);
  return anchor > 0 ? anchor : 0;
}

// Only calls that are safe behind a fork.
[[noreturn]] void run_leader(char* const* argv, const sigset_t& signal_mask, int terminal,
                             int report, int life) {
  Report said{};
  if (::setsid() < 0 || ::ioctl(terminal, TIOCSCTTY, 0) != 0) {
    said.error_number = errno;
    send(report, said);
    ::_exit(127);
  }
  said.anchor_pid = start_anchor(life);
  send(report, said);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) (void)::dup2(terminal, fd);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  ::signal(SIGCHLD, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &signal_mask, nullptr);
  ::execvp(argv[0], argv);
  said.error_number = errno;
  send(report, said);
  ::_exit(127);
}

// The last report; it ends when the leader has become the command.
Report read_report(int fd) {
  Report last{};
  Report report{};
  for (;;) {
    const ssize_t got = ::read(fd, &report, sizeof(report));
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof(report)) return last;
    last = report;
  }
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

void SessionAnchor::end() {
  if (pid_ == 0) return;
  life_.reset();
  (void)::kill(pid_, SIGCONT);  // somebody may have stopped it
  reap(std::exchange(pid_, 0));
}

SpawnedLeader spawn_session_leader(const std::vector<std::string>& argv,
                                   const sigset_t& signal_mask, int terminal) {
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  Ends report, life;
  if (!open_ends(report) || !open_ends(life))
    return {.pid = 0, .error_number = errno, .anchor = {}};
  const pid_t pid = ::fork();
  if (pid < 0) return {.pid = 0, .error_number = errno, .anchor = {}};
  if (pid == 0)
    run_leader(words.data(), signal_mask, terminal, report.write.get(), life.read.get());
  report.write.reset();
  life.read.reset();
  const Report said = read_report(report.read.get());
  SpawnedLeader leader{.pid = pid,
                       .error_number = said.error_number,
                       .anchor = SessionAnchor(said.anchor_pid, std::move(life.write))};
  if (said.error_number != 0) reap(pid);
  return leader;
}

}  // namespace plasmite
