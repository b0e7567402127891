#include "agent/config/journal_values.h"

#include <algorithm>
#include <array>

namespace plasmite {
namespace {

bool is_field_name(std::string_view name) {
  constexpr size_t kLongest = 64;
  const auto is_inside = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= kLongest && !(name[0] >= '0' && name[0] <= '9') &&
         std::ranges::all_of(name, is_inside);
}

}  // namespace

std::optional<uint8_t> parse_journal_priority(std::string_view text) {
  constexpr std::array<std::string_view, 8> kNames = {"emerg",   "alert",  "crit", "err",
                                                      "warning", "notice", "info", "debug"};
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '7')
    return static_cast<uint8_t>(text[0] - '0');
  if (text == "error") text = "err";
  if (text == "warn") text = "warning";
  const auto* found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<uint8_t>(found - kNames.begin());
}

std::optional<std::string> parse_journal_boot(std::string_view text) {
  if (text == "current") return std::string(text);
  constexpr size_t kIdDigits = 32;
  std::string id(text);
  std::erase(id, '-');
  std::ranges::transform(id, id.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (id.size() != kIdDigits || !std::ranges::all_of(id, is_hex)) return std::nullopt;
  return id;
}

std::optional<std::pair<std::string, std::string>> parse_journal_match(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || !is_field_name(text.substr(0, equals)))
    return std::nullopt;
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

bool is_journal_namespace(std::string_view text) {
  return !text.empty() && text != "+" && !text.contains('/');
}

bool is_journal_unit(std::string_view text) {
  return !text.empty() && text.find_first_of("*?[/") == std::string_view::npos;
}

}  // namespace plasmite
