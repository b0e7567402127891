#include "agent/commands/tap_redact.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace plasmite {
namespace {

constexpr std::string_view kHidden = "***";

bool same_letters(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

bool announces_secret(std::string_view word) {
  if (!word.starts_with('-')) return false;
  const std::string_view last_part = word.substr(word.find_last_of("-_") + 1);
  constexpr std::array<std::string_view, 4> kNames = {"token", "password", "secret", "key"};
  return std::ranges::any_of(kNames,
                             [&](std::string_view name) { return same_letters(last_part, name); });
}

}  // namespace

std::string redact_value(std::string word) {
  if (const size_t equals = word.find('='); equals != std::string::npos)
    word.replace(equals + 1, std::string::npos, kHidden);
  return word;
}

std::vector<std::string> redact_words(const std::vector<std::string>& words) {
  std::vector<std::string> shown;
  shown.reserve(words.size());
  bool hide_next = false;
  for (const std::string& word : words) {
    // Whatever it looks like: a secret may begin with a dash.
    shown.push_back(hide_next ? std::string(kHidden) : redact_value(word));
    hide_next = !hide_next && announces_secret(word);
  }
  return shown;
}

}  // namespace plasmite
