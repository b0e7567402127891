#include "core/filter/rounded_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <vector>

namespace plasmite {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// jq's tokens, as far as it takes to tell numbers from what is inside names, strings and comments.
class Scanner {
 public:
  explicit Scanner(std::string_view program) : rest_(program) {}

  // The next number as it is written; empty: there is none.
  std::string_view next_number() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (in_string_) {
        take_from_string();
      } else if (is_digit(c) || (c == '.' && rest_.size() > 1 && is_digit(rest_[1]))) {
        return take_number();
      } else if (is_name(c)) {
        take_while(is_name);
      } else {
        take_sign(c);
      }
    }
    return {};
  }

 private:
  void take_sign(char c) {
    rest_.remove_prefix(1);
    if (c == '#') take_while([](char other) { return other != '\n'; });
    if (c == '"') in_string_ = true;
    if (c == '(') ++depth_;
    if (c != ')') return;
    if (!strings_.empty() && strings_.back() == depth_) {
      strings_.pop_back();
      in_string_ = true;  // behind "\( … )"
    }
    if (depth_ > 0) --depth_;
  }

  void take_from_string() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"') in_string_ = false;
    if (c != '\\' || rest_.empty()) return;
    if (rest_.front() == '(') {
      strings_.push_back(++depth_);
      in_string_ = false;
    }
    rest_.remove_prefix(1);
  }

  std::string_view take_number() {
    const std::string_view from = rest_;
    take_while([](char c) { return is_digit(c) || c == '.'; });
    if (!rest_.empty() && (rest_.front() == 'e' || rest_.front() == 'E')) {
      rest_.remove_prefix(1);
      if (!rest_.empty() && (rest_.front() == '+' || rest_.front() == '-')) rest_.remove_prefix(1);
      take_while(is_digit);
    }
    return from.substr(0, from.size() - rest_.size());
  }

  template <class Predicate>
  void take_while(Predicate belongs) {
    const auto end = std::ranges::find_if_not(rest_, belongs);
    rest_.remove_prefix(static_cast<size_t>(end - rest_.begin()));
  }

  std::string_view rest_;
  bool in_string_ = false;
  size_t depth_ = 0;             // of parentheses
  std::vector<size_t> strings_;  // depths at which an interpolation within a string ends
};

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
  Scanner scanner(program);
  for (;;) {
    std::string_view number = scanner.next_number();
    if (number.empty()) return std::nullopt;
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
