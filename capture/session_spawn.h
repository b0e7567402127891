// Starts a command as the leader of a session of its own with a given controlling terminal.
// Thread-safety: none; the process must have one thread (it forks).
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "core/base/unique_fd.h"

namespace plasmite {

// Two small processes that make Ctrl-Z work for the session leader. The kernel drops stop signals
// of a process group none of whose members has a parent in another group of the session
// ("orphaned"): nobody could continue it. The leader's parent, tap, is in another session. So a
// member of the leader's group is kept whose parent is in the session, too: they hold no
// descriptors, take no signals, and end when this object or our process does.
class SessionAnchor {
 public:
  SessionAnchor() = default;
  SessionAnchor(pid_t pid, UniqueFd life) : pid_(pid), life_(std::move(life)) {}
  SessionAnchor(SessionAnchor&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), life_(std::move(other.life_)) {}
  SessionAnchor& operator=(SessionAnchor&&) = delete;
  ~SessionAnchor() { end(); }

  void end();

 private:
  pid_t pid_ = 0;  // a child of ours; 0: none
  UniqueFd life_;  // the two end when no process has it any more
};

struct SpawnedLeader {
  pid_t pid = 0;
  int error_number = 0;  // not 0: nothing was started
  SessionAnchor anchor;
};

// argv[0] is looked up in PATH unless it has a slash. The leader gets `terminal` (above 2) as its
// standard streams and controlling terminal, this signal mask, and SIGPIPE, SIGXFSZ and SIGCHLD
// at their defaults.
SpawnedLeader spawn_session_leader(const std::vector<std::string>& argv,
                                   const sigset_t& signal_mask, int terminal);

}  // namespace plasmite
