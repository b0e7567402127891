// Thread-safety: free function.
#pragma once

#include <sys/stat.h>

#include <string>

namespace plasmite {

// ", process N" for the holder of a flock(2) on this file, as the kernel lists it; empty if it does
// not say: the file is not locked, or lies on a filesystem whose devices have names of their own.
std::string lock_holder(const struct stat& file);

}  // namespace plasmite
