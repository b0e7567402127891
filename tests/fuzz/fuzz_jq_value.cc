// Arbitrary bytes as a message for jq: JSON becomes, to the digit, the value that jq would read
// itself, and nothing else becomes a value. jq's parser reads only what is JSON here as in the
// product: on other text it leaks.
#include "core/filter/engine/jq_value.h"

#include <algorithm>
#include <string>

#include "core/base/check.h"
#include "core/record/json_grammar.h"

namespace plasmite {
namespace {

// Takes the value over. No JSON text is this word without quotes.
std::string dumped(jv value) {
  if (jv_is_valid(value) == 0) {
    jv_free(value);
    return "invalid";
  }
  jv text = jv_dump_string(value, 0);
  std::string copy(jv_string_value(text),
                   static_cast<size_t>(jv_string_length_bytes(jv_copy(text))));
  jv_free(text);
  return copy;
}

void check(std::string_view input) {
  static JqValueReader reader;
  std::string padded(input);
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  const std::string ours = dumped(reader.read(std::string_view(padded).substr(0, input.size())));
  const auto defect = find_message_defect(input);
  if (ours == "invalid") {
    PLASMITE_CHECK(defect);
    return;
  }
  // Deeper than any message: simdjson has judged it.
  if (defect) PLASMITE_CHECK(defect->what == "containers are nested too deep");
  const std::string jqs = dumped(jv_parse_sized(padded.data(), static_cast<int>(input.size())));
  constexpr int64_t kDeepestOfJq = 256;
  const auto is_open = [](char c) { return c == '[' || c == '{'; };
  PLASMITE_CHECK(ours == jqs ||
                 (jqs == "invalid" && std::ranges::count_if(input, is_open) > kDeepestOfJq));
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
