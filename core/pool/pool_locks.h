// The two locks of a pool. Both belong to the kernel, which frees them when their holder dies, at any
// instant, in any pid namespace. Waiting is bounded. Order: flush lock before writer lock.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/pool/pool_handle.h"

namespace plasmite {

// flock(2) on the pool file, exclusive: whoever holds it may write the live page and the ring. If the
// last holder died inside an append, acquire() repairs before it returns.
class WriterLock {
 public:
  // Busy after the deadline, naming the holder. `handle` must outlive the lock.
  static Result<WriterLock> acquire(PoolHandle& handle, Deadline& deadline) NO_THREAD_SAFETY_ANALYSIS;

  WriterLock(WriterLock&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;
  WriterLock& operator=(WriterLock&&) = delete;
  ~WriterLock() { release(); }

  void release() NO_THREAD_SAFETY_ANALYSIS;

 private:
  explicit WriterLock(PoolHandle& handle) : handle_(&handle) {}
  PoolHandle* handle_;
};

// An OFD byte-range lock on the anchors: whoever holds it may sync and write an anchor.
class FlushLock {
 public:
  static Result<FlushLock> acquire(PoolHandle& handle, Deadline& deadline) NO_THREAD_SAFETY_ANALYSIS;

  FlushLock(FlushLock&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  FlushLock(const FlushLock&) = delete;
  FlushLock& operator=(const FlushLock&) = delete;
  FlushLock& operator=(FlushLock&&) = delete;
  ~FlushLock() NO_THREAD_SAFETY_ANALYSIS;

 private:
  explicit FlushLock(PoolHandle& handle) : handle_(&handle) {}
  PoolHandle* handle_;
};

// flock on a descriptor whose live page cannot be trusted yet (opening, recovery): no event, no repair;
// polls up to the deadline. Unlocks when the descriptor closes or unlock_file() is called.
Result<void> lock_file(int fd, const std::string& path, Deadline& deadline);
void unlock_file(int fd);

// For who is about to replace the pool's file: programs that hold locks from byte kUserLocksOffset on
// rely on this very file. Busy, with `hint`, if there is one; else nobody gets such a lock until
// admit_lock_holders(), or until the descriptor closes.
Result<void> exclude_lock_holders(const PoolHandle& pool, std::string_view hint);
void admit_lock_holders(const PoolHandle& pool);

}  // namespace plasmite
