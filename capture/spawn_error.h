// Why a command could not be started, for whoever typed it. Pure but for a look at the file.
#pragma once

#include <string>

#include "core/base/error.h"

namespace plasmite {

// Usage when there is no such command, Io for anything else. `shown` is the command as messages may
// name it.
Error spawn_error(int error_number, const std::string& command, const std::string& shown);

// Why the command could not be given its working directory: Usage if there is none, else Io.
Error directory_error(int error_number, const std::string& directory);

}  // namespace plasmite
