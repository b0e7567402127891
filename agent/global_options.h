// What stands before the command on the command line. Thread-safety: free functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agent/command_context.h"
#include "core/base/error.h"

namespace plasmite {

using Arguments = std::vector<std::string>;  // without the program's name

struct GlobalOptions {
  std::optional<std::string> dir;
  ColorMode color = ColorMode::automatic;
  bool help = false;
  bool version = false;
  size_t command_at = 0;  // index of the command in the arguments; their number: there is none
};

Arguments read_arguments(int argc, char** argv);
Result<GlobalOptions> parse_global_options(const Arguments& arguments);

}  // namespace plasmite
