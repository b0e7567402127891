// Points in time as people write them: ages, clock times, days, RFC 3339. Pure but for the time
// zone
// ($TZ, /etc/localtime) of what is written without one. Thread-safety: as localtime_r and mktime.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/error.h"

namespace plasmite {

// For --since and --until, in nanoseconds since 1970, negative before it; `now_ns` is the wall
// clock.
//
//   30m  1h30m  2d       that long ago (s m h d, larger units first, each once); more than fits:
//   1970 +30m                 that long from now, 100 years at most 10:15  10:15:30.5    today; for
//   --since one that is still to come is yesterday's 2026-05-04           a day, its midnight; or
//   today, yesterday, tomorrow 2026-05-04 10:15     both, also with a T between now
//   2026-05-04T10:11:12Z RFC 3339 with any offset
//
// Without an offset a time is local. Usage: "invalid --since value", "invalid --until value".
Result<int64_t> parse_since(std::string_view text, int64_t now_ns);
Result<int64_t> parse_until(std::string_view text, int64_t now_ns);

}  // namespace plasmite
