#include "agent/commands/remote_options.h"

#include <CLI/CLI.hpp>

#include "agent/command_help.h"
#include "core/client/pool_ref.h"

namespace plasmite {

void add_remote_options(CLI::App& command, RemoteOptions& options) {
  command.add_option("--token", options.token, "For remote pools: bearer token")
      ->type_name("TOKEN")
      ->group(kLaterOptions);
  command.add_option("--token-file", options.token_file, "For remote pools: file with the token")
      ->type_name("PATH")
      ->group(kLaterOptions);
  command.add_option("--tls-ca", options.tls_ca, "For remote pools: certificates to trust")
      ->type_name("PATH")
      ->group(kLaterOptions);
  command
      .add_flag("--tls-skip-verify", options.tls_skip_verify, "For remote pools: no verification")
      ->group(kLaterOptions);
}

Result<void> check_local_ref(std::string_view ref) {
  if (!is_remote_ref(ref)) return {};
  if (ref.starts_with("http://") || ref.starts_with("https://")) {
    return std::unexpected(Error(ErrorKind::Usage, "remote pools are not here yet")
                               .with_hint("Use the name or path of a pool on this machine."));
  }
  return std::unexpected(Error(ErrorKind::Usage, "remote pool ref must use http or https scheme")
                             .with_hint("Use the name or path of a pool on this machine."));
}

Result<void> check_no_remote_options(std::string_view command, const RemoteOptions& options) {
  if (!options.any()) return {};
  return std::unexpected(
      Error(ErrorKind::Usage,
            std::string(command) + " remote auth/TLS flags require a remote http(s) pool ref")
          .with_hint("Leave --token, --token-file, --tls-ca and --tls-skip-verify out."));
}

}  // namespace plasmite
