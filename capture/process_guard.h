// Ends what our children have started when we are killed: a process beside us that knows their
// process groups, and kills those that we had not taken back when we are gone, however that
// happened. A death signal reaches the children themselves only. Who has left its group (setsid) is
// out of reach.
//
// Thread-safety: take_back() from any thread, the rest from one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <utility>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class ProcessGuard {
 public:
  // At the same time; further ones are not guarded.
  static constexpr size_t kMostGroups = 256;

  // Forks, so it is to be called before there are threads. Io: no socket, no process.
  static Result<ProcessGuard> start();
  // Ends the guard, which kills what was not taken back, and waits for that.
  ~ProcessGuard();
  ProcessGuard(ProcessGuard&& other) noexcept;
  ProcessGuard& operator=(ProcessGuard&&) = delete;

  pid_t pid() const { return pid_; }
  // Readable from the guard's death on.
  int pidfd() const { return pidfd_.get(); }

  // Where a child announces its group: the number, as a pid_t, in one message. It does so itself,
  // before it becomes its command; so there is no instant in which we could be killed and the guard
  // not know of what the command started.
  int announcements() const { return socket_.get(); }
  // To be called before the group's leader is reaped: from then on the number may be another's.
  void take_back(pid_t group) const;

 private:
  ProcessGuard(pid_t pid, UniqueFd pidfd, UniqueFd socket)
      : pid_(pid), pidfd_(std::move(pidfd)), socket_(std::move(socket)) {}

  pid_t pid_;  // 0: moved from
  UniqueFd pidfd_;
  UniqueFd socket_;
};

}  // namespace plasmite
