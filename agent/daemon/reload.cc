#include "agent/daemon/reload.h"

#include <algorithm>
#include <variant>

#include "agent/config/config_diff.h"
#include "agent/output/human.h"
#include "agent/output/json_writer.h"

namespace plasmite {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void add_names(JsonWriter& json, std::string_view key, const std::vector<std::string>& names) {
  json.key(key).begin_array();
  for (const std::string& name : names) json.string(name);
  json.end_array();
}

// What a stdin source has read of a record whose end is still to come cannot be taken back, and
// another one would begin in the middle. So nothing that would have it replaced counts.
class StdinKeeper {
 public:
  StdinKeeper(const AgentConfig& now, AgentConfig& wanted, std::vector<std::string>& keys)
      : now_(now), wanted_(wanted), keys_(keys) {}

  void keep(const SourceConfig& source) {
    const auto same = std::ranges::find(wanted_.sources, source.name, &SourceConfig::name);
    if (same == wanted_.sources.end()) return;  // it is to end
    if (*same != source) {
      *same = source;
      keys_.push_back("sources." + source.name);
      drop_others(source.name);
    }
    keep_pool(source.pool);
    if (wanted_.reject_pool == now_.reject_pool) return;
    wanted_.reject_pool = now_.reject_pool;
    keys_.emplace_back("agent.reject_pool");
    if (!now_.reject_pool.empty()) keep_pool(now_.reject_pool);
  }

 private:
  // There is one stdin.
  void drop_others(const std::string& name) {
    std::erase_if(wanted_.sources, [&](const SourceConfig& source) {
      if (source.name == name || !std::holds_alternative<StdinConfig>(source.kind)) return false;
      keys_.push_back("sources." + source.name);
      return true;
    });
  }

  void keep_pool(const std::string& name) {
    const auto before = std::ranges::find(now_.pools, name, &PoolConfig::name);
    if (before == now_.pools.end()) return;
    const auto after = std::ranges::find(wanted_.pools, name, &PoolConfig::name);
    if (after == wanted_.pools.end()) {
      wanted_.pools.push_back(*before);
    } else if (after->durability != before->durability) {
      after->durability = before->durability;
      keys_.push_back("pools." + name + ".durability");
    }
  }

  const AgentConfig& now_;
  AgentConfig& wanted_;
  std::vector<std::string>& keys_;
};

}  // namespace

std::vector<std::string> keep_what_needs_a_restart(
    const AgentConfig& now, AgentConfig& wanted,
    const std::function<bool(const std::string& name)>& keeps_stdin) {
  std::vector<std::string> keys = diff_configs(now, wanted).agent_restart;
  for (std::string& key : keys) key.insert(0, "agent.");
  wanted.group = now.group;
  wanted.pool_dir = now.pool_dir;
  wanted.socket = now.socket;
  for (const SourceConfig& source : now.sources)
    if (std::holds_alternative<StdinConfig>(source.kind) && keeps_stdin(source.name))
      StdinKeeper(now, wanted, keys).keep(source);
  return keys;
}

std::string error_of(const ReloadOutcome& outcome) {
  if (!outcome.problems.empty()) {
    const size_t more = outcome.problems.size() - 1;
    return outcome.problems.front() +
           (more == 0 ? "" : " (and " + counted(more, "more problem") + ")");
  }
  if (outcome.still_draining.empty()) return {};
  return "these sources do not end, and what replaces them starts when they do: " +
         joined(outcome.still_draining);
}

std::string reload_as_json(const ReloadOutcome& outcome) {
  JsonWriter json;
  json.begin_object();
  add_names(json, "added", outcome.added);
  add_names(json, "changed", outcome.changed);
  add_names(json, "needs_restart", outcome.needs_restart);
  json.key("ok").boolean(outcome.ok());
  add_names(json, "problems", outcome.problems);
  add_names(json, "removed", outcome.removed);
  add_names(json, "still_draining", outcome.still_draining);
  json.end_object();
  return json.text();
}

std::string reload_as_text(const ReloadOutcome& outcome) {
  if (!outcome.problems.empty()) {
    std::string text = "Refused; the agent goes on as before:\n";
    for (const std::string& problem : outcome.problems) text += "  " + problem + "\n";
    return text;
  }
  std::string text;
  const auto add = [&](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) text += "  " + std::string(what) + ": " + joined(names) + "\n";
  };
  add("added", outcome.added);
  add("changed", outcome.changed);
  add("removed", outcome.removed);
  add("these keys count after a restart only", outcome.needs_restart);
  add("still draining", outcome.still_draining);
  return (text.empty() ? "Reloaded; no source has changed.\n" : "Reloaded.\n") + text;
}

}  // namespace plasmite
