// Notices: what a person or a supervisor should know although the command goes on. One line on
// stderr: JSON unless stderr is a terminal. Thread-safety: each call writes its line with one
// write(2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/command_context.h"

namespace plasmite {

struct Notice {
  std::string_view command;         // "feed"
  std::string_view kind;            // "ingest_skip"
  std::string_view message;         // one line for people
  std::string_view pool;            // the ref as typed
  std::string details_json = "{}";  // a JSON object
  bool message_names_pool = false;  // on a terminal: false appends " (pool: REF)"
};

void print_notice(ColorMode color, const Notice& notice);

}  // namespace plasmite
