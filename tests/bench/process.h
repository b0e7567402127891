// What the lanes need of the operating system: children on a chosen CPU, big pipes, bounded waits.
//
// Every wait is bounded: a Deadline arms an alarm, and whoever blocks looks at check_deadline()
// when a system call is interrupted. An interrupt from the keyboard takes the same way, so that
// temporary pools are removed by their destructors. Not thread-safe: the benchmark has one thread.
#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite::bench {

inline constexpr int kPipeBytes = 1 << 20;

void install_signal_handlers();
bool interrupted();

// Bounds what happens in its lifetime. One at a time.
class Deadline {
 public:
  explicit Deadline(unsigned seconds);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();
};

// An error after an interrupt or past the deadline.
Result<void> check_deadline();

// Two CPUs this process may use; the same one twice where there is only one.
struct CpuPair {
  int consumer;  // what is measured
  int producer;  // what feeds it, or drains it
};
CpuPair pick_cpus();

// Pins the calling thread, and all it starts, for its lifetime.
class ScopedCpu {
 public:
  explicit ScopedCpu(int cpu);
  ScopedCpu(const ScopedCpu&) = delete;
  ScopedCpu& operator=(const ScopedCpu&) = delete;
  ~ScopedCpu();

 private:
  cpu_set_t before_;
};

struct PipeEnds {
  UniqueFd read_end;
  UniqueFd write_end;
};
Result<PipeEnds> make_pipe();  // kPipeBytes, both ends O_CLOEXEC

struct SpawnOptions {
  std::vector<std::string> argv;
  int stdin_fd = -1;   // -1: /dev/null
  int stdout_fd = -1;  // -1: /dev/null
  int cpu = 0;
};

// Owns a child process; one that still runs is killed and reaped on destruction.
class Child {
 public:
  static Result<Child> spawn(const SpawnOptions& options);
  // Runs `body` in a fork of this process; it ends by returning and dies with its parent.
  static Result<Child> fork(int cpu, const std::function<void()>& body);

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }
  // Waits for the end; an error unless it exited with 0.
  Result<void> wait_for_success();
  void kill();
  // Processor time it has used, its own reaped children included. Known after its end.
  int64_t cpu_ns() const { return cpu_ns_; }

 private:
  Child(pid_t pid, std::string name) : pid_(pid), name_(std::move(name)) {}
  void reaped(const rusage& used);
  pid_t pid_;
  std::string name_;
  int64_t cpu_ns_ = 0;
};

struct Drained {
  uint64_t lines = 0;
  uint64_t bytes = 0;
};
// Reads and counts until the end of the input, or until `lines` have arrived.
Result<Drained> drain_lines(int fd, uint64_t lines = UINT64_MAX);

// False when the other end is gone or something else went wrong.
bool write_all(int fd, std::string_view bytes);

int64_t now_ns();      // CLOCK_MONOTONIC: the same in every process
int64_t cpu_now_ns();  // processor time of this process

// The folder of this executable, and the executable itself.
std::string self_path();
std::string sibling_path(std::string_view name);

}  // namespace plasmite::bench
