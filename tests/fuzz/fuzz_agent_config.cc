// Arbitrary bytes as the text of a configuration: it is taken, or every problem says where it is
// and what to do.
#include <string>
#include <vector>

#include "agent/config/config_diff.h"
#include "agent/config/config_loader.h"
#include "agent/config/config_surroundings.h"
#include "core/base/check.h"
#include "core/pool/pool.h"

namespace plasmite {
namespace {

constexpr const char* kSecret = "hush-hush";

ConfigSurroundings surroundings() {
  return {.variable = [](const std::string& name) -> std::optional<std::string> {
            if (name == "UNSET") return std::nullopt;
            return "value of " + name;
          },
          .group_exists = [](const std::string& name) { return name == "plasmite"; },
          .secret = [](const std::filesystem::path&) -> Result<SecretFile> {
            return SecretFile{.value = kSecret};
          },
          .is_directory = [](const std::filesystem::path&) { return true; },
          .is_executable = [](const std::filesystem::path&) { return true; },
          .now_ns = 1'800'000'000'000'000'000};
}

// `hides`: the input itself does not have the secret in it.
void check_problem(const ConfigProblem& problem, uint32_t lines, bool hides) {
  PLASMITE_CHECK(problem.file == "agent.toml" && !problem.message.empty() && !problem.fix.empty());
  PLASMITE_CHECK(problem.line <= lines);
  PLASMITE_CHECK(!hides || !describe(problem).contains(kSecret));
}

void check_config(const AgentConfig& config) {
  PLASMITE_CHECK(config.pool_dir.is_absolute() && config.socket.is_absolute());
  PLASMITE_CHECK(config.pools.size() <= 256 && config.sources.size() <= 128);
  for (const PoolConfig& pool : config.pools) {
    PLASMITE_CHECK(!pool.name.empty() && pool.name.front() != '.' && !pool.name.contains('/'));
    PLASMITE_CHECK(pool.size_bytes >= kMinPoolBytes && pool.size_bytes <= kMaxPoolBytes);
  }
  for (const SourceConfig& source : config.sources) {
    PLASMITE_CHECK(!source.name.empty() && source.name.size() <= kMaxCheckpointNameBytes);
    bool has_pool = false;
    for (const PoolConfig& pool : config.pools) has_pool = has_pool || pool.name == source.pool;
    PLASMITE_CHECK(has_pool && source.pool != config.reject_pool);
    if (const auto* tap = std::get_if<TapConfig>(&source.kind))
      PLASMITE_CHECK(!tap->command.empty());
  }
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace plasmite;
  const std::vector<ConfigText> files = {
      {"agent.toml", std::string(reinterpret_cast<const char*>(data), size)}};
  uint32_t lines = 1;
  for (const char c : files.front().text) lines += c == '\n' ? 1 : 0;
  const bool hides = !files.front().text.contains(kSecret);
  std::vector<ConfigProblem> warnings;
  const auto config = parse_config(files, "/etc/plasmite", surroundings(), &warnings);
  for (const ConfigProblem& warning : warnings) check_problem(warning, lines, hides);
  if (!config) {
    PLASMITE_CHECK(!config.error().empty());
    for (const ConfigProblem& problem : config.error()) check_problem(problem, lines, hides);
    return 0;
  }
  check_config(*config);
  const auto again = parse_config(files, "/etc/plasmite", surroundings());
  PLASMITE_CHECK(again.has_value() && diff_configs(*config, *again).empty());
  return 0;
}
