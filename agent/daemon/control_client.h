// Asks a running agent through its socket. Thread-safety: free function.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace plasmite {

struct ControlFailure {
  bool is_running = true;  // false: nobody answers, so no agent runs there, or none that can
  Error error;             // NotFound: without a hint, for want of what was asked for
};

// One request line, the reply without its line end.
std::expected<std::string, ControlFailure> ask_agent(const std::filesystem::path& socket,
                                                     std::string_view request,
                                                     std::chrono::milliseconds within);

}  // namespace plasmite
