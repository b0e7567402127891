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

std::string error_reply(const Error& error) {
  JsonWriter json;
  json.begin_object().key("error").begin_object();
  json.key("hint").string(error.hint());
  json.key("kind").string(error_kind_name(error.kind()));
  json.key("message").string(error.message());
  json.end_object().end_object();
  return json.text();
}

std::string reload_reply(const ReloadOutcome& outcome, bool for_people) {
  if (outcome.not_tried) return error_reply(*outcome.not_tried);
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
    answer(error_reply(Error(ErrorKind::Usage, "this is no request that the agent knows")
                           .with_hint("Use \"status\", \"metrics\" or \"reload\".")));
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
