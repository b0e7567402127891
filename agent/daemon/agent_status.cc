#include "agent/daemon/agent_status.h"

namespace plasmite {
namespace {

std::string with_period(std::string text) {
  if (!text.empty() && !text.ends_with('.') && !text.ends_with('!') && !text.ends_with('?'))
    text += '.';
  return text;
}

// "message (path): cause. Hint"
std::string words_of(const Error& error) {
  std::string text = error.message();
  if (!error.path().empty()) text += " (" + error.path() + ")";
  if (!error.causes().empty()) text += ": " + error.causes().front();
  text = with_period(std::move(text));
  if (!error.hint().empty()) text += " " + error.hint();
  return text;
}

// A command that has ended as it should, and waits for its next start, is not down.
bool has_bad_state(const SourceSnapshot& now) {
  return now.state == SourceState::blocked || now.state == SourceState::failed ||
         (now.state == SourceState::backing_off && now.doubted_until);
}

std::string source_sentence(const SourceStatus& source) {
  const SourceSnapshot& now = source.snapshot;
  std::string text = "source " + source.name + " ";
  switch (now.state) {
    case SourceState::blocked:
      text += "waits for its pool " + source.pool;
      break;
    case SourceState::backing_off:
      text += "is down and will be started again";
      break;
    default:
      text += "has failed and is not started again";
  }
  // An error from before it began to wait says nothing about that.
  const bool is_told =
      now.state != SourceState::blocked || !now.pool_wait_since || now.pool_wait_has_error;
  return is_told && now.last_error ? text + ": " + words_of(*now.last_error) : text + ".";
}

}  // namespace

bool is_in_trouble(const SourceStatus& source) {
  return has_bad_state(source.snapshot) || source.problem.has_value();
}

Health assess(const AgentStatus& status) {
  Health health;
  const auto add = [&](std::string sentence) {
    health.healthy = false;
    health.problems.push_back(std::move(sentence));
  };
  for (const SourceStatus& source : status.sources) {
    if (has_bad_state(source.snapshot)) add(source_sentence(source));
    if (source.problem) add("source " + source.name + ": " + words_of(*source.problem));
  }
  for (const PoolStatus& pool : status.pools)
    if (pool.error) add("pool " + pool.name + ": " + words_of(*pool.error));
  for (const std::string& sentence : status.dir_problems) add(sentence);
  if (status.last_reload && !status.last_reload->error.empty())
    add("the last reload was refused, and the configuration from before is in use: " +
        with_period(status.last_reload->error));
  for (const PoolStatus& pool : status.pools)
    health.problems.insert(health.problems.end(), pool.notes.begin(), pool.notes.end());
  return health;
}

}  // namespace plasmite
