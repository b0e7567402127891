#include "capture/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "capture/pipe_spawn.h"
#include "capture/process_guard.h"
#include "capture/spawn_error.h"
#include "core/base/check.h"

namespace plasmite {
namespace {

// Room for a child to run ahead while we store; the largest an ordinary user may have.
constexpr int kPipeBytes = 1 << 20;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// A descriptor below 3 would be overwritten while the child's standard streams are put in place.
Result<UniqueFd> above_standard_streams(UniqueFd fd) {
  if (fd.get() > STDERR_FILENO) return fd;
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved) return std::unexpected(errno_error(errno, "failed to create a pipe"));
  return moved;
}

Result<Pipe> open_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return std::unexpected(errno_error(errno, "failed to create a pipe")
                               .with_hint("Check the limit of open files (`ulimit -n`)."));
  }
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  auto read = above_standard_streams(std::move(read_end));
  if (!read) return std::unexpected(std::move(read.error()));
  auto write = above_standard_streams(std::move(write_end));
  if (!write) return std::unexpected(std::move(write.error()));
  // Only our end: the child must find an ordinary, blocking pipe.
  if (::fcntl(read->get(), F_SETFL, O_NONBLOCK) != 0)
    return std::unexpected(errno_error(errno, "failed to set up a pipe"));
  // Best effort: beyond the user's quota of pipe pages the default of 64 KiB does, too.
  (void)::fcntl(read->get(), F_SETPIPE_SZ, kPipeBytes);
  return Pipe{.read = std::move(*read), .write = std::move(*write)};
}

// None: the child has ours.
Result<UniqueFd> open_input(const SpawnOptions& options) {
  if (!options.null_input) return UniqueFd();
  UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) return std::unexpected(errno_error(errno, "failed to open /dev/null"));
  return above_standard_streams(std::move(null));
}

// Where the child looks for a command that is named as a file.
std::string seen_from_here(const std::string& command, const std::string& directory) {
  const bool is_elsewhere = !directory.empty() && command.contains('/') && command.front() != '/';
  return is_elsewhere ? directory + "/" + command : command;
}

Result<pid_t> start(const SpawnOptions& options, const Pipe& out, const Pipe& err) {
  const auto input = open_input(options);
  if (!input) return std::unexpected(input.error());
  const auto spawn = [&](const std::vector<std::string>& argv) {
    return spawn_with_pipes({.argv = argv,
                             .in = input->get(),
                             .out = out.write.get(),
                             .err = err.write.get(),
                             .own_group = options.group == ProcessGroup::own,
                             .signal_mask = options.signal_mask,
                             .default_signals = options.default_signals,
                             .working_directory = options.working_directory,
                             .environment = options.environment,
                             .death_signal = options.death_signal,
                             .guard = options.guard});
  };
  const std::string& command = options.argv.front();
  SpawnedProcess spawned = spawn(options.argv);
  if (spawned.error_number == ENOEXEC && command.find('/') != std::string::npos) {
    // A script without `#!`: shells run it themselves, and so must whoever stands in front of one.
    std::vector<std::string> through_shell = options.argv;
    through_shell.insert(through_shell.begin(), "/bin/sh");
    spawned = spawn(through_shell);
  }
  if (spawned.in_directory)
    return std::unexpected(directory_error(spawned.error_number, options.working_directory));
  if (spawned.error_number != 0) {
    return std::unexpected(
        spawn_error({.error_number = spawned.error_number,
                     .command = seen_from_here(command, options.working_directory),
                     .shown = options.shown(),
                     .not_found_hint = options.not_found_hint}));
  }
  return spawned.pid;
}

// Whoever started us may have left SIGCHLD ignored; then the kernel throws exit statuses away.
void keep_exit_statuses() {
  struct sigaction action{};
  if (::sigaction(SIGCHLD, nullptr, &action) == 0 && action.sa_handler == SIG_IGN)
    ::signal(SIGCHLD, SIG_DFL);
}

ChildUsage usage_of(const rusage& usage) {
  const auto microseconds = [](const timeval& time) {
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
  };
  return {.user_us = microseconds(usage.ru_utime),
          .system_us = microseconds(usage.ru_stime),
          .max_rss_bytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024};
}

ChildUsage reap_process(pid_t pid) {
  rusage usage{};
  while (::wait4(pid, nullptr, 0, &usage) < 0 && errno == EINTR) {
  }
  return usage_of(usage);
}

}  // namespace

int shell_status(const ChildEnd& end) {
  if (const auto* killed = std::get_if<KilledBy>(&end)) return 128 + killed->signal;
  return std::get<ExitedWith>(end).code;
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGKILL:
      return "SIGKILL";
    case SIGSEGV:
      return "SIGSEGV";
    case SIGTERM:
      return "SIGTERM";
    default:
      return "SIG" + std::to_string(signal);
  }
}

Result<RunningChild> RunningChild::spawn(const SpawnOptions& options) {
  PLASMITE_CHECK(!options.argv.empty());
  keep_exit_statuses();
  auto out = open_pipe();
  if (!out) return std::unexpected(std::move(out.error()));
  auto err = open_pipe();
  if (!err) return std::unexpected(std::move(err.error()));
  const auto started = std::chrono::steady_clock::now();
  auto pid = start(options, *out, *err);
  if (!pid) return std::unexpected(std::move(pid.error()));

  RunningChild child(*pid, options.group, options.guard, started);
  child.stdout_ = std::move(out->read);
  child.stderr_ = std::move(err->read);
  // Closed first: what they free is enough for the pidfd, even at the limit of open files.
  out->write.reset();
  err->write.reset();
  if (auto watched = child.watch(); !watched) return std::unexpected(std::move(watched.error()));
  return child;
}

Result<RunningChild> RunningChild::spawn_on_terminal(const SpawnOptions& options, int terminal) {
  PLASMITE_CHECK(!options.argv.empty());
  keep_exit_statuses();
  const auto started = std::chrono::steady_clock::now();
  SpawnedLeader leader = spawn_session_leader(options.argv, options.signal_mask, terminal);
  if (leader.error_number != 0) {
    return std::unexpected(spawn_error({.error_number = leader.error_number,
                                        .command = options.argv.front(),
                                        .shown = options.shown(),
                                        .not_found_hint = options.not_found_hint}));
  }
  RunningChild child(leader.pid, ProcessGroup::own, /*guard=*/nullptr, started);
  child.anchor_ = std::make_unique<SessionAnchor>(std::move(leader.anchor));
  if (auto watched = child.watch(); !watched) return std::unexpected(std::move(watched.error()));
  return child;
}

// No race: the process id stays taken until we reap.
Result<void> RunningChild::watch() {
  pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (pidfd_) return {};
  const int error_number = errno;
  ::kill(pid_, SIGKILL);
  if (guard_ != nullptr) guard_->take_back(pid_);
  reap_process(pid_);
  return std::unexpected(errno_error(error_number, "failed to watch the wrapped command")
                             .with_hint("This needs Linux 5.3 or newer with pidfd_open allowed."));
}

std::optional<int> RunningChild::take_stop() {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pidfd_.get());
  if (::waitid(P_PIDFD, id, &info, WSTOPPED | WNOHANG) != 0 || info.si_pid == 0)
    return std::nullopt;
  return info.si_status;
}

void RunningChild::signal(int signal) const {
  // A child that moved to another group leaves an empty one; then it is signalled by itself.
  if (group_ == ProcessGroup::own && ::kill(-pid_, signal) == 0) return;
  (void)::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

Result<ExitedChild> RunningChild::wait() && {
  siginfo_t info{};
  int waited;
  do {
    waited = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOWAIT);
  } while (waited != 0 && errno == EINTR);
  if (waited != 0)
    return std::unexpected(errno_error(errno, "failed to learn the wrapped command's exit status"));
  const ChildEnd end = info.si_code == CLD_EXITED ? ChildEnd(ExitedWith{info.si_status})
                                                  : ChildEnd(KilledBy{info.si_status});
  return ExitedChild(pid_, group_, guard_, end, std::chrono::steady_clock::now() - started_);
}

ExitedChild::ExitedChild(ExitedChild&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      group_(other.group_),
      guard_(other.guard_),
      end_(other.end_),
      elapsed_(other.elapsed_) {}

ExitedChild::~ExitedChild() {
  if (pid_ != 0) (void)free_pid();
}

void ExitedChild::signal_leftovers(int signal) const {
  if (group_ == ProcessGroup::own && pid_ != 0) (void)::kill(-pid_, signal);
}

ChildUsage ExitedChild::reap() && { return free_pid(); }

ChildUsage ExitedChild::free_pid() {
  if (guard_ != nullptr) guard_->take_back(pid_);
  return reap_process(std::exchange(pid_, 0));
}

}  // namespace plasmite
