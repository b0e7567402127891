// std::mutex and std::timed_mutex with clang's thread-safety annotations.
#pragma once

#include <chrono>
#include <mutex>

#if defined(__clang__)
#define PLASMITE_ANNOTATE(x) __attribute__((x))
#else
#define PLASMITE_ANNOTATE(x)
#endif

#define CAPABILITY(x) PLASMITE_ANNOTATE(capability(x))
#define SCOPED_CAPABILITY PLASMITE_ANNOTATE(scoped_lockable)
#define GUARDED_BY(x) PLASMITE_ANNOTATE(guarded_by(x))
#define REQUIRES(...) PLASMITE_ANNOTATE(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) PLASMITE_ANNOTATE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) PLASMITE_ANNOTATE(release_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) PLASMITE_ANNOTATE(try_acquire_capability(__VA_ARGS__))
// For locks that travel in an object: acquired in one function, released in another.
#define NO_THREAD_SAFETY_ANALYSIS PLASMITE_ANNOTATE(no_thread_safety_analysis)

namespace plasmite {

class CAPABILITY("mutex") TimedMutex {
 public:
  bool try_lock_until(std::chrono::steady_clock::time_point deadline) TRY_ACQUIRE(true) {
    return mutex_.try_lock_until(deadline);
  }
  bool try_lock() TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  std::timed_mutex mutex_;
};

class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a Mutex for a scope.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace plasmite
