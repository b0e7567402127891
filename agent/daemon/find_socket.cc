#include "agent/daemon/find_socket.h"

#include <fstream>
#include <optional>
#include <string_view>

#include "agent/config/config_loader.h"

namespace plasmite {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

// `socket = "PATH"`
std::optional<std::string> socket_in(std::string_view line) {
  constexpr std::string_view kKey = "socket";
  line = without_blanks(line);
  if (!line.starts_with(kKey)) return std::nullopt;
  line = without_blanks(line.substr(kKey.size()));
  if (!line.starts_with('=')) return std::nullopt;
  line = without_blanks(line.substr(1));
  if (line.empty() || (line.front() != '"' && line.front() != '\'')) return std::nullopt;
  const size_t end = line.find(line.front(), 1);
  if (end == std::string_view::npos || end == 1) return std::nullopt;
  return std::string(line.substr(1, end - 1));
}

}  // namespace

std::string find_agent_socket(const AgentRequest& request) {
  if (request.socket) return *request.socket;
  if (const auto config = load_config(request.config)) return config->socket.string();
  std::ifstream file(request.config);
  for (std::string line; std::getline(file, line);)
    if (auto socket = socket_in(line)) return *socket;
  return kDefaultAgentSocket;
}

}  // namespace plasmite
