// The two locks of a pool. Both belong to the kernel, which frees them when their holder dies, at any
// instant, in any pid namespace. Waiting is bounded. Order: flush lock before writer lock.
#pragma once

#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/pool/event.h"
#include "core/pool/pool_handle.h"

namespace plasmite {

// What came of trying to take a lock without waiting.
enum class TryLock : uint8_t { taken, busy, failed };  // failed: errno says why

inline TryLock try_flock(int fd) {
  if (const int injected = injected_failure(Call::flock); injected != 0) {
    errno = injected;
    return injected == EWOULDBLOCK ? TryLock::busy : TryLock::failed;
  }
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return TryLock::busy;
    if (errno != EINTR) return TryLock::failed;
  }
  return TryLock::taken;
}

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
  static Result<void> wait_for_thread(PoolHandle& handle,
                                      Deadline& deadline) NO_THREAD_SAFETY_ANALYSIS;
  static Result<void> wait_for_process(PoolHandle& handle, TryLock first_try, Deadline& deadline);
  static Result<void> repair_after_death(PoolHandle& handle);

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

// acquire() and release() are inline because a function that makes a system call is dear to leave: where
// the kernel guards its returns against speculation, the processor has forgotten by then who called, and
// each return up the stack is mispredicted, for some 6 ns. So the fewer functions an append is in when it
// locks and unlocks, the better.

inline Result<WriterLock> WriterLock::acquire(PoolHandle& handle, Deadline& deadline) {
  if (!handle.writer_mutex.try_lock()) {
    if (auto got = wait_for_thread(handle, deadline); !got)
      return std::unexpected(std::move(got.error()));
  }
  if (const TryLock first_try = try_flock(handle.fd.get()); first_try != TryLock::taken) {
    if (auto got = wait_for_process(handle, first_try, deadline); !got) {
      handle.writer_mutex.unlock();
      return std::unexpected(std::move(got.error()));
    }
  }
  WriterLock lock(handle);
  store_relaxed(handle.view.live->writer_pid, handle.pid);
  probe(Step::locked, handle.view.base);
  handle.settle_replacement();
  if (load_acquire(handle.view.live->writing) != 0) {
    if (auto repaired = repair_after_death(handle); !repaired)
      return std::unexpected(std::move(repaired.error()));
  }
  return lock;
}

inline void WriterLock::release() {
  if (!handle_) return;
  PoolHandle& handle = *std::exchange(handle_, nullptr);
  store_relaxed(handle.view.live->writer_pid, uint64_t{0});
  ::flock(handle.fd.get(), LOCK_UN);
  probe(Step::unlocked, handle.view.base);
  Event event(handle.wait_page->writer_lock);
  if (event.somebody_announced() && event.signal()) event.wake_one();
  handle.writer_mutex.unlock();
}

}  // namespace plasmite
