// What `pls agent check` says. Thread-safety: free functions.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "agent/command_context.h"
#include "agent/config/config_loader.h"

namespace plasmite {

// Two lines per problem, everything unprintable escaped: FILE:LINE: KEY: MESSAGE, and "  fix: "
// with what to do. `what` stands before the message: "warning: ", or nothing.
std::string problems_as_text(std::span<const ConfigProblem> problems, std::string_view what = "");

// Writes that to stderr.
void report_problems(std::span<const ConfigProblem> problems, std::string_view what = "");

// The exit code: 0 with one line on stdout, or kConfigExitCode with all problems on stderr.
// Warnings go to stderr in both cases.
Result<int> check_config(const CommandContext& context, const std::filesystem::path& main_file);

}  // namespace plasmite
