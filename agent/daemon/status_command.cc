#include "agent/daemon/status_command.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "agent/config/config_loader.h"
#include "agent/daemon/config_option.h"
#include "agent/daemon/control_client.h"
#include "agent/daemon/find_socket.h"
#include "agent/daemon/instance_lock.h"
#include "agent/daemon/lock_holder.h"
#include "agent/output/error_report.h"
#include "agent/output/json_output.h"
#include "agent/output/json_writer.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_lines.h"
#include "core/record/json_pointer.h"

namespace plasmite {
namespace {

constexpr std::chrono::seconds kStatusWithin{2};
// A reload waits for sources to drain; how long they may is the agent's business.
constexpr std::chrono::minutes kReloadWithin{10};

std::string request_line(const CommandContext& context, std::string_view command, bool for_people) {
  JsonWriter json;
  json.begin_object().key("color").boolean(use_color(context.color, kStdout));
  const size_t columns = terminal_columns(kStdout);
  json.key("columns").number(columns == 0 ? size_t{80} : columns).key("command").string(command);
  json.key("view").string(for_people ? "text" : "json").end_object();
  return json.text();
}

// Text that the agent laid out: colours pass, nothing else that a terminal acts on.
std::string for_terminal(std::string_view text) {
  TerminalLines lines;
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.append_text(out, text.substr(0, end));
    out += '\n';
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string holder_of(const std::filesystem::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? lock_holder(status) : std::string();
}

// None: the configuration cannot be used.
std::optional<std::filesystem::path> config_lock_path(const AgentRequest& request) {
  const auto config = load_config(request.config);
  if (!config) return std::nullopt;
  return InstanceLock::path_of_config(config->pool_dir, request.config);
}

// What to do about an agent that was not found. One that runs all the same shows by its locks.
std::string advice(const AgentRequest& request, const std::string& socket) {
  if (const auto holder = holder_of(InstanceLock::path_of_socket(socket)); !holder.empty())
    return "An agent runs" + holder +
           ", but its socket is gone: send it SIGHUP (`kill -HUP`), and "
           "it makes another.";
  const auto config = request.socket ? std::nullopt : config_lock_path(request);
  const auto holder = config ? holder_of(*config) : std::string();
  if (!holder.empty())
    return "An agent with this configuration runs" + holder +
           ", but listens elsewhere: name its socket with --socket, or restart it. If its socket "
           "was removed, send it SIGHUP (`kill -HUP`), and it makes another.";
  if (request.is_config_given)
    return "Start it: `plasmite agent run" + config_option(request) +
           "`. If it listens elsewhere, name its socket with --socket.";
  return "Start it: `plasmite agent run` or `systemctl start plasmite-agent`. If it runs with "
         "another configuration, name that with --config, or its socket with --socket.";
}

Result<int> failed(const CommandContext& context, const AgentRequest& request,
                   const std::string& socket, ControlFailure failure) {
  if (failure.is_running) return std::unexpected(std::move(failure.error));
  if (failure.error.hint().empty())
    failure.error = std::move(failure.error).with_hint(advice(request, socket));
  report_error(context.color, std::move(failure.error));
  return kNotRunningExitCode;
}

Result<int> unknown_socket(const CommandContext& context, Error error) {
  report_error(context.color, std::move(error));
  return kConfigExitCode;
}

Result<int> not_understood(const std::string& socket) {
  return std::unexpected(Error(ErrorKind::Io, "the agent's answer cannot be read")
                             .with_path(socket)
                             .with_hint("Use a program of the same version as the agent."));
}

}  // namespace

Result<int> show_agent_status(const CommandContext& context, const AgentRequest& request) {
  auto found = find_agent_socket(request);
  if (!found) return unknown_socket(context, std::move(found.error()));
  const std::string& socket = *found;
  const bool for_people = is_terminal(kStdout) && !request.json;
  const auto reply =
      ask_agent(socket, request_line(context, request.metrics ? "metrics" : "status", for_people),
                kStatusWithin);
  if (!reply) return failed(context, request, socket, reply.error());
  Result<bool> printed = true;
  if (request.metrics) {
    const auto text = json_text_at(*reply, "/metrics");
    if (!text) return not_understood(socket);
    printed = print_text(*text);
    if (!printed) return std::unexpected(printed.error());
    return 0;
  }
  const auto health = json_text_at(*reply, for_people ? "/health" : "/agent/health");
  const auto text = for_people ? json_text_at(*reply, "/text") : std::string();
  if (!health || !text) return not_understood(socket);
  printed = for_people ? print_text(for_terminal(*text)) : print_json(context.color, *reply);
  if (!printed) return std::unexpected(printed.error());
  return *health == "healthy" ? 0 : kDegradedExitCode;
}

Result<int> reload_agent(const CommandContext& context, const AgentRequest& request) {
  auto found = find_agent_socket(request);
  if (!found) return unknown_socket(context, std::move(found.error()));
  const std::string& socket = *found;
  const bool for_people = is_terminal(kStdout);
  const auto reply = ask_agent(socket, request_line(context, "reload", for_people), kReloadWithin);
  if (!reply) return failed(context, request, socket, reply.error());
  const auto ok = json_text_at(*reply, "/ok");
  const auto text = for_people ? json_text_at(*reply, "/text") : std::string();
  if (!ok || !text) return not_understood(socket);
  const auto printed =
      for_people ? print_text(for_terminal(*text)) : print_json(context.color, *reply);
  if (!printed) return std::unexpected(printed.error());
  return *ok == "true" ? 0 : kConfigExitCode;
}

}  // namespace plasmite
