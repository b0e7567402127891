#include "core/pool/pool_locks.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <thread>

#include "core/base/probe.h"
#include "core/pool/checkpoint_table.h"
#include "core/pool/event.h"
#include "core/pool/pool_sync.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A waiter that the unlocker overlooked (it died before waking anybody) looks again by itself.
constexpr milliseconds kLockSleepCap{10};

TryLock try_ofd_lock(int fd) {
  if (const int injected = injected_failure(Call::ofd_lock); injected != 0) {
    errno = injected;
    return TryLock::failed;
  }
  struct flock range = {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(kAnchorsOffset);
  range.l_len = 1;
  for (;;) {
    if (::fcntl(fd, F_OFD_SETLK, &range) == 0) return TryLock::taken;
    if (errno == EAGAIN || errno == EACCES) return TryLock::busy;
    if (errno != EINTR) return TryLock::failed;
  }
}

// After a first try that found it busy: tries until taken or the deadline, sleeps on `event` between.
template <class Try>
TryLock wait_for(Try attempt, Event event, Deadline& deadline) {
  for (;;) {
    // Announce before every further try, also after a wake-up: the unlock of whoever gets the lock then
    // wakes the next waiter, and nobody sleeps out the cap.
    const uint32_t announced = event.announce();
    if (const TryLock result = attempt(); result != TryLock::busy) return result;
    const auto left = deadline.get() - steady_clock::now();
    if (left <= steady_clock::duration::zero()) return TryLock::busy;
    event.sleep(announced, std::min<std::chrono::nanoseconds>(left, kLockSleepCap));
  }
}

std::string process_name(uint64_t pid) {
  std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(comm, name);
  return name;
}

Error busy_error(const PoolHandle& handle, uint64_t holder_pid) {
  std::string message = "pool is locked by another writer";
  if (holder_pid != 0) {
    const std::string name = process_name(holder_pid);
    message = "pool is locked by process " + std::to_string(holder_pid) +
              (name.empty() ? std::string(" (in another namespace, or gone)") : " (" + name + ")");
  }
  return Error(ErrorKind::Busy, std::move(message))
      .with_path(handle.path.string())
      .with_hint("Another writer holds the lock. Retry, wait longer with --lock-timeout, or look at "
                 "that process: it may be stopped.");
}

// All bytes from kUserLocksOffset on.
int set_user_locks(const PoolHandle& pool, short type) {
  struct flock range = {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(kUserLocksOffset);
  return ::fcntl(pool.fd.get(), F_OFD_SETLK, &range);
}

}  // namespace

Result<void> WriterLock::wait_for_thread(PoolHandle& handle, Deadline& deadline) {
  if (handle.writer_mutex.try_lock_until(deadline.get())) return {};
  return std::unexpected(busy_error(handle, handle.pid));
}

Result<void> WriterLock::wait_for_process(PoolHandle& handle, TryLock first_try,
                                          Deadline& deadline) {
  TryLock result = first_try;
  if (result == TryLock::busy)
    result = wait_for([&] { return try_flock(handle.fd.get()); },
                      Event(handle.wait_page->writer_lock), deadline);
  if (result == TryLock::taken) return {};
  if (result == TryLock::busy)
    return std::unexpected(busy_error(handle, load_relaxed(handle.view.live->writer_pid)));
  return std::unexpected(errno_error(errno, "failed to lock pool", handle.path.string()));
}

// The holder before us died inside an append. Whatever it left is either invisible or complete
// (see the table in pool_format.h); three things remain: sleepers nobody woke, a complete but unpublished
// batch at head that a power loss could bring back under sequences that were given to others, and
// the mark itself, cleared last so that a death in here repeats it.
Result<void> WriterLock::repair_after_death(PoolHandle& handle) {
  Event event(handle.wait_page->event);
  event.signal();
  event.wake_all();
  LivePage& live = *handle.view.live;
  const uint64_t head = load_relaxed(live.head);
  const uint64_t tail = load_relaxed(live.tail);
  Ring& ring = handle.view.ring;
  if (const auto commit = handle.view.read_commit())
    discard_unpublished_checkpoints(handle.view, commit->checkpoint_sel, head);
  // With less free space than a header no attempt can have written at head.
  const bool free_space = tail + ring.size() >= head + sizeof(FrameHeader);
  if (free_space && !is_off(Protection::scrub_dead_attempt)) {
    // All four words: a later attempt may write the first one again exactly as it was. And also if they
    // are zero already: a repairer before us may have died before its sync.
    for (uint64_t at = 0; at < sizeof(FrameHeader); at += 8) ring.store(head + at, 0);
    probe(Step::repair_scrubbed, handle.view.base);
    if (auto synced = sync_data(handle); !synced) return synced;
  }
  store_relaxed(live.repairs, load_relaxed(live.repairs) + 1);
  store_release(live.writing, uint64_t{0});
  return {};
}

Result<FlushLock> FlushLock::acquire(PoolHandle& handle, Deadline& deadline) {
  if (!handle.flush_mutex.try_lock() && !handle.flush_mutex.try_lock_until(deadline.get()))
    return std::unexpected(busy_error(handle, handle.pid));
  const auto try_file = [&] { return try_ofd_lock(handle.fd.get()); };
  TryLock result = try_file();
  if (result == TryLock::busy)
    result = wait_for(try_file, Event(handle.wait_page->flush_lock), deadline);
  if (result != TryLock::taken) {
    const int error = errno;
    handle.flush_mutex.unlock();
    if (result == TryLock::busy) return std::unexpected(busy_error(handle, 0));
    return std::unexpected(errno_error(error, "failed to lock pool for flushing", handle.path.string()));
  }
  return FlushLock(handle);
}

FlushLock::~FlushLock() {
  if (!handle_) return;
  struct flock range = {};
  range.l_type = F_UNLCK;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(kAnchorsOffset);
  range.l_len = 1;
  ::fcntl(handle_->fd.get(), F_OFD_SETLK, &range);
  Event event(handle_->wait_page->flush_lock);
  if (event.somebody_announced() && event.signal()) event.wake_all();
  handle_->flush_mutex.unlock();
}

Result<void> lock_file(int fd, const std::string& path, Deadline& deadline) {
  for (;;) {
    const TryLock result = try_flock(fd);
    if (result == TryLock::taken) return {};
    if (result == TryLock::failed)
      return std::unexpected(errno_error(errno, "failed to lock pool", path));
    if (steady_clock::now() >= deadline.get()) {
      return std::unexpected(Error(ErrorKind::Busy, "pool is locked by another process")
                                 .with_path(path)
                                 .with_hint("It is being recovered or written. Retry in a moment."));
    }
    std::this_thread::sleep_for(milliseconds(1));
  }
}

void unlock_file(int fd) { ::flock(fd, LOCK_UN); }

Result<void> exclude_lock_holders(const PoolHandle& pool, std::string_view hint) {
  int error = injected_failure(Call::ofd_lock);
  if (error == 0 && set_user_locks(pool, F_WRLCK) != 0) error = errno;
  if (error == 0) return {};
  if (error != EAGAIN && error != EACCES)
    return std::unexpected(errno_error(error, "failed to lock pool", pool.path.string()));
  return std::unexpected(
      Error(ErrorKind::Busy, "a program that must not lose the pool's file is using it")
          .with_path(pool.path.string())
          .with_hint(std::string(hint)));
}

void admit_lock_holders(const PoolHandle& pool) { set_user_locks(pool, F_UNLCK); }

}  // namespace plasmite
