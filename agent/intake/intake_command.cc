#include "agent/intake/intake_command.h"

namespace plasmite {

Result<int> intake_journald(const CommandContext&, const JournaldRequest&) {
  return std::unexpected(Error(ErrorKind::Internal, "`plasmite intake` is being built"));
}

}  // namespace plasmite
