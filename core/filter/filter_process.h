// The process that runs jq programs, and the words exchanged with it. Filter is what others use.
// Not thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/unique_fd.h"
#include "core/filter/filter_limits.h"
#include "core/filter/filter_protocol.h"

namespace plasmite {

// Owns the child process; it is killed and reaped on destruction.
class FilterProcess {
 public:
  struct Reply {
    FilterReplyHeader header;
    std::string_view payload;  // valid until the next receive()
  };

  // Starts `plasmite-filter`, which lies beside this program or in ../libexec/plasmite. Io when
  // it is not there or cannot be started. With the reach of a message it has no environment and can
  // open no file.
  static Result<FilterProcess> start(FilterReach reach, const FilterLimits& limits);

  FilterProcess(FilterProcess&& other) noexcept
      : socket_(std::move(other.socket_)),
        pid_(std::exchange(other.pid_, -1)),
        received_(std::move(other.received_)),
        taken_(std::exchange(other.taken_, 0)) {}
  FilterProcess& operator=(FilterProcess&& other) noexcept;
  ~FilterProcess();

  // False: the process is gone.
  bool send(std::span<const uint32_t> sizes, std::string_view texts);

  // The next reply; none when the deadline passed. Io: the process is gone.
  Result<std::optional<Reply>> receive(std::chrono::steady_clock::time_point deadline);

 private:
  FilterProcess(UniqueFd socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}

  bool send_all(const void* data, size_t size) const;
  void end();

  UniqueFd socket_;
  pid_t pid_ = -1;
  std::string received_;
  size_t taken_ = 0;  // bytes of received_ that were handed out
};

}  // namespace plasmite
