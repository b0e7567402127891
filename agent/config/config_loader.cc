#include "agent/config/config_loader.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/config/config_files.h"
#include "agent/config/config_surroundings.h"

namespace plasmite {

std::expected<AgentConfig, std::vector<ConfigProblem>> load_config(
    const std::filesystem::path& main_file, std::vector<ConfigProblem>* warnings) {
  ConfigFiles files = ConfigFiles::read(main_file);
  if (files.texts.empty()) return std::unexpected(std::move(files.problems));
  std::vector<ConfigProblem> found;
  auto config =
      parse_config(files.texts, files.folder, ConfigSurroundings::of_this_process(), &found);
  if (warnings != nullptr) {
    *warnings = std::move(files.warnings);
    std::ranges::move(found, std::back_inserter(*warnings));
  }
  if (files.problems.empty()) return config;
  // A file that could not be read may hold what the others refer to: only it is reported.
  return std::unexpected(std::move(files.problems));
}

}  // namespace plasmite
