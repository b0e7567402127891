#include <string>

#include "agent/config/config_init.h"

namespace plasmite {
namespace {

constexpr const char* kHead =
    R"(# The configuration of the Plasmite agent: what is taken in, and which pools keep it.
#
#   pls agent check      says whether it is good
#   pls agent run        runs the agent in the foreground
#   pls agent reload     makes a running agent read it again
#   pls agent status     shows what it does
#
# Files conf.d/*.toml beside this one are read, too. Strings may have ${VAR} and ${VAR:-default}; $$ is one $.

[agent]
)";

constexpr const char* kPlacesOfSystem =
    R"(# Where the pools are, and the socket of `pls agent status`.
#pools = "/var/lib/plasmite/pools"
#socket = "/run/plasmite/agent.sock"
)";

constexpr const char* kPlacesBeside =
    R"(# Where the pools are, and the socket of `pls agent status`; relative paths start at this file's folder.
pools = "pools"
socket = "agent.sock"
)";

constexpr const char* kAgentRest =
    R"(# Records that cannot be stored are kept here, with the reason.
reject_pool = "rejects"
#log_level = "info"
#drain_timeout = "10s"    # longer than any stop_timeout

[pools.rejects]
size = "4M"
)";

constexpr const char* kSyslogPool = R"(
# A pool is a ring: its disk space is allocated at once, and when it is full its oldest records make room.
[pools.syslog]
size = "256M"
#durability = "flush"    # survives power loss, too; the default, "fast", survives the death of any process
)";

constexpr const char* kJournal = R"(
# Everything that goes to this machine's journal. Whoever runs the agent must be in group systemd-journal.
[sources.system]
type = "journald"
pool = "syslog"
#priority = "info"                 # this and what is more urgent
#units = ["ssh.service"]
#since = "1h"                      # where to begin at the first start; by default only what is new
)";

constexpr const char* kNoJournal = R"(
# No journal of systemd was found on this machine. Where there is one:
#
#[sources.system]
#type = "journald"
#pool = "syslog"
)";

constexpr const char* kExamples = R"(
# A command that runs under the agent. Its words, not a line for a shell.
#
#[pools.app]
#size = "64M"
#
#[sources.app]
#type = "tap"
#pool = "app"
#command = ["/usr/local/bin/app", "--verbose"]
#restart = "always"
#stop_timeout = "5s"    # from the stop signal to SIGKILL
#environment_from = { API_TOKEN = "/etc/plasmite/api-token" }

# The agent's own stdin, in a container: JSON Lines, or text. At its end the source is finished.
#
#[sources.stdin]
#type = "stdin"
#pool = "app"
#framing = "jsonl"
)";

}  // namespace

std::string initial_config(const MachineFacts& facts) {
  std::string text = kHead;
  text += facts.of_system ? kPlacesOfSystem : kPlacesBeside;
  if (facts.of_system) {
    text += "# Its members may ask for the status; a pool with the same group may be read by them.\n";
    text += facts.has_group ? "group = \"plasmite\"\n"
                            : "#group = \"plasmite\"    # there is no such group yet\n";
  }
  text += kAgentRest;
  text += kSyslogPool;
  if (facts.of_system && facts.has_group) text += "group = \"plasmite\"\n";
  text += facts.has_journal ? kJournal : kNoJournal;
  text += kExamples;
  return text;
}

}  // namespace plasmite
