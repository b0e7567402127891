#include "core/filter/rounded_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "core/filter/jq_scanner.h"

namespace plasmite {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits of the double that a whole number becomes; empty when it is too large for any.
std::string digits_of_double(std::string_view whole) {
  double value = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return {};
  std::array<char, 512> buffer{};  // the largest double has 309 digits
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.0f", value);
  return {buffer.data(), static_cast<size_t>(length)};
}

}  // namespace

std::optional<RoundedNumber> first_rounded_number(std::string_view program) {
  constexpr size_t kDigitsOfAnyInteger = 15;  // all of so many are exact
  constexpr size_t kMostShown = 40;
  JqScanner scanner(program);
  for (;;) {
    const JqToken token = scanner.next();
    if (token.kind == JqToken::Kind::end) return std::nullopt;
    if (token.kind != JqToken::Kind::number) continue;
    std::string_view number = token.text;
    if (!std::ranges::all_of(number, is_digit)) continue;
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
    if (number.size() <= kDigitsOfAnyInteger) continue;
    std::string used = digits_of_double(number);
    if (used == number) continue;
    if (used.empty()) used = "infinite";
    std::string written(number);
    for (std::string* text : {&written, &used})
      if (text->size() > kMostShown) text->replace(kMostShown, std::string::npos, "…");
    return RoundedNumber{.written = std::move(written), .used = std::move(used)};
  }
}

}  // namespace plasmite
