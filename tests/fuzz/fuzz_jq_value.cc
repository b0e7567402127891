// Arbitrary bytes as a message for jq: what we build from them is, to the digit, what jq would read
// itself.
#include "core/filter/engine/jq_value.h"

#include <algorithm>
#include <string>

#include "core/base/check.h"

namespace plasmite {
namespace {

// Takes the value over.
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
  const std::string jqs = dumped(jv_parse_sized(padded.data(), static_cast<int>(input.size())));
  constexpr int64_t kDeepestOfJq = 256;
  const auto is_open = [](char c) { return c == '[' || c == '{'; };
  if (jqs == "invalid" && std::ranges::count_if(input, is_open) > kDeepestOfJq) return;
  PLASMITE_CHECK(ours == jqs);
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
