#include <algorithm>
#include <vector>

#include "agent/config/config_draft.h"
#include "agent/output/human.h"
#include "agent/suggestion.h"
#include "core/pool/pool_limits.h"

namespace plasmite {
namespace {

using PoolMap = std::map<std::string, Placed<PoolConfig>>;

std::string undeclared_fix(const std::string& name, const PoolMap& pools) {
  std::vector<std::string> names;
  for (const auto& [known, pool] : pools) names.push_back(known);
  const std::string near = nearest_word(name, names);
  return did_you_mean(near) + "Declare it: [" + key_path("pools", name) + "].";
}

class DraftCheck {
 public:
  DraftCheck(const ConfigDraft& draft, ConfigReading& reading) : draft_(draft), reading_(reading) {}

  void run() {
    for (const auto& [name, source] : draft_.sources) {
      check_source(source);
      check_stop_timeout(source);
    }
    check_reject_pool();
    check_stdin();
    check_checkpoints();
    check_groups();
    if (draft_.sources.empty())
      reading_.warn({.file = draft_.agent.place.file}, "",
                    "there are no sources: the agent has nothing to do", "Add a [sources.NAME].");
  }

 private:
  template <class Part>
  void problem(const Placed<Part>& part, const std::string& key, std::string message,
               std::string fix) {
    reading_.problem(part.at(key), key_path(part.path, key), std::move(message), std::move(fix));
  }

  void check_source(const Placed<SourceConfig>& source) {
    if (!source.keys.contains("pool") || source.part.pool.empty()) {
      if (source.keys.contains("pool") && is_fine_so_far(source, "pool"))
        problem(source, "pool", "must not be empty", "Name one of those declared as [pools.NAME].");
      return;
    }
    const auto pool = draft_.pools.find(source.part.pool);
    if (pool == draft_.pools.end()) {
      problem(source, "pool", "there is no pool " + shown_value(source.part.pool),
              undeclared_fix(source.part.pool, draft_.pools));
      return;
    }
    check_record_fits(source, pool->second);
  }

  // Whether nothing was found there yet.
  bool is_fine_so_far(const Placed<SourceConfig>& source, const std::string& key) const {
    const std::string path = key_path(source.path, key);
    return std::ranges::none_of(reading_.problems,
                                [&](const ConfigProblem& found) { return found.key == path; });
  }

  void check_record_fits(const Placed<SourceConfig>& source, const Placed<PoolConfig>& pool) {
    const auto limits = pool_limits(pool.part.size_bytes);
    if (!limits) return;  // its size is out of range, which was said
    const uint64_t wanted = source.part.max_record_bytes;
    if (source.keys.contains("max_record") && wanted > limits->max_record_bytes) {
      const auto enough = smallest_pool_for({.max_record_bytes = wanted});
      problem(source, "max_record",
              "pool " + pool.part.name + " is too small for records of " + human_size(wanted) +
                  ": of its " + human_size(pool.part.size_bytes) + " one record may have " +
                  human_size(limits->max_record_bytes),
              "Give it size = \"" + (enough ? human_size(*enough) : "64M") + "\" (" +
                  place_name(pool.at("size")) + "), or make max_record smaller.");
      return;
    }
    constexpr uint64_t kOddlySmall = 64u << 10;
    if (limits->max_record_bytes < std::min(wanted, kOddlySmall))
      reading_.warn(source.at("pool"), key_path(source.path, "pool"),
                    "pool " + pool.part.name + " takes no records above " +
                        human_size(limits->max_record_bytes),
                    "Make it larger, unless all records are small.");
  }

  // The agent's deadline would come first, and its end would be no clean one.
  void check_stop_timeout(const Placed<SourceConfig>& source) {
    const auto* tap = std::get_if<TapConfig>(&source.part.kind);
    if (tap == nullptr || tap->stop_signal == SIGKILL) return;
    if (tap->stop_timeout < draft_.agent.part.drain_timeout) return;
    reading_.warn(source.at("stop_timeout"), key_path(source.path, "stop_timeout"),
                  "is not below agent.drain_timeout, after which the command is killed anyway and "
                  "the agent ends with exit code 1",
                  "Make it shorter, or drain_timeout longer.");
  }

  void check_reject_pool() {
    const std::string& name = draft_.agent.part.reject_pool;
    if (name.empty()) return;
    if (!draft_.pools.contains(name)) {
      problem(draft_.agent, "reject_pool", "there is no pool " + shown_value(name),
              undeclared_fix(name, draft_.pools));
      return;
    }
    for (const auto& [source_name, source] : draft_.sources) {
      if (source.part.pool != name) continue;
      problem(source, "pool",
              "pool " + name + " is the reject pool (" +
                  place_name(draft_.agent.at("reject_pool")) + ")",
              "Give the rejected records a pool of their own.");
    }
  }

  void check_stdin() {
    const Placed<SourceConfig>* first = nullptr;
    for (const Placed<SourceConfig>* source : sources_by_place()) {
      if (!std::holds_alternative<StdinConfig>(source->part.kind)) continue;
      if (first == nullptr) {
        first = source;
        continue;
      }
      problem(*source, "type",
              "there is one stdin, and " + first->part.name + " reads it (" +
                  place_name(first->place) + ")",
              "Remove one of the two.");
    }
  }

  std::vector<const Placed<SourceConfig>*> sources_by_place() const {
    std::vector<const Placed<SourceConfig>*> sources;
    sources.reserve(draft_.sources.size());
    for (const auto& [name, source] : draft_.sources) sources.push_back(&source);
    std::ranges::sort(sources, {}, [](const auto* source) {
      return std::pair(source->place.file, source->place.line);
    });
    return sources;
  }

  // Every source remembers its position, or its last run, in its pool.
  void check_checkpoints() {
    std::map<std::string, std::vector<const Placed<SourceConfig>*>> by_pool;
    for (const Placed<SourceConfig>* source : sources_by_place())
      by_pool[source->part.pool].push_back(source);
    for (const auto& [name, sources] : by_pool) {
      const auto pool = draft_.pools.find(name);
      if (pool == draft_.pools.end()) continue;
      const auto limits = pool_limits(pool->second.part.size_bytes);
      if (!limits || sources.size() <= limits->checkpoints) continue;
      const auto enough = smallest_pool_for({.checkpoints = sources.size()});
      problem(*sources[limits->checkpoints], "pool",
              "pool " + name + " can remember the positions of " +
                  std::to_string(limits->checkpoints) + " sources, and " +
                  std::to_string(sources.size()) + " write to it",
              enough ? "Give it size = \"" + human_size(*enough) + "\" or more (" +
                           place_name(pool->second.at("size")) + ")."
                     : std::string("Spread the sources over several pools."));
    }
  }

  void check_group(const std::string& group, const ConfigPlace& place, const std::string& path) {
    if (group.empty() || reading_.surroundings.group_exists(group)) return;
    reading_.problem(place, key_path(path, "group"), "there is no group " + shown_value(group),
                     "Make it (groupadd --system NAME), or name one that `getent group` shows.");
  }

  void check_groups() {
    check_group(draft_.agent.part.group, draft_.agent.at("group"), draft_.agent.path);
    for (const auto& [name, pool] : draft_.pools)
      check_group(pool.part.group, pool.at("group"), pool.path);
  }

  const ConfigDraft& draft_;
  ConfigReading& reading_;
};

}  // namespace

void check_draft(const ConfigDraft& draft, ConfigReading& reading) {
  DraftCheck(draft, reading).run();
}

}  // namespace plasmite
