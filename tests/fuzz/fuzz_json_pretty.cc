// Arbitrary bytes laid out for people: valid JSON keeps its every token, with colors or without;
// what is meant for a terminal holds nothing that a terminal acts on.
#include <string>

#include "core/base/check.h"
#include "core/record/json_grammar.h"
#include "core/record/json_pretty.h"
#include "core/record/utf8.h"
#include "tests/fuzz/plain_json.h"

namespace plasmite {
namespace {

std::string pretty(std::string_view json, const PrettyOptions& options) {
  std::string out;
  append_pretty_json(out, json, options);
  return out;
}

// Takes out ESC [ digits m.
std::string without_colors(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\x1b')
      out += text[at];
    else
      at = text.find('m', at);
  }
  return out;
}

void check(std::string_view text) {
  const std::string plain = pretty(text, {});
  const std::string colored = pretty(text, {.color = true});
  const std::string terminal = pretty(text, {.for_terminal = true});
  PLASMITE_CHECK(is_utf8(terminal));
  for (char c : terminal)
    PLASMITE_CHECK((static_cast<uint8_t>(c) >= 0x20 && c != 0x7F) || c == '\n');
  PLASMITE_CHECK(!terminal.contains("\xC2\x9B") && !terminal.contains("\xE2\x80\xAE"));
  if (find_json_defect(text)) return;
  PLASMITE_CHECK(without_space_outside_strings(plain) == without_space_outside_strings(text));
  PLASMITE_CHECK(without_colors(colored) == plain);
  PLASMITE_CHECK(!find_json_defect(terminal));
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
