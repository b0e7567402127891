#include "tests/bench/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

extern char** environ;

namespace plasmite::bench {
namespace {

std::atomic<bool> g_interrupted{false};
std::atomic<bool> g_timed_out{false};

// A signal that arrives just before a system call blocks would be missed: ring again every second.
void on_interrupt(int) {
  g_interrupted.store(true);
  alarm(1);
}
void on_alarm(int) {
  g_timed_out.store(true);
  alarm(1);
}

int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

Error system_error(const char* what) { return errno_error(errno, what); }

}  // namespace

void install_signal_handlers() {
  struct sigaction action{};  // no SA_RESTART: blocked calls must return
  action.sa_handler = on_interrupt;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  action.sa_handler = on_alarm;
  sigaction(SIGALRM, &action, nullptr);
}

bool interrupted() { return g_interrupted.load(); }

Deadline::Deadline(unsigned seconds) {
  g_timed_out.store(false);
  if (!interrupted()) alarm(seconds);
}

Deadline::~Deadline() { alarm(0); }

Result<void> check_deadline() {
  if (interrupted()) return std::unexpected(Error(ErrorKind::Io, "interrupted"));
  if (g_timed_out.load())
    return std::unexpected(Error(ErrorKind::Io, "a run took longer than its time limit"));
  return {};
}

CpuPair pick_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE && cpus.size() < 2; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  if (cpus.empty()) return {0, 0};
  return {cpus.front(), cpus.back()};
}

ScopedCpu::ScopedCpu(int cpu) {
  sched_getaffinity(0, sizeof before_, &before_);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
}

ScopedCpu::~ScopedCpu() { sched_setaffinity(0, sizeof before_, &before_); }

Result<PipeEnds> make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return std::unexpected(system_error("pipe failed"));
  PipeEnds ends{UniqueFd(fds[0]), UniqueFd(fds[1])};
  if (fcntl(ends.write_end.get(), F_SETPIPE_SZ, kPipeBytes) < 0)
    return std::unexpected(system_error("cannot make a pipe of 1 MiB"));
  return ends;
}

Result<Child> Child::spawn(const SpawnOptions& options) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const auto redirect = [&](int fd, int target, int flags) {
    if (fd >= 0)
      posix_spawn_file_actions_adddup2(&actions, fd, target);
    else
      posix_spawn_file_actions_addopen(&actions, target, "/dev/null", flags, 0);
  };
  redirect(options.stdin_fd, STDIN_FILENO, O_RDONLY);
  redirect(options.stdout_fd, STDOUT_FILENO, O_WRONLY);
  std::vector<char*> argv;
  for (const std::string& argument : options.argv)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  int failure = 0;
  {
    const ScopedCpu pinned(options.cpu);  // the child inherits it
    failure = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  }
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0)
    return std::unexpected(
        errno_error(failure, "cannot start " + options.argv[0], options.argv[0]));
  return Child(pid, options.argv[0]);
}

Result<Child> Child::fork(int cpu, const std::function<void()>& body) {
  const ScopedCpu pinned(cpu);
  const pid_t parent = getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return std::unexpected(system_error("fork failed"));
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) body();
    _exit(0);
  }
  return Child(pid, "a forked child");
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), name_(std::move(other.name_)), cpu_ns_(other.cpu_ns_) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    kill();
    pid_ = std::exchange(other.pid_, -1);
    name_ = std::move(other.name_);
    cpu_ns_ = other.cpu_ns_;
  }
  return *this;
}

Child::~Child() { kill(); }

Result<void> Child::wait_for_success() {
  int status = 0;
  rusage used{};
  while (wait4(pid_, &status, 0, &used) < 0) {
    if (errno != EINTR) return std::unexpected(system_error("waitpid failed"));
    if (auto allowed = check_deadline(); !allowed) {
      kill();
      return allowed;
    }
  }
  reaped(used);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return std::unexpected(
      Error(ErrorKind::Io,
            name_ + (WIFEXITED(status) ? " exited with " + std::to_string(WEXITSTATUS(status))
                                       : " died of signal " + std::to_string(WTERMSIG(status)))));
}

void Child::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  rusage used{};
  while (wait4(pid_, nullptr, 0, &used) < 0 && errno == EINTR) {
  }
  reaped(used);
}

void Child::reaped(const rusage& used) {
  const auto ns = [](const timeval& time) {
    return time.tv_sec * 1'000'000'000 + time.tv_usec * 1'000;
  };
  cpu_ns_ = ns(used.ru_utime) + ns(used.ru_stime);
  pid_ = -1;
}

Result<Drained> drain_lines(int fd, uint64_t lines) {
  static std::vector<char> buffer(kPipeBytes);
  Drained drained;
  while (drained.lines < lines) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0) {
      if (errno != EINTR) return std::unexpected(system_error("read from a pipe failed"));
      if (auto allowed = check_deadline(); !allowed) return std::unexpected(allowed.error());
      continue;
    }
    if (got == 0) break;
    drained.bytes += static_cast<uint64_t>(got);
    drained.lines += static_cast<uint64_t>(std::count(buffer.data(), buffer.data() + got, '\n'));
  }
  return drained;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

int64_t now_ns() { return clock_ns(CLOCK_MONOTONIC); }
int64_t cpu_now_ns() { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

std::string self_path() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : std::string();
}

std::string sibling_path(std::string_view name) {
  const std::string self = self_path();
  return self.substr(0, self.rfind('/') + 1).append(name);
}

}  // namespace plasmite::bench
