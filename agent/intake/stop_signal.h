// How a source, which sleeps in poll(2) in a thread of its own, is told to end. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class StopSignal {
 public:
  enum class Level : uint8_t {
    run,    // nobody asked
    drain,  // take in what is there already, then end
    now,    // end at once; what was acknowledged stays, nothing else need be saved
  };

  static Result<StopSignal> create();
  StopSignal(StopSignal&& other) noexcept;
  StopSignal& operator=(StopSignal&&) = delete;

  // Only ever rises.
  void request(Level level);
  Level level() const { return level_.load(std::memory_order_acquire); }  // pairs with request

  // Readable while there is a request that acknowledge() did not see.
  int fd() const { return event_.get(); }
  void acknowledge();

  // Sleeps until the level is above `seen` or the time is over. True: it is above.
  bool wait_for(std::chrono::milliseconds timeout, Level seen = Level::run) const;

 private:
  explicit StopSignal(UniqueFd event) : event_(std::move(event)) {}

  UniqueFd event_;
  std::atomic<Level> level_{Level::run};
};

}  // namespace plasmite
