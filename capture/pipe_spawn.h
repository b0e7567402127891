// Starts a command with our side of two pipes as its stdout and stderr. Thread-safety: any thread,
// while nobody changes the environment.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

namespace plasmite {

class ProcessGuard;

struct PipeSpawn {
  const std::vector<std::string>& argv;  // argv[0] is looked up in PATH unless it has a slash
  int in = -1;                           // above 2, like `out` and `err`; -1: ours
  int out;
  int err;
  bool own_group;  // lead a process group
  const sigset_t& signal_mask;
  bool default_signals;                  // all of them; else those that are named below
  const std::string& working_directory;  // empty: ours
  const std::vector<std::pair<std::string, std::string>>& environment;  // added to ours
  int death_signal;           // when our thread ends; 0: none
  const ProcessGuard* guard;  // is told of the group; null: none
};

struct SpawnedProcess {
  pid_t pid = 0;
  int error_number = 0;       // not 0: nothing was started
  bool in_directory = false;  // that was the working directory's error
};

// What posix_spawnp does, without asking the kernel about each of the 64 signals and without a
// mapping for the stack: 35 us instead of 60 until the command begins. SIGPIPE, SIGXFSZ and SIGCHLD
// are at their defaults in it. Where this process has handlers for other signals, which the child
// must not run in memory that is ours, it takes `default_signals`.
SpawnedProcess spawn_with_pipes(const PipeSpawn& spawn);

}  // namespace plasmite
