// Sizes, ages and times as people read them. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace plasmite {

// 512 -> "512", 1048576 -> "1M", 1536 -> "1.5K".
std::string human_size(uint64_t bytes);

// "12s ago", "3m ago", ... "2w ago"; "-" when unknown.
std::string human_age(std::optional<int64_t> time_ns, int64_t now_ns);

// "2026-05-04T10:11:12Z"; "-" when unknown.
std::string human_time(std::optional<int64_t> time_ns);

// "2.95" for 295 hundredths, "2.0" for 200: a JSON number with one or two decimals.
std::string hundredths(uint64_t value);

// "1 record", "2 records".
std::string counted(uint64_t count, const char* noun);

}  // namespace plasmite
