// A forked process that runs one function. It opens pools by itself: a lock belongs to an open
// file, which a child would share with its parent.
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <utility>

#include "core/base/check.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class Child {
 public:
  // The process ends with what `body` returns as its exit code, and dies with this one.
  explicit Child(const std::function<int()>& body) {
    pid_ = ::fork();
    PLASMITE_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::_exit(body());
    }
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }

  pid_t pid() const { return pid_; }
  void send(int signal_number) const { ::kill(pid_, signal_number); }

  // The exit code, or 1000 plus the signal that ended it.
  int wait() {
    int status = 0;
    const pid_t waited = ::waitpid(std::exchange(pid_, -1), &status, 0);
    PLASMITE_CHECK(waited > 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  int wait_until_stopped() const {
    int status = 0;
    ::waitpid(pid_, &status, WUNTRACED);
    return status;
  }

 private:
  pid_t pid_ = -1;
};

inline constexpr int kKilled = 1000 + SIGKILL;

// Numbers from one process to another, in order. Both ends are open in both; use one each.
class Pipe {
 public:
  Pipe() {
    int ends[2];
    PLASMITE_CHECK(::pipe(ends) == 0);
    read_end_ = UniqueFd(ends[0]);
    write_end_ = UniqueFd(ends[1]);
  }

  void send(uint64_t number) const {
    PLASMITE_CHECK(::write(write_end_.get(), &number, sizeof(number)) == sizeof(number));
  }
  // Blocks; 0 at the end (every writing end is closed).
  uint64_t receive() const {
    uint64_t number = 0;
    return ::read(read_end_.get(), &number, sizeof(number)) == sizeof(number) ? number : 0;
  }
  // After forking, in the process that only receives: a dead sender then means the end.
  void close_write_end() { write_end_.reset(); }

 private:
  UniqueFd read_end_;
  UniqueFd write_end_;
};

}  // namespace plasmite
