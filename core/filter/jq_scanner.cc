#include "core/filter/jq_scanner.h"

#include <algorithm>
#include <utility>

namespace plasmite {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

JqToken JqScanner::next() {
  while (!rest_.empty()) {
    const char c = rest_.front();
    if (in_string_) {
      take_from_string();
    } else if (is_digit(c) || (c == '.' && rest_.size() > 1 && is_digit(rest_[1]))) {
      after_dollar_ = false;
      return {.kind = JqToken::Kind::number, .text = take_number()};
    } else if (is_name(c)) {
      const std::string_view name = take_while(is_name);
      if (std::exchange(after_dollar_, false))
        return {.kind = JqToken::Kind::variable, .text = name};
    } else {
      take_sign();
    }
  }
  return {.kind = JqToken::Kind::end, .text = {}};
}

void JqScanner::take_sign() {
  const char c = rest_.front();
  rest_.remove_prefix(1);
  if (c == ' ' || c == '\t' || c == '\r' || c == '\n') return;
  if (c == '#') {
    take_while([](char other) { return other != '\n'; });
    return;
  }
  after_dollar_ = c == '$';
  if (c == '"') in_string_ = true;
  if (c == '(') ++depth_;
  if (c != ')') return;
  if (!strings_.empty() && strings_.back() == depth_) {
    strings_.pop_back();
    in_string_ = true;  // behind "\( … )"
  }
  if (depth_ > 0) --depth_;
}

void JqScanner::take_from_string() {
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

std::string_view JqScanner::take_number() {
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
std::string_view JqScanner::take_while(Predicate belongs) {
  const auto end = std::ranges::find_if_not(rest_, belongs);
  const std::string_view taken = rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
  rest_.remove_prefix(taken.size());
  return taken;
}

}  // namespace plasmite
