// What the agent answers on its control socket (spec/agent-status.md).
#include <algorithm>
#include <cstdlib>

#include "agent/daemon/agent.h"
#include "agent/daemon/metrics.h"
#include "agent/daemon/status_report.h"
#include "agent/daemon/status_view.h"
#include "agent/output/json_writer.h"
#include "core/record/json_pointer.h"

namespace plasmite {
namespace {

bool is_for_people(const std::string& request) { return json_text_at(request, "/view") == "text"; }

ViewOptions view_options(const std::string& request) {
  constexpr size_t kMostColumns = 1000;
  const std::string columns = json_text_at(request, "/columns").value_or("80");
  return {.columns = std::min<size_t>(std::strtoul(columns.c_str(), nullptr, 10), kMostColumns),
          .color = json_text_at(request, "/color") == "true"};
}

std::string unknown_command() {
  JsonWriter json;
  json.begin_object().key("error").begin_object();
  json.key("hint").string("Use \"status\", \"metrics\" or \"reload\".");
  json.key("kind").string("Usage");
  json.key("message").string("this is no request that the agent knows");
  json.end_object().end_object();
  return json.text();
}

std::string reload_reply(const ReloadOutcome& outcome, bool for_people) {
  if (!for_people) return reload_as_json(outcome);
  JsonWriter json;
  json.begin_object()
      .key("ok")
      .boolean(outcome.ok())
      .key("text")
      .string(reload_as_text(outcome))
      .end_object();
  return json.text();
}

}  // namespace

void Agent::handle_request(const std::string& request, ControlServer::Answer answer) {
  const std::string command = json_text_at(request, "/command").value_or("");
  if (command == "status") {
    answer_status(request, answer);
  } else if (command == "metrics") {
    JsonWriter json;
    json.begin_object().key("metrics").string(render_metrics(agent_metrics(status()))).end_object();
    answer(json.text());
  } else if (command == "reload") {
    log_.info("reloading: `plasmite agent reload`");
    request_reload([answer = std::move(answer),
                    for_people = is_for_people(request)](const ReloadOutcome& outcome) {
      answer(reload_reply(outcome, for_people));
    });
  } else {
    answer(unknown_command());
  }
}

void Agent::answer_status(const std::string& request, const ControlServer::Answer& answer) {
  const AgentStatus now = status();
  if (!is_for_people(request)) {
    answer(status_as_json(now));
    return;
  }
  JsonWriter json;
  json.begin_object().key("health").string(assess(now).healthy ? "healthy" : "degraded");
  json.key("text").string(status_as_text(now, view_options(request))).end_object();
  answer(json.text());
}

}  // namespace plasmite
