#include "capture/pipe_spawn.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

// clone(2) by glibc's other name. ThreadSanitizer takes every clone() for a fork, and has the child
// set up in memory that is still the parent's.
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...);

// For what the child runs: a sanitizer would keep its books in the parent's memory.
#define PLASMITE_IN_CHILD [[clang::disable_sanitizer_instrumentation]]

namespace plasmite {
namespace {

// Where the kernel is to look for the command, as execvp(3) would.
std::vector<std::string> candidates(const std::string& command) {
  if (command.empty() || command.contains('/')) return {command};
  const char* set = std::getenv("PATH");
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

// What parent and child have in common: all of the parent's memory, which stands still until the
// child has become the command, or is gone. So no C++ objects here.
struct Shared {
  const PipeSpawn* spawn;
  char* const* paths;
  char* const* argv;
  int error_number = 0;
};

// Another folder of PATH may still have it.
PLASMITE_IN_CHILD bool may_look_further(int error_number) {
  return error_number == EACCES || error_number == ENOENT || error_number == ESTALE ||
         error_number == ENOTDIR || error_number == ENODEV || error_number == ETIMEDOUT ||
         error_number == ENAMETOOLONG;
}

// Returns what was wrong. Somewhere a file that may not be run is worth more than nowhere a file.
PLASMITE_IN_CHILD int execute_first(char* const* paths, char* const* argv) {
  bool denied = false;
  int error_number = ENOENT;
  for (; *paths != nullptr; ++paths) {
    ::execve(*paths, argv, environ);
    error_number = errno;
    if (!may_look_further(error_number)) return error_number;
    denied = denied || error_number == EACCES;
  }
  return denied ? EACCES : error_number;
}

PLASMITE_IN_CHILD void set_default(int signal) {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  (void)::sigaction(signal, &action, nullptr);
}

// In the child, on a stack of its own in memory that is not. Only system calls. The child has
// signal dispositions of its own, and takes no signal before it has none of our handlers.
PLASMITE_IN_CHILD int run_child(void* argument) {
  auto& shared = *static_cast<Shared*>(argument);
  const PipeSpawn& spawn = *shared.spawn;
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGCHLD, SIGBUS}) set_default(signal);
  if (spawn.own_group && ::setpgid(0, 0) != 0) {
    shared.error_number = errno;
  } else if (::dup2(spawn.out, STDOUT_FILENO) < 0 || ::dup2(spawn.err, STDERR_FILENO) < 0) {
    shared.error_number = errno;
  } else {
    (void)::sigprocmask(SIG_SETMASK, &spawn.signal_mask, nullptr);
    shared.error_number = execute_first(shared.paths, shared.argv);
  }
  ::_exit(127);
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

SpawnedProcess spawn_with_pipes(const PipeSpawn& spawn) {
  const std::vector<std::string> paths = candidates(spawn.argv.front());
  const std::vector<char*> path_pointers = pointers_to(paths);
  const std::vector<char*> argv = pointers_to(spawn.argv);
  Shared shared{.spawn = &spawn, .paths = path_pointers.data(), .argv = argv.data()};
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
  reap(pid);
  return {.pid = 0, .error_number = shared.error_number};
}

}  // namespace plasmite
