#include "agent/daemon/lock_holder.h"

#include <sys/sysmacros.h>

#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace plasmite {

// "1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF"; a process of another pid namespace is 0.
std::string lock_holder(const struct stat& file) {
  const std::string wanted =
      fmt::format("{:02x}:{:02x}:{}", major(file.st_dev), minor(file.st_dev), file.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, mode, access, where;
    long pid = 0;
    if (words >> number >> kind >> mode >> access >> pid >> where && kind == "FLOCK" && pid > 0 &&
        where == wanted)
      return ", process " + std::to_string(pid);
  }
  return {};
}

}  // namespace plasmite
