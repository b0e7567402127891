#include "core/record/timestamp.h"

#include <chrono>
#include <cstring>
#include <limits>
#include <optional>

namespace plasmite {

namespace {

using std::chrono::sys_days;

constexpr int64_t kNanosPerSecond = 1'000'000'000;

void put_digits(char* at, uint32_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

// 2026-05-04T10:11:12
void put_second(char* at, int64_t second) {
  const std::chrono::sys_seconds point{std::chrono::seconds(second)};
  const sys_days day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  put_digits(at, static_cast<uint32_t>(static_cast<int>(date.year())), 4);
  put_digits(at + 5, static_cast<unsigned>(date.month()), 2);
  put_digits(at + 8, static_cast<unsigned>(date.day()), 2);
  put_digits(at + 11, static_cast<uint32_t>(clock.hours().count()), 2);
  put_digits(at + 14, static_cast<uint32_t>(clock.minutes().count()), 2);
  put_digits(at + 17, static_cast<uint32_t>(clock.seconds().count()), 2);
  at[4] = at[7] = '-';
  at[10] = 'T';
  at[13] = at[16] = ':';
}

// Takes pieces from the front of a text; the first one that does not fit makes all later ones fail.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  void one_of(std::string_view allowed) {
    if (rest_.empty() || !allowed.contains(rest_.front())) return fail();
    rest_.remove_prefix(1);
  }
  int number(int digits, int low, int high) {
    int value = 0;
    for (int i = 0; i < digits; ++i) value = value * 10 + digit();
    if (value < low || value > high) fail();
    return ok_ ? value : low;
  }
  int digit() {
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
      fail();
      return 0;
    }
    const int value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

int64_t scan_fraction(Scanner& scan) {
  if (scan.peek() != '.') return 0;
  scan.one_of(".");
  int64_t nanos = 0;
  int64_t unit = kNanosPerSecond / 10;
  do {
    nanos += scan.digit() * unit;
    unit /= 10;
  } while (scan.peek() >= '0' && scan.peek() <= '9');
  return nanos;
}

int64_t scan_offset_seconds(Scanner& scan) {
  if (scan.peek() == 'Z' || scan.peek() == 'z') {
    scan.one_of("Zz");
    return 0;
  }
  const int sign = scan.peek() == '-' ? -1 : 1;
  scan.one_of("+-");
  const int hours = scan.number(2, 0, 23);
  scan.one_of(":");
  const int minutes = scan.number(2, 0, 59);
  return sign * (hours * 3600 + minutes * 60);
}

struct Instant {
  int64_t second;
  int64_t nanos;  // 0..999'999'999
};

std::optional<Instant> scan_instant(std::string_view text) {
  Scanner scan(text);
  const int year = scan.number(4, 0, 9999);
  scan.one_of("-");
  const int month = scan.number(2, 1, 12);
  scan.one_of("-");
  const int day = scan.number(2, 1, 31);
  scan.one_of("Tt ");
  const int hours = scan.number(2, 0, 23);
  scan.one_of(":");
  const int minutes = scan.number(2, 0, 59);
  scan.one_of(":");
  const int seconds = scan.number(2, 0, 60);  // 60: a leap second, the same as the next minute's 0
  const int64_t nanos = scan_fraction(scan);
  const int64_t offset = scan_offset_seconds(scan);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!scan.ok() || !scan.at_end() || !date.ok()) return std::nullopt;
  const int64_t days = sys_days(date).time_since_epoch().count();
  return Instant{days * 86400 + hours * 3600 + minutes * 60 + seconds - offset, nanos};
}

}  // namespace

std::string_view TimestampFormatter::format(int64_t time_ns) {
  if (size_ != 0 && time_ns == time_ns_) return {text_, size_};
  int64_t second = time_ns / kNanosPerSecond;
  int64_t nanos = time_ns % kNanosPerSecond;
  if (nanos < 0) {
    --second;
    nanos += kNanosPerSecond;
  }
  if (size_ == 0 || second != second_) put_second(text_, second);
  second_ = second;
  time_ns_ = time_ns;
  size_ = kSecondChars;
  if (nanos != 0) {
    text_[size_] = '.';
    put_digits(text_ + size_ + 1, static_cast<uint32_t>(nanos), 9);
    size_ += 10;
    while (text_[size_ - 1] == '0') --size_;
  }
  text_[size_++] = 'Z';
  return {text_, size_};
}

void append_rfc3339(std::string& out, int64_t time_ns) {
  out += TimestampFormatter().format(time_ns);
}

Result<int64_t> parse_rfc3339(std::string_view text) {
  const std::optional<Instant> instant = scan_instant(text);
  if (!instant) {
    return std::unexpected(Error(ErrorKind::Usage, "invalid time")
                               .with_hint("Write it as RFC 3339, like 2026-07-01T09:30:00Z or "
                                          "2026-07-01T11:30:00.25+02:00."));
  }
  int64_t time_ns = 0;
  if (__builtin_mul_overflow(instant->second, kNanosPerSecond, &time_ns) ||
      __builtin_add_overflow(time_ns, instant->nanos, &time_ns)) {
    return instant->second < 0 ? std::numeric_limits<int64_t>::min()
                               : std::numeric_limits<int64_t>::max();
  }
  return time_ns;
}

}  // namespace plasmite
