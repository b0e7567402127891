// What is shared while one configuration is read: what it refers to outside, and what was found
// wrong. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/config_loader.h"
#include "agent/config/config_surroundings.h"

namespace plasmite {

struct ConfigPlace {
  std::string file = {};
  uint32_t line = 0;
  uint32_t column = 0;
};

// "FILE:LINE".
std::string place_name(const ConfigPlace& place);

// "sources.web.command"; a part that is no bare key of TOML is quoted.
std::string key_path(const std::string& parent, const std::string& key);

class ConfigReading {
 public:
  ConfigReading(const ConfigSurroundings& surroundings, std::filesystem::path folder)
      : surroundings(surroundings), folder(std::move(folder)) {}

  void problem(const ConfigPlace& place, std::string key, std::string message, std::string fix);
  void warn(const ConfigPlace& place, std::string key, std::string message, std::string fix);
  // Takes from what all variables of a configuration may bring in together. False: too much.
  bool spend_interpolated(size_t bytes);
  // Against the main file's folder.
  std::filesystem::path absolute(const std::string& path) const;

  const ConfigSurroundings& surroundings;
  const std::filesystem::path folder;
  std::vector<ConfigProblem> problems;
  std::vector<ConfigProblem> warnings;

 private:
  size_t interpolated_bytes_ = 0;
};

// A part of the configuration and where it and its keys were written.
template <class Part>
struct Placed {
  Part part;
  ConfigPlace place;                             // of its table
  std::string path;                              // "sources.web"
  std::map<std::string, ConfigPlace> keys = {};  // those that are there

  const ConfigPlace& at(const std::string& key) const {
    const auto found = keys.find(key);
    return found == keys.end() ? place : found->second;
  }
};

}  // namespace plasmite
