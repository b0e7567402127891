// Arbitrary bytes as a JSON string: always valid JSON, lossless where the bytes are UTF-8, and
// base64 that gives the bytes back.
#include <string>

#include "core/base/check.h"
#include "core/record/json_escape.h"
#include "core/record/json_grammar.h"
#include "core/record/utf8.h"
#include "tests/fuzz/plain_json.h"

namespace plasmite {
namespace {

std::string unescape(std::string_view quoted) {
  std::string out;
  for (size_t at = 1; at + 1 < quoted.size(); ++at) {
    if (quoted[at] != '\\') {
      out += quoted[at];
      continue;
    }
    const char c = quoted[++at];
    if (c == 'u') {
      out += static_cast<char>(std::stoi(std::string(quoted.substr(at + 1, 4)), nullptr, 16));
      at += 4;
    } else {
      const size_t name = std::string_view("btnfr").find(c);
      out += name == std::string_view::npos ? c : "\b\t\n\f\r"[name];
    }
  }
  return out;
}

void check(std::string_view bytes) {
  std::string text;
  bool was_lossy = false;
  append_json_string_lossy(text, bytes, &was_lossy);
  PLASMITE_CHECK(!find_json_defect(text));
  PLASMITE_CHECK(was_lossy == !is_utf8(bytes));
  if (!was_lossy) {
    PLASMITE_CHECK(unescape(text) == bytes);
    std::string exact;
    append_json_string(exact, bytes);
    PLASMITE_CHECK(exact == text);
  }
  for (size_t limit = 0; limit <= bytes.size(); ++limit) {
    const size_t cut = utf8_cut(bytes, limit);
    PLASMITE_CHECK(cut <= limit && cut + 3 >= limit);
    if (!was_lossy) PLASMITE_CHECK(is_utf8(bytes.substr(0, cut)));
  }
  PLASMITE_CHECK(base64_decode(base64_encode(bytes)) == bytes);
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
