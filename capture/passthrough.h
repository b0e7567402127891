// Passes captured bytes on to one of our own standard streams without ever blocking on it. It keeps
// no copy: the caller leaves the bytes where they are, and reads no further, until pending() is
// empty.
//
// Thread-safety: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class Passthrough {
 public:
  // `fd` stays the caller's and must outlive this. -1: everything offered counts as passed on.
  explicit Passthrough(int fd);
  // SIGPIPE must be ignored in this process.

  // To be called with nothing pending. `bytes` must stay valid while pending() is not empty.
  void offer(std::string_view bytes);
  // Goes on with what is pending, when poll_fd() is writable.
  void resume();
  std::string_view pending() const { return pending_; }
  int poll_fd() const { return own_fd_ ? own_fd_.get() : fd_; }

  // Drops what is pending and everything to come. A reader that went away does the same.
  void close();
  bool is_open() const { return fd_ >= 0; }

  // The first failure other than a reader that went away.
  const std::optional<Error>& error() const { return error_; }

 private:
  enum class Kind : uint8_t {
    own_description,  // reopened non-blocking: a flag on fd_ itself would be seen by all who share
                      // it
    socket,           // send() can be told not to block
    file,             // never blocks for long
    shared,           // could not be reopened: written in steps of what poll(2) promises
  };

  long write_some() const;

  int fd_;
  UniqueFd own_fd_;
  Kind kind_ = Kind::shared;
  std::string_view pending_;
  std::optional<Error> error_;
};

}  // namespace plasmite
