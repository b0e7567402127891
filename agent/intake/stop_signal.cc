#include "agent/intake/stop_signal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace plasmite {

Result<StopSignal> StopSignal::create() {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return std::unexpected(errno_error(errno, "cannot make an event descriptor"));
  return StopSignal(std::move(event));
}

StopSignal::StopSignal(StopSignal&& other) noexcept
    : event_(std::move(other.event_)), level_(other.level_.load(std::memory_order_acquire)) {}

void StopSignal::request(Level level) {
  Level seen = level_.load(std::memory_order_acquire);
  while (seen < level && !level_.compare_exchange_weak(seen, level, std::memory_order_acq_rel)) {
  }
  const uint64_t one = 1;
  // Fails only if the counter is at its end: then it is readable all the same.
  (void)!::write(event_.get(), &one, sizeof one);
}

void StopSignal::acknowledge() {
  uint64_t count = 0;
  (void)!::read(event_.get(), &count, sizeof count);
}

bool StopSignal::wait_for(std::chrono::milliseconds timeout, Level seen) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (level() <= seen) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd event{.fd = event_.get(), .events = POLLIN, .revents = 0};
    constexpr int64_t kLongest = 3600 * 1000;
    (void)::poll(&event, 1, static_cast<int>(std::min<int64_t>(left.count(), kLongest)));
    // Readable for a request that was seen already and not acknowledged: no reason to spin.
    if (level() <= seen && (event.revents & POLLIN) != 0) (void)::poll(nullptr, 0, 10);
  }
  return true;
}

}  // namespace plasmite
