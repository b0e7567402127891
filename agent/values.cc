#include "agent/values.h"

#include <ctime>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "agent/text_trim.h"

namespace plasmite {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

// What follows leading digits.
struct Quantity {
  bool has_digits = false;
  bool overflow = false;
  uint64_t value = 0;
  std::string_view unit;  // trimmed
};

Quantity read_quantity(std::string_view text) {
  text = trim(text);
  Quantity result;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result.value);
  result.has_digits = end != text.data();
  result.overflow = error == std::errc::result_out_of_range;
  result.unit = trim(text.substr(static_cast<size_t>(end - text.data())));
  return result;
}

Error usage(std::string message, std::string hint) {
  return Error(ErrorKind::Usage, std::move(message)).with_hint(std::move(hint));
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// Multiplies, or fails when the product exceeds `limit`.
std::optional<uint64_t> scaled(uint64_t value, uint64_t factor, uint64_t limit) {
  uint64_t product = 0;
  if (__builtin_mul_overflow(value, factor, &product) || product > limit) return std::nullopt;
  return product;
}

std::optional<uint64_t> size_factor(std::string_view unit) {
  if (unit.empty()) return 1;
  if (unit.size() != 1) return std::nullopt;
  switch (unit[0]) {
    case 'k':
    case 'K':
      return 1ull << 10;
    case 'm':
    case 'M':
      return 1ull << 20;
    case 'g':
    case 'G':
      return 1ull << 30;
    case 't':
    case 'T':
      return 1ull << 40;
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<uint64_t> parse_size(std::string_view text) {
  constexpr const char* kHint =
      "Use a whole number of bytes, or one with K, M, G or T (64K, 16M, 2G).";
  const Quantity quantity = read_quantity(text);
  if (trim(text).starts_with('-'))
    return std::unexpected(
        usage("invalid size " + quoted(text) + ": it cannot be negative", kHint));
  if (!quantity.has_digits) return std::unexpected(usage("invalid size " + quoted(text), kHint));
  const auto factor = size_factor(quantity.unit);
  if (!factor) return std::unexpected(usage("invalid size suffix in " + quoted(text), kHint));
  const auto bytes = scaled(quantity.value, *factor, std::numeric_limits<uint64_t>::max());
  if (quantity.overflow || !bytes)
    return std::unexpected(usage("size overflow: " + quoted(text) + " is beyond 64 bits", kHint));
  return *bytes;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr const char* kHint = "Use a whole number and a unit: 250ms, 10s, 5m, 1h.";
  // Far enough for anybody, and safe to add to any clock in nanoseconds.
  constexpr uint64_t kLongestMs = 100ull * 365 * 24 * 3600 * 1000;
  const Quantity quantity = read_quantity(text);
  uint64_t factor = 0;
  if (quantity.unit == "ms") factor = 1;
  if (quantity.unit == "s") factor = 1000;
  if (quantity.unit == "m") factor = 60 * 1000;
  if (quantity.unit == "h") factor = 60 * 60 * 1000;
  if (!quantity.has_digits || factor == 0)
    return std::unexpected(usage("invalid duration " + quoted(text), kHint));
  const auto duration_ms = scaled(quantity.value, factor, kLongestMs);
  if (quantity.overflow || !duration_ms) {
    return std::unexpected(
        usage("invalid duration " + quoted(text) + ": longer than 100 years", kHint));
  }
  return std::chrono::milliseconds(*duration_ms);
}

Result<Durability> parse_durability(std::string_view text) {
  const std::string_view word = trim(text);
  if (word == "fast") return Durability::fast;
  if (word == "flush") return Durability::flush;
  return std::unexpected(usage("invalid durability " + quoted(text), "Use fast or flush."));
}

Result<uint64_t> parse_count(std::string_view text, std::string_view name) {
  const Quantity quantity = read_quantity(text);
  if (quantity.has_digits && quantity.unit.empty() && !quantity.overflow) return quantity.value;
  const std::string_view why = trim(text).starts_with('-') ? ": it cannot be negative"
                               : quantity.overflow         ? ": it is beyond 64 bits"
                                                           : "";
  return std::unexpected(
      usage("invalid value " + quoted(text) + " for '" + std::string(name) + "'" + std::string(why),
            "Use a whole number, 0 or more."));
}

Result<double> parse_speed(std::string_view text, std::string_view name) {
  constexpr const char* kHint =
      "Use 1 for the recorded pace, 10 for ten times as fast, 0 for no pauses.";
  const std::string_view number = trim(text);
  double speed = 0;
  const char* const stop = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), stop, speed);
  if (error != std::errc() || end != stop || !std::isfinite(speed)) {
    return std::unexpected(
        usage("invalid value " + quoted(text) + " for '" + std::string(name) + "'", kHint));
  }
  if (speed < 0)
    return std::unexpected(usage(std::string(name) + " speed must be non-negative", kHint));
  return speed;
}

int64_t wall_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

}  // namespace plasmite
