#include "agent/daemon/config_option.h"

#include "agent/shell_line.h"

namespace plasmite {

std::string config_option(const AgentRequest& request) {
  if (!request.is_config_given) return {};
  return " --config " + quote_for_shell(request.config, /*open_quote=*/0);
}

}  // namespace plasmite
