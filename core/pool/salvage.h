// What can still be made out in a damaged pool: how far it had come, which records are intact,
// which checkpoints. Changes nothing; the caller holds the file's lock.
#pragma once

#include <cstdint>
#include <vector>

#include "core/pool/pool_handle.h"

namespace plasmite {

// What the live page and the anchors say about how far the pool had come. Each is only believed as
// a lower bound, and only if it is sane.
struct KnownLimits {
  uint64_t reference = 0;         // a position near the newest
  uint64_t floor = 0;             // frames below were retired
  uint64_t ceiling = UINT64_MAX;  // frames from here on were never published
  uint64_t next_seq = 1;
  bool live = false;      // the live page is of this boot and this file, and not damaged
  bool anchored = false;  // one of the anchors is intact
};

KnownLimits known_limits(const PoolHandle& handle);

struct FoundRecord {
  uint64_t position;
  uint64_t seq;
  uint64_t skipped;  // sequences just before it that recovery frames say were never given out
};

struct FoundRecords {
  std::vector<FoundRecord> records;  // in order
  uint64_t skipped_at_end = 0;       // the same behind the last
  uint64_t end = 0;                  // of the last intact frame, control frames included
};

// Every intact record frame in the ring, in order.
FoundRecords find_records(const PoolView& view, const KnownLimits& limits);

// Of the two copies of a slot in the table, and those in the anchors, the newest that is intact and
// not newer than the records. Where the live page can be trusted it says which copy of the table
// counts. For a new file, whose positions start over: they stand at its beginning.
std::vector<CheckpointSlot> salvage_checkpoints(const PoolView& view, const KnownLimits& limits);

}  // namespace plasmite
