// --token, --token-file, --tls-ca, --tls-skip-verify of commands that will know remote pools:
// parsed, so that a wrong use is told from a wrong name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/command_context.h"
#include "core/base/error.h"

namespace plasmite {

struct RemoteOptions {
  std::optional<std::string> token;
  std::optional<std::string> token_file;
  std::optional<std::string> tls_ca;
  bool tls_skip_verify = false;
  bool any() const { return token || token_file || tls_ca || tls_skip_verify; }
};

void add_remote_options(CLI::App& command, RemoteOptions& options);

// Usage for a URL: its scheme is wrong, or remote pools are not here yet.
Result<void> check_local_ref(std::string_view ref);

// Usage when any of the options is used with a local pool.
Result<void> check_no_remote_options(std::string_view command, const RemoteOptions& options);

}  // namespace plasmite
