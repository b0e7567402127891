#include "agent/daemon/status_command.h"

#include <chrono>
#include <string>

#include "agent/config/config_loader.h"
#include "agent/daemon/control_client.h"
#include "agent/daemon/find_socket.h"
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

Result<int> failed(const CommandContext& context, ControlFailure failure) {
  if (failure.is_running) return std::unexpected(std::move(failure.error));
  report_error(context.color, std::move(failure.error));
  return kNotRunningExitCode;
}

Result<int> not_understood(const std::string& socket) {
  return std::unexpected(Error(ErrorKind::Io, "the agent's answer cannot be read")
                             .with_path(socket)
                             .with_hint("Use a program of the same version as the agent."));
}

}  // namespace

Result<int> show_agent_status(const CommandContext& context, const AgentRequest& request) {
  const std::string socket = find_agent_socket(request);
  const bool for_people = is_terminal(kStdout) && !request.json;
  const auto reply =
      ask_agent(socket, request_line(context, request.metrics ? "metrics" : "status", for_people),
                kStatusWithin);
  if (!reply) return failed(context, reply.error());
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
  const std::string socket = find_agent_socket(request);
  const bool for_people = is_terminal(kStdout);
  const auto reply = ask_agent(socket, request_line(context, "reload", for_people), kReloadWithin);
  if (!reply) return failed(context, reply.error());
  const auto ok = json_text_at(*reply, "/ok");
  const auto text = for_people ? json_text_at(*reply, "/text") : std::string();
  if (!ok || !text) return not_understood(socket);
  const auto printed =
      for_people ? print_text(for_terminal(*text)) : print_json(context.color, *reply);
  if (!printed) return std::unexpected(printed.error());
  return *ok == "true" ? 0 : kConfigExitCode;
}

}  // namespace plasmite
