#include "tests/crash/powerloss/interpose.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

namespace plasmite::crash {
namespace {

SyncObserver* g_observer = nullptr;
int64_t g_wall_clock_ns = 0;

// Which file is mapped at an address, and where in it that address lies.
bool find_mapping(uintptr_t address, ino_t* inode, size_t* offset) {
  std::FILE* maps = std::fopen("/proc/self/maps", "re");
  if (!maps) return false;
  char line[512];
  bool found = false;
  while (!found && std::fgets(line, sizeof(line), maps)) {
    unsigned long begin = 0, end = 0, at = 0, number = 0;
    if (std::sscanf(line, "%lx-%lx %*s %lx %*s %lu", &begin, &end, &at, &number) != 4) continue;
    found = address >= begin && address < end;
    *inode = number;
    *offset = at + (address - begin);
  }
  std::fclose(maps);
  return found;
}

int sync_file(long number, int fd) {
  struct stat status = {};
  const bool known = g_observer && ::fstat(fd, &status) == 0;
  if (known) g_observer->sync_began(status.st_ino, fd);
  const auto result = static_cast<int>(::syscall(number, fd));
  if (known && result == 0) g_observer->sync_ended(status.st_ino, 0, SIZE_MAX);
  return result;
}

}  // namespace

void observe_syncs(SyncObserver* observer) { g_observer = observer; }
void set_wall_clock(int64_t time_ns) { g_wall_clock_ns = time_ns; }

}  // namespace plasmite::crash

namespace crash = plasmite::crash;

extern "C" int fdatasync(int fd) { return crash::sync_file(SYS_fdatasync, fd); }
extern "C" int fsync(int fd) { return crash::sync_file(SYS_fsync, fd); }

extern "C" int msync(void* address, size_t length, int flags) {
  ino_t inode = 0;
  size_t offset = 0;
  const bool known = crash::g_observer && (flags & MS_SYNC) != 0 &&
                     crash::find_mapping(reinterpret_cast<uintptr_t>(address), &inode, &offset);
  if (known) crash::g_observer->sync_began(inode, -1);
  const auto result = static_cast<int>(::syscall(SYS_msync, address, length, flags));
  if (known && result == 0) crash::g_observer->sync_ended(inode, offset, length);
  return result;
}

extern "C" int clock_gettime(clockid_t clock, struct timespec* time) noexcept {
  if (clock == CLOCK_REALTIME && crash::g_wall_clock_ns != 0) {
    time->tv_sec = crash::g_wall_clock_ns / 1'000'000'000;
    time->tv_nsec = crash::g_wall_clock_ns % 1'000'000'000;
    return 0;
  }
  return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
}
