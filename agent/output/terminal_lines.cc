#include "agent/output/terminal_lines.h"

#include <algorithm>

#include "agent/output/terminal_text.h"

namespace plasmite {
namespace {

constexpr std::string_view kReset = "\x1b[0m";

// More parameters than any colour needs.
constexpr size_t kMaxSgrBytes = 128;

bool passes_as_it_is(char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; }

// The length of the SGR sequence at the front of `text`, 0 if there is none. Parameters that begin
// with <, =, > or ? belong to other sequences that end in m.
size_t sgr_length(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const size_t end = text.substr(0, kMaxSgrBytes).find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

// Only zeros, or nothing: everything is as at the beginning. Other sequences may close what is
// open, too; a reset more does no harm.
bool is_reset(std::string_view sgr) { return sgr.find_first_not_of("0;", 2) == sgr.size() - 1; }

}  // namespace

void TerminalLines::append_text(std::string& out, std::string_view bytes) {
  bool colored = false;
  in_line_ = in_line_ || !bytes.empty();
  while (!bytes.empty()) {
    const auto special = std::ranges::find_if_not(bytes, passes_as_it_is);
    const auto plain = static_cast<size_t>(special - bytes.begin());
    out += bytes.substr(0, plain);
    bytes.remove_prefix(plain);
    if (bytes.empty()) break;
    size_t taken = sgr_length(bytes);
    if (taken > 0) {
      out += bytes.substr(0, taken);
      colored = !is_reset(bytes.substr(0, taken));
    } else {
      taken = append_escaped_for_terminal(out, bytes);
    }
    bytes.remove_prefix(taken);
  }
  if (colored) out += kReset;
}

void TerminalLines::append_end(std::string& out, std::string_view eol) {
  if (eol.ends_with('\n')) {
    out += '\n';
    in_line_ = false;
    return;
  }
  out += escape_for_terminal(eol);
}

}  // namespace plasmite
