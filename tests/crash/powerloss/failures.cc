#include "tests/crash/powerloss/failures.h"

#include <cstdio>

namespace plasmite::crash {

static constexpr uint64_t kFailuresTold = 20;

void PowerlossTotals::report(Broken kind, const std::string& where, const std::string& what) {
  ++broken[static_cast<int>(kind)];
  if (total_broken() > kFailuresTold) return;
  std::fprintf(stderr, "%s: %s: %s\n", kBrokenNames[static_cast<int>(kind)], where.c_str(),
               what.c_str());
}

}  // namespace plasmite::crash
