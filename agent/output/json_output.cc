#include "agent/output/json_output.h"

#include <string>

#include "agent/output/stdio.h"
#include "core/record/json_pretty.h"

namespace plasmite {

Result<bool> print_json(ColorMode color, std::string_view compact) {
  const bool on_terminal = is_terminal(kStdout);
  std::string text;
  if (on_terminal || color == ColorMode::always) {
    append_pretty_json(text, compact,
                       {.color = use_color(color, kStdout), .for_terminal = on_terminal});
  } else {
    text = compact;
  }
  text += '\n';
  return write_output(kStdout, text);
}

Result<bool> print_text(std::string_view text) { return write_output(kStdout, text); }

}  // namespace plasmite
