#include "agent/config/config_reading.h"

#include <algorithm>

namespace plasmite {

std::string place_name(const ConfigPlace& place) {
  return place.line == 0 ? place.file : place.file + ":" + std::to_string(place.line);
}

std::string key_path(const std::string& parent, const std::string& key) {
  constexpr size_t kLongest = 100;  // a key of a file may be as long as the file
  const auto is_bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  std::string shown = key.size() > kLongest ? key.substr(0, kLongest) + "…" : key;
  if (key.empty() || !std::ranges::all_of(key, is_bare)) shown = '"' + shown + '"';
  return parent.empty() ? shown : parent + "." + shown;
}

void ConfigReading::problem(const ConfigPlace& place, std::string key, std::string message,
                            std::string fix) {
  problems.push_back({.file = place.file,
                      .line = place.line,
                      .column = place.column,
                      .key = std::move(key),
                      .message = std::move(message),
                      .fix = std::move(fix)});
}

void ConfigReading::warn(const ConfigPlace& place, std::string key, std::string message,
                         std::string fix) {
  warnings.push_back({.file = place.file,
                      .line = place.line,
                      .column = place.column,
                      .key = std::move(key),
                      .message = std::move(message),
                      .fix = std::move(fix)});
}

bool ConfigReading::spend_interpolated(size_t bytes) {
  constexpr size_t kMost = 4u << 20;
  interpolated_bytes_ += bytes;
  return interpolated_bytes_ <= kMost;
}

std::filesystem::path ConfigReading::absolute(const std::string& path) const {
  return (folder / path).lexically_normal();
}

}  // namespace plasmite
