// Arbitrary bytes as a captured line on a terminal: what comes out is printable text, TAB, whole
// SGR sequences and line feeds that end lines, with no colour open behind any of them; printable
// lines pass as they are.
#include <string>

#include "agent/output/terminal_lines.h"
#include "agent/output/terminal_text.h"
#include "core/base/check.h"
#include "core/record/utf8.h"
#include "tests/fuzz/fuzz_input.h"

namespace plasmite {
namespace {

// What a terminal does with `shown`, as far as colours go: true when none is open at the end.
// Everything else that a terminal would act on is a finding.
bool all_closed(std::string_view shown) {
  bool open = false;
  std::string text;
  while (!shown.empty()) {
    if (shown[0] == '\n') PLASMITE_CHECK(!open);
    if (shown[0] != '\x1b') {
      text += shown[0] == '\t' || shown[0] == '\n' ? ' ' : shown[0];
      shown.remove_prefix(1);
      continue;
    }
    PLASMITE_CHECK(shown.starts_with("\x1b["));
    const size_t end = shown.find('m');
    PLASMITE_CHECK(end != std::string_view::npos);
    const std::string_view parameters = shown.substr(2, end - 2);
    for (const char c : parameters) PLASMITE_CHECK((c >= '0' && c <= '9') || c == ';' || c == ':');
    bool all_zero = true;
    for (const char c : parameters) all_zero = all_zero && (c == '0' || c == ';');
    open = !all_zero;
    shown.remove_prefix(end + 1);
  }
  PLASMITE_CHECK(is_utf8(text) && escape_for_terminal(text) == text);
  return !open;
}

void check(FuzzInput input) {
  constexpr std::string_view kEnds[] = {"\n", "\r\n", "", "\r", "\r\r\n"};
  const std::string_view eol = kEnds[input.byte() % std::size(kEnds)];
  const std::string_view rest = input.rest();
  TerminalLines lines;
  std::string out;
  for (size_t from = 0; from <= rest.size();) {
    const size_t end = std::min(rest.find('\n', from), rest.size());
    const std::string_view line = rest.substr(from, end - from);
    const size_t before = out.size();
    lines.append_text(out, line);
    const std::string_view shown = std::string_view(out).substr(before);
    if (is_utf8(line) && escape_for_terminal(line) == line) PLASMITE_CHECK(shown == line);
    PLASMITE_CHECK(all_closed(shown));
    lines.append_end(out, eol);
    PLASMITE_CHECK(!eol.ends_with('\n') || (out.ends_with('\n') && !lines.in_line()));
    from = end + 1;
  }
  PLASMITE_CHECK(all_closed(out));
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
