// What a jq program may use and what it may cost.
#pragma once

#include <chrono>
#include <cstdint>

namespace plasmite {

// Every caller says it: a default would be wrong for somebody.
enum class FilterReach : uint8_t {
  host,     // all of jq, like whoever runs this program: environment, modules, ~/.jq
  message,  // its message and the clock, nothing else: for programs that others hand in
};

// What one message may cost, and one program when it is compiled.
struct FilterLimits {
  uint64_t memory_bytes = 1ull << 30;         // address space of the whole process
  std::chrono::milliseconds cpu_time{2'000};  // processor time, in steps of 20 ms
};

// For whoever runs this program: anything that a message of 1 MiB may need. For others: little
// enough that some dozens of them at once harm nobody.
constexpr FilterLimits limits_for(FilterReach reach) {
  if (reach == FilterReach::host) return {};
  return {.memory_bytes = 512u << 20, .cpu_time = std::chrono::milliseconds(500)};
}

}  // namespace plasmite
