// Why a command could not be started, for whoever typed it. Pure but for a look at the file.
#pragma once

#include <string>

#include "core/base/error.h"

namespace plasmite {

struct SpawnFailure {
  int error_number;
  std::string command;
  const std::string& shown;           // the command as messages may name it
  const std::string& not_found_hint;  // what to do when there is none
};

// Usage when there is no such command, Io for anything else.
Error spawn_error(const SpawnFailure& failure);

// Why the command could not be given its working directory: Usage if there is none, else Io.
Error directory_error(int error_number, const std::string& directory);

}  // namespace plasmite
