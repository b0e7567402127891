#include <algorithm>
#include <tuple>
#include <utility>

#include "agent/config/config_draft.h"
#include "agent/config/config_loader.h"
#include "agent/config/toml_document.h"

namespace plasmite {
namespace {

// What a file alone says, added to what the files before it said.
class DraftBuilder {
 public:
  DraftBuilder(ConfigDraft& draft, ConfigReading& reading) : draft_(draft), reading_(reading) {}

  void add(const std::string& file, const TomlNode& root) {
    TableReader top(reading_, file, root, "");
    add_agent(top, root);
    add_parts<PoolConfig>(
        top, "pools", kMaxConfigPools, draft_.pools,
        [](TableReader& table, std::string name) { return read_pool(table, std::move(name)); });
    add_parts<SourceConfig>(top, "sources", kMaxConfigSources, draft_.sources,
                            [this](TableReader& table, std::string name) {
                              return read_source(table, std::move(name), reading_);
                            });
    top.refuse_unknown_keys();
  }

 private:
  void add_agent(TableReader& top, const TomlNode& root) {
    if (!top.knows("agent")) return;
    const TomlNode* node = root.find("agent");
    if (node->type != TomlNode::Type::table) {
      top.problem("agent", std::string("must be a table, not ") + toml_type_name(node->type),
                  "Write [agent] above its keys.");
      return;
    }
    TableReader table(reading_, top.file(), *node, "agent");
    read_agent(table, draft_.agent);
  }

  template <class Part, class Read>
  void add_parts(TableReader& top, const std::string& key, size_t most,
                 std::map<std::string, Placed<Part>>& parts, Read read) {
    for (const TomlNode* node : top.tables(key)) {
      TableReader table(reading_, top.file(), *node, key_path(key, node->key));
      if (parts.size() == most) {
        table.problem_here("more than " + std::to_string(most) + " " + key,
                           "Use fewer, or a second agent.");
        return;
      }
      Placed<Part> part = read(table, node->key);
      const auto [found, is_new] = parts.try_emplace(node->key, std::move(part));
      if (!is_new)
        table.problem_here("is defined twice, before at " + place_name(found->second.place),
                           "Remove or rename one of the two.");
    }
  }

  ConfigDraft& draft_;
  ConfigReading& reading_;
};

void sort_by_place(std::vector<ConfigProblem>& problems, std::span<const ConfigText> files) {
  const auto rank = [&](const ConfigProblem& problem) {
    const auto file = std::ranges::find(files, problem.file, &ConfigText::file);
    return std::tuple(file - files.begin(), problem.line, problem.column, problem.key,
                      problem.message);
  };
  std::ranges::sort(problems, {}, rank);
}

AgentConfig finished(ConfigDraft&& draft, std::span<const ConfigText> files) {
  AgentConfig config = std::move(draft.agent.part);
  for (auto& [name, pool] : draft.pools) config.pools.push_back(std::move(pool.part));
  for (auto& [name, source] : draft.sources) config.sources.push_back(std::move(source.part));
  for (const ConfigText& file : files) config.files.emplace_back(file.file);
  return config;
}

}  // namespace

std::expected<AgentConfig, std::vector<ConfigProblem>> parse_config(
    std::span<const ConfigText> files, const std::filesystem::path& folder,
    const ConfigSurroundings& surroundings, std::vector<ConfigProblem>* warnings) {
  ConfigReading reading(surroundings, folder);
  ConfigDraft draft;
  draft.agent.part.pool_dir = kDefaultPoolDir;
  draft.agent.part.socket = kDefaultAgentSocket;
  draft.agent.path = "agent";
  if (!files.empty()) draft.agent.place.file = files.front().file;
  bool all_read = true;
  for (const ConfigText& file : files) {
    const auto root = parse_toml(file.text);
    if (root) {
      DraftBuilder(draft, reading).add(file.file, *root);
      continue;
    }
    all_read = false;
    const TomlFailure& failure = root.error();
    reading.problem({.file = file.file, .line = failure.line, .column = failure.column}, "",
                    "this is no TOML: " + failure.message,
                    "Correct the line; https://toml.io has the grammar.");
  }
  // With a file missing, what refers to its parts would look wrong.
  if (all_read) check_draft(draft, reading);
  sort_by_place(reading.problems, files);
  sort_by_place(reading.warnings, files);
  if (warnings != nullptr) *warnings = std::move(reading.warnings);
  if (!reading.problems.empty()) return std::unexpected(std::move(reading.problems));
  return finished(std::move(draft), files);
}

std::string describe(const ConfigProblem& problem) {
  std::string text = problem.file;
  if (problem.line != 0) text += ":" + std::to_string(problem.line);
  if (!problem.key.empty()) text += ": " + problem.key;
  text += ": " + problem.message;
  if (!problem.fix.empty()) text += " (" + problem.fix + ")";
  return text;
}

const char* source_type_name(const SourceConfig& source) {
  if (std::holds_alternative<JournaldConfig>(source.kind)) return "journald";
  return std::holds_alternative<TapConfig>(source.kind) ? "tap" : "stdin";
}

}  // namespace plasmite
