#include "agent/output/human.h"

#include <algorithm>
#include <array>

#include "core/record/timestamp.h"

namespace plasmite {

std::string human_size(uint64_t bytes) {
  constexpr std::array<char, 4> kUnits = {'K', 'M', 'G', 'T'};
  if (bytes < 1024) return std::to_string(bytes);
  size_t unit = 0;
  uint64_t scale = 1024;
  while (unit + 1 < kUnits.size() && bytes / scale >= 1024) {
    scale *= 1024;
    ++unit;
  }
  // Tenths without multiplying `bytes`, which could overflow; rounded to the nearest.
  uint64_t whole = bytes / scale;
  uint64_t tenths = ((bytes % scale) * 10 / (scale / 2) + 1) / 2;
  if (tenths == 10) {
    ++whole;
    tenths = 0;
  }
  std::string text = std::to_string(whole);
  if (bytes % scale != 0) text += "." + std::to_string(tenths);
  return text + kUnits[unit];
}

std::string human_age(std::optional<int64_t> time_ns, int64_t now_ns) {
  if (!time_ns) return "-";
  const int64_t seconds = std::max<int64_t>((now_ns - *time_ns) / 1'000'000'000, 1);
  struct Unit {
    int64_t below, seconds;
    char name;
  };
  constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kWeek = 7 * kDay;
  constexpr std::array kUnits = {Unit{kMinute, 1, 's'}, Unit{kHour, kMinute, 'm'},
                                 Unit{kDay, kHour, 'h'}, Unit{kWeek, kDay, 'd'}};
  for (const Unit& unit : kUnits) {
    if (seconds < unit.below) return std::to_string(seconds / unit.seconds) + unit.name + " ago";
  }
  return std::to_string(seconds / kWeek) + "w ago";
}

std::string human_time(std::optional<int64_t> time_ns) {
  if (!time_ns) return "-";
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t rest = *time_ns % kSecond;
  if (rest < 0) rest += kSecond;
  std::string text;
  append_rfc3339(text, *time_ns - rest);
  return text;
}

std::string hundredths(uint64_t value) {
  std::string text = std::to_string(value / 100) + "." + std::to_string(value % 100 / 10);
  if (value % 10 != 0) text += std::to_string(value % 10);
  return text;
}

std::string counted(uint64_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace plasmite
