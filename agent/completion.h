// What may stand next on a command line: the same answer for every shell.
//
// Options, values and subcommands come from the commands themselves, so nothing here needs to be
// told of a new one; pools from the pool directory. Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/command_context.h"

namespace plasmite {

struct Candidate {
  std::string word;  // not quoted
  std::string description;
};

// What a shell completes by itself when there is no candidate.
enum class ShellCompletes : uint8_t { nothing, files, directories, commands };

struct Completion {
  std::vector<Candidate> candidates;
  ShellCompletes shell = ShellCompletes::nothing;
};

// `words` are those behind the program's name, without quotes; the last one is to be completed and
// may be empty. Candidates begin with it.
Completion complete(std::span<const std::string> words);

}  // namespace plasmite
