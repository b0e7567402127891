#include "agent/daemon/find_socket.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/config/config_files.h"
#include "agent/config/config_loader.h"
#include "agent/config/config_surroundings.h"
#include "agent/config/toml_document.h"

namespace plasmite {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

// `socket = "PATH"`
std::optional<std::string> socket_in_line(std::string_view line) {
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

std::optional<std::string> socket_in_lines(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (auto socket = socket_in_line(text.substr(0, end))) return socket;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

struct Found {
  std::optional<std::string> socket = {};  // as it is written
  std::optional<Error> error = {};         // why there may be another that was not found
};

// The last file has the last word.
Found look_through(ConfigFiles& files) {
  Found found{.error = std::move(files.first_error)};
  for (const ConfigText& file : files.texts) {
    std::optional<std::string> socket;
    if (const auto root = parse_toml(file.text)) {
      const TomlNode* agent = root->find("agent");
      const TomlNode* node = agent == nullptr ? nullptr : agent->find("socket");
      if (node != nullptr && node->type == TomlNode::Type::string && !node->text.empty())
        socket = node->text;
    } else {
      socket = socket_in_lines(file.text);
      if (!found.error && !socket)
        found.error = Error(ErrorKind::Usage,
                            "this is no TOML, and does not say where the agent's "
                            "socket is")
                          .with_path(file.file)
                          .with_hint(
                              "Correct it (`plasmite agent check` says where), or name the "
                              "socket with --socket.");
    }
    if (socket) found.socket = std::move(socket);
  }
  return found;
}

Result<std::string> resolved(const std::string& socket, const ConfigFiles& files,
                             const std::string& config) {
  const auto value = interpolate(socket, ConfigSurroundings::of_this_process().variable);
  if (!value)
    return std::unexpected(
        Error(ErrorKind::Usage, "the agent's socket cannot be told: " + value.error().message)
            .with_path(config)
            .with_hint("Name it with --socket. " + value.error().fix));
  return (files.folder / *value).lexically_normal().string();
}

}  // namespace

Result<std::string> find_agent_socket(const AgentRequest& request) {
  if (request.socket) return *request.socket;
  if (const auto config = load_config(request.config)) return config->socket.string();
  ConfigFiles files = ConfigFiles::read(request.config);
  Found found = look_through(files);
  if (found.socket) return resolved(*found.socket, files, request.config);
  if (found.error && request.is_config_given) return std::unexpected(std::move(*found.error));
  return kDefaultAgentSocket;
}

}  // namespace plasmite
