// The words of a line as a POSIX shell would see them, the last one maybe unfinished, and how to
// quote what completes it. Expansions are not made, but for a tilde. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plasmite {

struct ShellLine {
  std::vector<std::string> words;  // without quotes; the last one is where the cursor is
  // How the last word begins in the line: up to the first quote or the last = or : outside of
  // quotes, behind which readline puts a completion.
  std::string last_kept;  // without quotes
  char open_quote = 0;    // ' or " when the cursor is in such a string
};

ShellLine parse_shell_line(std::string_view line);

// `word` as it must be typed where `open_quote` is open.
std::string quote_for_shell(std::string_view word, char open_quote);

}  // namespace plasmite
