// Arbitrary bytes where a person writes a size, a duration, a number, a speed or a point in time.
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <string>

#include "agent/time_value.h"
#include "agent/values.h"
#include "core/base/check.h"
#include "core/record/timestamp.h"
#include "tests/fuzz/fuzz_input.h"

namespace plasmite {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kDayNs = 86400 * kSecondNs;

// Rules, not names: they need no files.
void use_zone(uint8_t choice) {
  constexpr const char* kZones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "NST3:30", "XXX-14"};
  ::setenv("TZ", kZones[choice % std::size(kZones)], 1);
  ::tzset();
}

void check_refusal(const Error& error) {
  PLASMITE_CHECK(error.kind() == ErrorKind::Usage && !error.hint().empty());
}

void check_time(std::string_view text, int64_t now_ns) {
  const auto since = parse_since(text, now_ns);
  const auto until = parse_until(text, now_ns);
  PLASMITE_CHECK(since.has_value() == until.has_value());
  if (!since) {
    check_refusal(since.error());
    return check_refusal(until.error());
  }
  // They differ where a clock time is still to come, by a day as long as days are.
  const int64_t apart = *until - *since;
  PLASMITE_CHECK(apart == 0 || (*since <= now_ns && *until > now_ns && apart > kDayNs / 2 &&
                                apart < kDayNs + kDayNs / 2));
  std::string printed;
  append_rfc3339(printed, *since);
  PLASMITE_CHECK(parse_since(printed, now_ns) == *since);
}

void check_quantities(std::string_view text) {
  const auto size = parse_size(text);
  if (!size) check_refusal(size.error());
  if (size) PLASMITE_CHECK(parse_size(std::to_string(*size)) == *size);
  const auto duration = parse_duration(text);
  if (!duration) check_refusal(duration.error());
  if (duration) {
    PLASMITE_CHECK(duration->count() >= 0 && duration->count() <= 100ll * 365 * 86400 * 1000);
    PLASMITE_CHECK(parse_duration(std::to_string(duration->count()) + "ms") == *duration);
  }
  const auto count = parse_count(text, "--tail");
  if (!count) check_refusal(count.error());
  if (count) PLASMITE_CHECK(size == *count);
}

void check_speed(std::string_view text) {
  const auto speed = parse_speed(text, "--replay");
  if (!speed) return check_refusal(speed.error());
  PLASMITE_CHECK(std::isfinite(*speed) && *speed >= 0);
  std::array<char, 64> printed{};
  const auto [end, error] = std::to_chars(printed.data(), printed.data() + printed.size(), *speed);
  PLASMITE_CHECK(error == std::errc());
  PLASMITE_CHECK(parse_speed({printed.data(), end}, "--replay") == *speed);
}

}  // namespace
}  // namespace plasmite

// Any day of the years 1970 to 2106, in one of a few zones; the rest is the text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::FuzzInput input(data, size);
  plasmite::use_zone(input.byte());
  const int64_t now_ns = input.number<uint32_t>() * plasmite::kSecondNs;
  plasmite::check_time(input.rest(), now_ns);
  plasmite::check_quantities(input.rest());
  plasmite::check_speed(input.rest());
  return 0;
}
