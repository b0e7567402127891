#include "agent/config/config_report.h"

#include "agent/output/human.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"

namespace plasmite {
namespace {

// One line stays one line: names of files and values may have line ends.
std::string one_line(std::string_view text) { return escape_for_terminal(text); }

}  // namespace

std::string problems_as_text(std::span<const ConfigProblem> problems, std::string_view what) {
  std::string text;
  for (const ConfigProblem& problem : problems) {
    ConfigProblem shown = problem;
    shown.message = std::string(what) + problem.message;
    shown.fix.clear();
    text += one_line(describe(shown)) + "\n";
    if (!problem.fix.empty()) text += "  fix: " + one_line(problem.fix) + "\n";
  }
  return text;
}

void report_problems(std::span<const ConfigProblem> problems, std::string_view what) {
  write_stderr(problems_as_text(problems, what));
}

Result<int> check_config(const CommandContext&, const std::filesystem::path& main_file) {
  std::vector<ConfigProblem> warnings;
  const auto config = load_config(main_file, &warnings);
  report_problems(warnings, "warning: ");
  if (!config) {
    report_problems(config.error());
    return kConfigExitCode;
  }
  const std::string line = one_line(main_file.native()) +
                           ": ok: " + counted(config->pools.size(), "pool") + ", " +
                           counted(config->sources.size(), "source") + "\n";
  const auto written = write_output(kStdout, line);
  if (!written) return std::unexpected(written.error());
  return 0;
}

}  // namespace plasmite
