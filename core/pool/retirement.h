// Which records an append gives up to make room.
#pragma once

#include <cstdint>

#include "core/pool/pool_view.h"

namespace plasmite {

// The tail that leaves room: the first plausible frame at or behind `retire_to`, or one a little
// further where that spares looking at each. At most `head`. A damaged frame cannot wedge the pool:
// the walk continues at the next intact one. For the writer lock's holder; changes nothing.
uint64_t tail_from(const PoolView& view, uint64_t retire_to, uint64_t head);

}  // namespace plasmite
