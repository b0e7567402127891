// Completion in shells: the scripts, and the answers they ask for.
#pragma once

#include <span>
#include <string>

#include "agent/command_context.h"

namespace plasmite {

void register_completion(CLI::App& root, CommandContext& context);

// `plasmite __complete SHELL WORD…`, which no help shows: completion_scripts.cc says what it
// prints. Whatever is wrong, there is nothing to complete: it never fails.
inline constexpr const char* kAnswerCompletion = "__complete";
Result<int> answer_completion(std::span<const std::string> arguments);

}  // namespace plasmite
