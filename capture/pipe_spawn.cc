#include "capture/pipe_spawn.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "capture/process_guard.h"

// clone(2) by glibc's other name. ThreadSanitizer takes every clone() for a fork, and has the child
// set up in memory that is still the parent's.
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...);

// For what the child runs: a sanitizer would keep its books in the parent's memory.
#define PLASMITE_IN_CHILD [[clang::disable_sanitizer_instrumentation]]

namespace plasmite {
namespace {

// Where the kernel is to look for the command, as execvp(3) would.
std::vector<std::string> candidates(const PipeSpawn& spawn) {
  const std::string& command = spawn.argv.front();
  if (command.empty() || command.contains('/')) return {command};
  const char* set = std::getenv("PATH");
  for (const auto& [name, value] : spawn.environment) {
    if (name == "PATH") set = value.c_str();
  }
  std::string_view rest = set != nullptr ? set : "/bin:/usr/bin";
  std::vector<std::string> paths;
  for (;;) {
    const size_t colon = rest.find(':');
    std::string path(rest.substr(0, colon));
    if (!path.empty()) path += '/';  // empty: the working directory
    paths.push_back(path + command);
    if (colon == std::string_view::npos) return paths;
    rest.remove_prefix(colon + 1);
  }
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Ours, with what is to be added or replaced.
std::vector<std::string> environment_of(const PipeSpawn& spawn) {
  std::vector<std::string> all;
  const auto is_replaced = [&](std::string_view entry) {
    const std::string_view name = entry.substr(0, entry.find('='));
    return std::ranges::any_of(spawn.environment,
                               [&](const auto& added) { return added.first == name; });
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!is_replaced(*entry)) all.emplace_back(*entry);
  }
  for (const auto& [name, value] : spawn.environment) all.push_back(name + "=" + value);
  return all;
}

// What parent and child have in common: all of the parent's memory, which stands still until the
// child has become the command, or is gone. So no C++ objects here.
struct Shared {
  const PipeSpawn* spawn;
  char* const* paths;
  char* const* argv;
  char* const* environment;
  const char* directory;  // null: ours
  pid_t parent;
  int announcements;  // of the guard; -1: none
  int error_number = 0;
  bool in_directory = false;
};

// Another folder of PATH may still have it.
PLASMITE_IN_CHILD bool may_look_further(int error_number) {
  return error_number == EACCES || error_number == ENOENT || error_number == ESTALE ||
         error_number == ENOTDIR || error_number == ENODEV || error_number == ETIMEDOUT ||
         error_number == ENAMETOOLONG;
}

// Returns what was wrong. Somewhere a file that may not be run is worth more than nowhere a file.
PLASMITE_IN_CHILD int execute_first(const Shared& shared) {
  bool denied = false;
  int error_number = ENOENT;
  for (char* const* paths = shared.paths; *paths != nullptr; ++paths) {
    ::execve(*paths, shared.argv, shared.environment);
    error_number = errno;
    if (!may_look_further(error_number)) return error_number;
    denied = denied || error_number == EACCES;
  }
  return denied ? EACCES : error_number;
}

// By the kernel's own call: ThreadSanitizer notes what goes through sigaction(3), in memory that is
// the parent's, too.
PLASMITE_IN_CHILD void set_default(int signal) {
  struct {
    unsigned long handler, flags, restorer, mask;
  } const action{};
  static_assert(SIG_DFL == nullptr);
  (void)::syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof(action.mask));
}

PLASMITE_IN_CHILD void reset_signals(const PipeSpawn& spawn) {
  if (!spawn.default_signals) {
    for (const int signal : {SIGPIPE, SIGXFSZ, SIGCHLD, SIGBUS}) set_default(signal);
    return;
  }
  for (int signal = 1; signal < NSIG; ++signal) set_default(signal);
}

// The signal comes from the parent's death, also if that was before we asked for it.
PLASMITE_IN_CHILD bool follow_into_death(const Shared& shared) {
  if (shared.spawn->death_signal == 0) return true;
  if (::prctl(PR_SET_PDEATHSIG, shared.spawn->death_signal) != 0) return false;
  if (::getppid() == shared.parent) return true;
  errno = ESRCH;  // for nobody
  return false;
}

// Like dup2(2), by the kernel's own call as well: ThreadSanitizer would take the child's
// descriptors for the parent's, which other threads open and close meanwhile.
PLASMITE_IN_CHILD bool put(int fd, int place) {
  return fd == place || ::syscall(SYS_dup3, fd, place, 0) >= 0;
}

// To a guard that may be gone, or not listen: the command runs all the same.
PLASMITE_IN_CHILD void announce_group(int announcements) {
  const pid_t group = ::getpid();
  (void)::syscall(SYS_sendto, announcements, &group, sizeof(group), MSG_NOSIGNAL | MSG_DONTWAIT,
                  nullptr, 0);
}

PLASMITE_IN_CHILD bool set_up(Shared& shared) {
  const PipeSpawn& spawn = *shared.spawn;
  if (spawn.own_group && ::setpgid(0, 0) != 0) return false;
  if (spawn.own_group && shared.announcements >= 0) announce_group(shared.announcements);
  if (!follow_into_death(shared)) return false;
  if (spawn.in >= 0 && !put(spawn.in, STDIN_FILENO)) return false;
  if (!put(spawn.out, STDOUT_FILENO) || !put(spawn.err, STDERR_FILENO)) return false;
  shared.in_directory = shared.directory != nullptr && ::chdir(shared.directory) != 0;
  return !shared.in_directory;
}

// In the child, on a stack of its own in memory that is not. Only system calls. The child has
// signal dispositions of its own, and takes no signal before it has none of our handlers.
PLASMITE_IN_CHILD int run_child(void* argument) {
  auto& shared = *static_cast<Shared*>(argument);
  reset_signals(*shared.spawn);
  if (set_up(shared)) {
    (void)::sigprocmask(SIG_SETMASK, &shared.spawn->signal_mask, nullptr);
    shared.error_number = execute_first(shared);
  } else {
    shared.error_number = errno;
  }
  // Not _exit(3): at that ThreadSanitizer reports threads of the parent that have ended and are not
  // joined yet.
  (void)::syscall(SYS_exit_group, 127);
  return 127;
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

SpawnedProcess spawn_with_pipes(const PipeSpawn& spawn) {
  const std::vector<std::string> paths = candidates(spawn);
  const std::vector<char*> path_pointers = pointers_to(paths);
  const std::vector<char*> argv = pointers_to(spawn.argv);
  std::vector<std::string> environment;
  std::vector<char*> environment_pointers;
  if (!spawn.environment.empty()) {
    environment = environment_of(spawn);
    environment_pointers = pointers_to(environment);
  }
  Shared shared{
      .spawn = &spawn,
      .paths = path_pointers.data(),
      .argv = argv.data(),
      .environment = spawn.environment.empty() ? environ : environment_pointers.data(),
      .directory = spawn.working_directory.empty() ? nullptr : spawn.working_directory.c_str(),
      .parent = ::getpid(),
      .announcements = spawn.guard != nullptr ? spawn.guard->announcements() : -1};
  alignas(16) std::array<char, 32768> stack;  // sanitizers want some of it
  sigset_t all, mask;
  sigfillset(&all);
  (void)::sigprocmask(SIG_BLOCK, &all, &mask);
  const pid_t pid =
      ::__clone(run_child, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &shared);
  const int clone_errno = errno;
  (void)::sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (pid < 0) return {.pid = 0, .error_number = clone_errno};
  if (shared.error_number == 0) return {.pid = pid, .error_number = 0};
  if (spawn.guard != nullptr) spawn.guard->take_back(pid);
  reap(pid);
  return {.pid = 0, .error_number = shared.error_number, .in_directory = shared.in_directory};
}

}  // namespace plasmite
