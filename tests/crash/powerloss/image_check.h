// Compares what a pool shows after a power loss with what the oracle knows.
#pragma once

#include <string>
#include <vector>

#include "core/pool/pool.h"
#include "tests/crash/powerloss/failures.h"
#include "tests/crash/powerloss/oracle.h"

namespace plasmite::crash {

// One record as a cursor gave it.
struct ShownRecord {
  uint64_t seq;
  int64_t time_ns;
  std::string body;
  std::optional<Gap> gap;  // before it
};

struct ImageFacts {
  std::string where;            // for messages
  uint64_t recovery_slack = 0;  // bytes that recoveries may have written since
  uint64_t head = 0;            // where recovery ended, recovery frame included
  bool clean = false;           // everything was written back: nothing may be missing
};

class ImageCheck {
 public:
  // All must outlive the check. `snapshot` is of the instant of the image.
  ImageCheck(const Oracle& oracle, const Snapshot& snapshot, const ImageFacts& facts,
             PowerlossTotals& totals)
      : oracle_(oracle), snapshot_(snapshot), facts_(facts), totals_(totals) {}

  // Reads everything and checks it. None: reading failed (and was reported).
  std::optional<Survivors> check(const Pool& pool);

  // Appends to the recovered pool: sequence, time and the reported jump must be right.
  void check_appending(Pool& pool);

 private:
  struct Place {
    uint32_t batch;
    size_t index;
  };

  bool read_all(const Pool& pool);
  void identify_all();
  void identify(const ShownRecord& record);
  void check_continuity();
  std::optional<Place> successor(const Place& place, uint32_t shown_batch) const;
  void check_edges();
  void check_required();
  void check_times();
  void check_checkpoints(const Pool& pool);
  void check_checkpoint(int which, uint64_t number);
  void check_info(const Pool& pool);
  bool may_be_retired(uint32_t id, size_t index) const;
  bool is_open_attempt(uint32_t id) const;
  int order_index(uint32_t id) const;
  // Index in the order of the newest batch shown; order.size() for an attempt; -1: nothing shown.
  int newest_shown() const;
  void fail(Broken kind, const std::string& what) { totals_.report(kind, facts_.where, what); }

  const Oracle& oracle_;
  const Snapshot& snapshot_;
  const ImageFacts& facts_;
  PowerlossTotals& totals_;
  std::vector<ShownRecord> shown_;
  std::vector<Place> places_;  // of the identified ones
  Survivors survivors_;
};

}  // namespace plasmite::crash
