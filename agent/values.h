// The value grammars of the command line: sizes, durations, durability, counts; points in time are
// in time_value.h.
// Every failure is a Usage error with a hint. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

// "64K", "1 M", "2g", "4096": digits and an optional 1024-based suffix K, M, G or T.
// Usage: "invalid size", "invalid size suffix", "size overflow", a negative number.
Result<uint64_t> parse_size(std::string_view text);

// "250ms", "10s", "5m", "1h". Usage: "invalid duration".
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// "fast" or "flush". Usage: "invalid durability".
Result<Durability> parse_durability(std::string_view text);

// A whole number without sign for the option or argument `name` ("--tail"). Usage: "invalid value
// ...".
Result<uint64_t> parse_count(std::string_view text, std::string_view name);

// A finite number, 0 or more ("2", "0.5", "1e3"), for the option `name`. Usage: "invalid value
// ...", or that NAME speed must be non-negative.
Result<double> parse_speed(std::string_view text, std::string_view name);

// Nanoseconds since 1970 of the wall clock.
int64_t wall_clock_ns();

}  // namespace plasmite
