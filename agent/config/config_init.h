// The first configuration of a machine, with comments. Thread-safety: free functions.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/error.h"

namespace plasmite {

// What the text depends on.
struct MachineFacts {
  bool has_journal = false;  // systemd's, of this machine
  bool has_group = false;    // "plasmite"
  bool of_system =
      false;  // below /etc: pools and socket at their default places, else beside the file
};

MachineFacts machine_facts(const std::filesystem::path& config);

std::string initial_config(const MachineFacts& facts);

// Mode 0640, and of group plasmite where there is one and that is allowed: the agent's user must
// read it. The file appears whole, its folder is made if needed. AlreadyExists: there is one, and
// `force` is not set; Permission, Io.
Result<void> write_initial_config(const std::filesystem::path& path, bool force);

}  // namespace plasmite
