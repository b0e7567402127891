// Stands between the engine and the kernel: this program defines fdatasync(), fsync(), msync() and
// clock_gettime() itself. So the disk model learns of every sync exactly which bytes it covers, and
// scenarios may stop the wall clock or turn it back.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace plasmite::crash {

class SyncObserver {
 public:
  virtual ~SyncObserver() = default;
  // A sync of file `inode` is about to begin, and has ended. `fd`: -1 when it is by address.
  virtual void sync_began(ino_t inode, int fd) = 0;
  virtual void sync_ended(ino_t inode, size_t offset, size_t length) = 0;
};

// None: nobody. The observer must outlive its registration. One thread only.
void observe_syncs(SyncObserver* observer);

// The wall clock reads exactly this from now on; 0: the real time.
void set_wall_clock(int64_t time_ns);

}  // namespace plasmite::crash
