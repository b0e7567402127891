// What the power-loss simulator counts, and how it tells.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace plasmite::crash {

enum class Broken : uint8_t {
  flushed_lost,      // a record that a flush or a recovery vouched for is missing
  torn,              // a record or batch shown that nobody published, or not whole
  seq_reused,        // a sequence that was visible belongs to another record
  open_failures,     // the pool does not open, read or take records
  checkpoint_wrong,  // newer than the records, or older than a flushed one
  gap_wrong,         // a jump in the sequence reported wrongly, or time going back
  clean_lost,        // something missing although everything was written back
};
inline constexpr int kBrokenKinds = 7;
inline constexpr const char* kBrokenNames[kBrokenKinds] = {
    "flushed_lost",     "torn",      "seq_reused", "open_failures",
    "checkpoint_wrong", "gap_wrong", "clean_lost"};

struct PowerlossTotals {
  std::array<uint64_t, kBrokenKinds> broken{};
  uint64_t images = 0;
  uint64_t recovery_images = 0;  // of these: taken inside a recovery
  uint64_t scenarios = 0;
  uint64_t lives = 0;
  uint64_t deaths = 0;
  uint64_t repairs = 0;
  uint64_t records_compared = 0;
  uint64_t checkpoints_exact = 0;
  uint64_t checkpoints_older = 0;

  uint64_t total_broken() const {
    uint64_t sum = 0;
    for (const uint64_t count : broken) sum += count;
    return sum;
  }
  // Counts, and tells the first few on stderr. `where` names scenario, operation, step and pick.
  void report(Broken kind, const std::string& where, const std::string& what);
};

}  // namespace plasmite::crash
