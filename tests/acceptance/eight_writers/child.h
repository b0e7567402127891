// A child process with pipes to it. Killed and reaped with its owner. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/base/unique_fd.h"

namespace plasmite::acceptance {

class Child {
 public:
  struct Pipes {
    bool in = false;  // those not asked for are /dev/null (in, out) or inherited (err)
    bool out = false;
    bool err = false;
  };
  // Ends the program with a message when the child cannot be started: there is nothing to go on
  // with.
  Child(const std::vector<std::string>& argv, Pipes pipes);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  int in() const { return in_.get(); }
  int out() const { return out_.get(); }
  int err() const { return err_.get(); }
  void close_in() { in_.reset(); }

  void signal(int number) const;
  // The exit code, or 128 + the signal.
  int wait();

 private:
  pid_t pid_ = -1;
  UniqueFd in_, out_, err_;
};

// False when the other end is gone.
bool write_all(int fd, std::string_view bytes);

// Everything up to the end of input.
std::string read_all(int fd);

[[noreturn]] void die(std::string_view message);

}  // namespace plasmite::acceptance
