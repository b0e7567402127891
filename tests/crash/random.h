// Replayable random numbers: every decision of a run follows from its seed.
#pragma once

#include <cstdint>

namespace plasmite::crash {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t limit) { return limit == 0 ? 0 : next() % limit; }
  uint64_t between(uint64_t first, uint64_t last) { return first + below(last - first + 1); }
  bool one_in(uint64_t times) { return below(times) == 0; }
  bool percent(uint64_t chance) { return below(100) < chance; }

  // A generator of its own for part `which`, so that parts do not disturb each other's numbers.
  Random fork(uint64_t which) const {
    Random mixed(state_ ^ (which + 1) * 0xD1342543DE82EF95);
    return Random(mixed.next());
  }

 private:
  uint64_t state_;
};

}  // namespace plasmite::crash
