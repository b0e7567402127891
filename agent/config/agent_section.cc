#include <sys/un.h>

#include "agent/config/config_draft.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;

// A path that fits into a socket's address, with its NUL.
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

void read_socket(TableReader& table, AgentConfig& agent) {
  std::filesystem::path socket;
  if (!table.read_path("socket", socket)) return;
  if (socket.native().size() <= kMaxSocketPath) {
    agent.socket = std::move(socket);
    return;
  }
  table.problem("socket",
                "the path of a socket has at most " + std::to_string(kMaxSocketPath) +
                    " bytes, this one " + std::to_string(socket.native().size()),
                "Use a shorter one, for example /run/plasmite/agent.sock.");
}

}  // namespace

void read_agent(TableReader& table, Placed<AgentConfig>& out) {
  AgentConfig& agent = out.part;
  table.read_path("pools", agent.pool_dir);
  read_socket(table, agent);
  table.read_string("group", agent.group);
  table.read_string("reject_pool", agent.reject_pool);
  const char* level = nullptr;
  const bool has_level = table.read_word<const char*>(
      "log_level",
      {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}, level);
  if (has_level) agent.log_level = level;
  table.read_duration("drain_timeout", agent.drain_timeout,
                      {milliseconds(0), std::chrono::hours(1), "0s to 1h"});
  table.refuse_unknown_keys();
  // The place of each key is that of the file that had the last word.
  for (const auto& [key, place] : table.places()) out.keys.insert_or_assign(key, place);
}

}  // namespace plasmite
