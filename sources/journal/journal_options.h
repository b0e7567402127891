// What is to be read of which journal, and from where on. Plain values: nothing of libsystemd, so
// that the command line and the configuration can hold them without loading it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plasmite {

// Where the journal lies.
struct JournalPlace {
  enum class Kind : uint8_t {
    local,       // the journals of this machine, all users' that may be read
    directory,   // every file of one folder, also those that come later
    files,       // these files and no others
    name_space,  // of journald's namespace: a name, "*" (all), "+name" (it and the default one)
  } kind = Kind::local;
  std::vector<std::string> paths = {};  // directory: one; files: one or more
  std::string name_space = {};

  bool operator==(const JournalPlace&) const = default;
};

// Which entries are wanted. Kinds are joined by AND, values of one kind by OR; empty: all.
struct JournalMatches {
  std::vector<std::string> units = {};        // as `journalctl -u`; without a suffix: ".service"
  std::vector<std::string> identifiers = {};  // SYSLOG_IDENTIFIER
  std::optional<uint8_t> max_priority = {};  // 0 (emerg) .. 7 (debug): this and what is more urgent
  std::string boot = {};                     // "current", or the 32 hex digits of a boot's id
  std::vector<std::pair<std::string, std::string>> fields = {};  // NAME, value; one NAME: OR

  bool operator==(const JournalMatches&) const = default;
  bool empty() const { return *this == JournalMatches{}; }
};

// Where to begin when no position is stored yet.
struct JournalStart {
  enum class Kind : uint8_t {
    now,
    oldest,
    time,
    age,  // that long before the reader begins
  } kind = Kind::now;
  int64_t time_us = 0;  // Kind::time: UTC, microseconds since 1970
  int64_t age_us = 0;   // Kind::age: 0 or more

  bool operator==(const JournalStart&) const = default;
};

struct JournalOptions {
  JournalPlace place = {};
  JournalMatches matches = {};
  JournalStart start = {};

  bool operator==(const JournalOptions&) const = default;
};

}  // namespace plasmite
