// A child process and what becomes of it, as types: a RunningChild can be signalled and waited for
// but has no exit status; an ExitedChild has one. The exited child is not reaped before the object
// goes, so that its process id and group id name nobody else while signals may still be sent there.
//
// Thread-safety: none; use a child from one thread. Nothing else in the process may reap children.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "capture/session_spawn.h"
#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class ProcessGuard;

struct ExitedWith {
  int code;
};
struct KilledBy {
  int signal;
};
using ChildEnd = std::variant<ExitedWith, KilledBy>;

// What a shell makes of it: the code, or 128 + signal.
int shell_status(const ChildEnd& end);

// "SIGINT", "SIGKILL", "SIGSEGV", "SIGTERM"; any other is "SIG" and its number. Stored in exit
// records, hence stable.
std::string signal_name(int signal);

struct ChildUsage {
  uint64_t user_us = 0;
  uint64_t system_us = 0;
  uint64_t max_rss_bytes = 0;
};

enum class ProcessGroup : uint8_t {
  shared,  // the child stays in our group: the terminal's signals reach both
  own,     // the child leads a group of its own
};

struct SpawnOptions {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH unless it has a slash
  std::string shown_name = {};    // in messages instead of argv[0], if not empty
  // What to do when there is no such command.
  std::string not_found_hint = "Check PATH or use an absolute executable path.";
  ProcessGroup group = ProcessGroup::own;
  sigset_t signal_mask{};  // the child's; ours may differ while signals are watched
  // What a process of several threads with signal handlers needs: every signal at its default in
  // the child.
  bool default_signals = false;
  bool null_input = false;             // stdin is /dev/null, else ours
  std::string working_directory = {};  // empty: ours. A relative command is looked for from there
  // Added to our environment, or in place of what is there; its PATH is the one that counts.
  std::vector<std::pair<std::string, std::string>> environment = {};
  // Sent to the child when the thread that started it ends, however it does; 0: none.
  int death_signal = 0;
  // Kills the child's own group if we are killed; null: nobody does. Must outlive the child.
  const ProcessGuard* guard = nullptr;

  const std::string& shown() const { return shown_name.empty() ? argv.front() : shown_name; }
};

class ExitedChild {
 public:
  ExitedChild(ExitedChild&& other) noexcept;
  ExitedChild& operator=(ExitedChild&&) = delete;
  ~ExitedChild();

  const ChildEnd& end() const { return end_; }
  std::chrono::steady_clock::duration elapsed() const { return elapsed_; }

  // Signals what the child left behind in its own group; nobody when it shared ours.
  void signal_leftovers(int signal) const;

  // Frees the process id.
  ChildUsage reap() &&;

 private:
  friend class RunningChild;
  ExitedChild(pid_t pid, ProcessGroup group, const ProcessGuard* guard, ChildEnd end,
              std::chrono::steady_clock::duration elapsed)
      : pid_(pid), group_(group), guard_(guard), end_(end), elapsed_(elapsed) {}
  ChildUsage free_pid();

  pid_t pid_;  // 0: moved from or reaped
  ProcessGroup group_;
  const ProcessGuard* guard_;
  ChildEnd end_;
  std::chrono::steady_clock::duration elapsed_;
};

// Destroying a RunningChild leaves the process alone.
class RunningChild {
 public:
  // Starts argv with stdin inherited, stdout and stderr as pipes, every other descriptor closed as
  // its O_CLOEXEC says, SIGPIPE, SIGXFSZ and SIGCHLD at their defaults (SIGCHLD in our process,
  // too). Errors: Usage when there is no such command or working directory, Io for anything else.
  // No process is left behind then.
  static Result<RunningChild> spawn(const SpawnOptions& options);

  // The same for a child that leads a session of its own (options.group, and those behind the mask,
  // are not looked at), with `terminal` (above 2) as its controlling terminal and all three
  // standard streams; there is nothing to take.
  static Result<RunningChild> spawn_on_terminal(const SpawnOptions& options, int terminal);

  pid_t pid() const { return pid_; }
  ProcessGroup group() const { return group_; }
  // Readable from the child's death on.
  int pidfd() const { return pidfd_.get(); }

  // The reading ends, non-blocking. Each can be taken once.
  UniqueFd take_stdout() { return std::move(stdout_); }
  UniqueFd take_stderr() { return std::move(stderr_); }

  // To the child's group if it has its own, else to the child alone. A child that is gone is no
  // error.
  void signal(int signal) const;

  // The signal that stopped the child since the last call; none if none did.
  std::optional<int> take_stop();

  // Blocks until the child is dead: at once when pidfd() is readable.
  Result<ExitedChild> wait() &&;

 private:
  RunningChild(pid_t pid, ProcessGroup group, const ProcessGuard* guard,
               std::chrono::steady_clock::time_point started)
      : pid_(pid), group_(group), guard_(guard), started_(started) {}
  Result<void> watch();

  pid_t pid_;
  ProcessGroup group_;
  const ProcessGuard* guard_;
  std::chrono::steady_clock::time_point started_;
  std::unique_ptr<SessionAnchor> anchor_;  // of a child on a terminal
  UniqueFd pidfd_;
  UniqueFd stdout_;
  UniqueFd stderr_;
};

}  // namespace plasmite
