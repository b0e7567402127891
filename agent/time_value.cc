#include "agent/time_value.h"

#include <charconv>
#include <cstdio>
#include <ctime>
#include <limits>
#include <optional>
#include <string>

#include "agent/text_trim.h"
#include "core/record/timestamp.h"

namespace plasmite {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kDaySeconds = 24 * 60 * 60;
// From now on; longer than anybody waits, and safe to add to any time.
constexpr int64_t kFurthestSeconds = 100 * 365 * kDaySeconds;

struct Point {
  int64_t time_ns;
  bool is_clock_of_today = false;  // "10:15", without a day
};

int64_t unit_seconds(char unit) {
  switch (unit) {
    case 's':
    case 'S':
      return 1;
    case 'm':
    case 'M':
      return 60;
    case 'h':
    case 'H':
      return 60 * 60;
    case 'd':
    case 'D':
      return kDaySeconds;
    default:
      return 0;
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void skip_spaces(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

// "1h30m". Saturates; none: it is no such thing.
std::optional<int64_t> parse_span(std::string_view text) {
  int64_t total = 0;
  int64_t last_unit = std::numeric_limits<int64_t>::max();
  while (!text.empty()) {
    if (!is_digit(text.front())) return std::nullopt;
    int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc::result_out_of_range) count = std::numeric_limits<int64_t>::max();
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    skip_spaces(text);
    const int64_t unit = text.empty() ? 0 : unit_seconds(text.front());
    if (unit == 0 || unit >= last_unit) return std::nullopt;
    last_unit = unit;
    text.remove_prefix(1);
    skip_spaces(text);
    int64_t part = 0;
    if (__builtin_mul_overflow(count, unit, &part) || __builtin_add_overflow(total, part, &total))
      total = part = std::numeric_limits<int64_t>::max();
  }
  if (last_unit == std::numeric_limits<int64_t>::max()) return std::nullopt;  // nothing there
  return total;
}

std::optional<Point> parse_relative(std::string_view text, int64_t now_ns) {
  const bool ahead = text.starts_with('+');
  if (ahead) text.remove_prefix(1);
  const auto seconds = parse_span(text);
  if (!seconds) return std::nullopt;
  if (ahead) {
    if (*seconds > kFurthestSeconds) return std::nullopt;
    return Point{now_ns + *seconds * kSecondNs};
  }
  // Longer ago than 1970 means everything.
  return Point{*seconds > now_ns / kSecondNs ? 0 : now_ns - *seconds * kSecondNs};
}

// The instant at which clocks here show what RFC 3339 `text` would be in UTC. In the hour that a
// change of the clocks leaves out or repeats, the C library's choice.
std::optional<int64_t> from_local(const std::string& text) {
  const auto shown_ns = parse_rfc3339(text + "Z");
  if (!shown_ns) return std::nullopt;
  int64_t second = *shown_ns / kSecondNs;
  int64_t nanos = *shown_ns % kSecondNs;
  if (nanos < 0) {
    --second;
    nanos += kSecondNs;
  }
  const time_t shown = second;
  std::tm fields{};
  if (::gmtime_r(&shown, &fields) == nullptr) return std::nullopt;
  fields.tm_isdst = -1;
  fields.tm_wday = -1;  // -1 is also a time: a failure leaves this as it is
  const time_t utc = std::mktime(&fields);
  if (fields.tm_wday == -1) return std::nullopt;
  int64_t time_ns = 0;
  if (__builtin_mul_overflow(int64_t{utc}, kSecondNs, &time_ns) ||
      __builtin_add_overflow(time_ns, nanos, &time_ns)) {
    return *shown_ns;  // centuries from any record: the nearest time that fits, zones do not matter
  }
  return time_ns;
}

// "2026-05-04" of the day that many days from now's.
std::string local_day(int64_t now_ns, int days_from_now) {
  const time_t now = now_ns / kSecondNs;
  std::tm fields{};
  ::localtime_r(&now, &fields);
  fields.tm_mday += days_from_now;
  fields.tm_hour = 12;  // there on every day, whatever the clocks are changed to
  fields.tm_min = fields.tm_sec = 0;
  fields.tm_isdst = -1;
  (void)std::mktime(&fields);  // carries into month and year
  char text[32];
  const int size = std::snprintf(text, sizeof(text), "%04d-%02d-%02d", fields.tm_year + 1900,
                                 fields.tm_mon + 1, fields.tm_mday);
  return {text, static_cast<size_t>(size)};
}

// Takes a day off the front: a word or a date. Empty: there is none.
std::string take_day(std::string_view& text, int64_t now_ns) {
  struct Word {
    std::string_view name;
    int days_from_now;
  };
  constexpr Word kWords[] = {{"today", 0}, {"yesterday", -1}, {"tomorrow", 1}};
  for (const Word& word : kWords) {
    if (!text.starts_with(word.name)) continue;
    text.remove_prefix(word.name.size());
    return local_day(now_ns, word.days_from_now);
  }
  constexpr size_t kDateChars = 10;
  if (text.size() < kDateChars || text[4] != '-' || text[7] != '-') return {};
  std::string day(text.substr(0, kDateChars));
  text.remove_prefix(kDateChars);
  return day;
}

// "10:15" becomes "10:15:00".
std::string with_seconds(std::string_view clock) {
  std::string text(clock);
  if (text.size() == 5) text += ":00";
  return text;
}

std::optional<Point> parse_local(std::string_view text, int64_t now_ns) {
  std::string_view rest = text;
  const std::string day = take_day(rest, now_ns);
  if (day.empty()) {
    const auto clock = from_local(local_day(now_ns, 0) + "T" + with_seconds(text));
    if (!clock) return std::nullopt;
    return Point{.time_ns = *clock, .is_clock_of_today = true};
  }
  std::string clock = "00:00:00";
  if (!rest.empty()) {
    if (!is_space(rest.front()) && rest.front() != 'T' && rest.front() != 't') return std::nullopt;
    rest.remove_prefix(1);
    skip_spaces(rest);
    clock = with_seconds(rest);
  }
  const auto time_ns = from_local(day + "T" + clock);
  if (!time_ns) return std::nullopt;
  return Point{*time_ns};
}

Result<Point> parse_point(std::string_view option, std::string_view given, int64_t now_ns) {
  const std::string_view text = trim(given);
  if (text == "now") return Point{now_ns};
  if (const auto time_ns = parse_rfc3339(text)) return Point{*time_ns};
  if (const auto relative = parse_relative(text, now_ns)) return *relative;
  if (const auto local = parse_local(text, now_ns)) return *local;
  return std::unexpected(
      Error(ErrorKind::Usage,
            "invalid " + std::string(option) + " value '" + std::string(given) + "'")
          .with_hint("Use an age (30s, 10m, 1h30m, 2d), a clock time (10:15), a day (yesterday, "
                     "2026-05-04), both ('yesterday 10:15') or RFC 3339 (2026-05-04T10:11:12Z); "
                     "+10m is that long from now."));
}

}  // namespace

Result<int64_t> parse_since(std::string_view text, int64_t now_ns) {
  const auto point = parse_point("--since", text, now_ns);
  if (!point) return std::unexpected(point.error());
  if (!point->is_clock_of_today || point->time_ns <= now_ns) return point->time_ns;
  // At ten past midnight "23:50" was twenty minutes ago.
  return parse_since("yesterday " + std::string(trim(text)), now_ns);
}

Result<int64_t> parse_until(std::string_view text, int64_t now_ns) {
  const auto point = parse_point("--until", text, now_ns);
  if (!point) return std::unexpected(point.error());
  return point->time_ns;
}

}  // namespace plasmite
