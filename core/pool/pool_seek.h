// Finding positions by sequence and by time, without a lock: one index probe, or a search over the index
// (time_search.h), then a walk over at most a bucket of records.
#pragma once

#include <cstdint>
#include <optional>

#include "core/pool/pool_handle.h"
#include "core/pool/pool_view.h"

namespace plasmite {

struct Bounds {
  uint64_t tail;
  uint64_t head;
  uint64_t next_seq;
  uint64_t last_time;
};

// Consistent enough to search in: tail was read after the commit record. None: damage.
std::optional<Bounds> read_bounds(const PoolView& view);

// Where a reader that wants `seq` must begin: at its frame or before it, at most a bucket away; tail
// if it was retired or the index is of no use; head if it is not there yet.
uint64_t seek_seq(const PoolView& view, const Bounds& bounds, uint64_t seq);

// At most a bucket before the newest record; tail if the index is of no use.
uint64_t seek_newest_bucket(const PoolView& view, const Bounds& bounds);

// Where a reader that wants records with time >= `time` must begin.
uint64_t seek_time(const PoolHandle& handle, const Bounds& bounds, uint64_t time);

}  // namespace plasmite
