// Is it UTF-8? Ours of sixteen bytes at a time, ours of one character at a time, the bounds of each
// byte, and simdjson: one answer, wherever the bytes stand.
#include <simdjson.h>

#include <string>

#include "core/base/check.h"
#include "core/record/utf8.h"
#include "tests/support/utf8_by_steps.h"

namespace plasmite {
namespace {

void check(std::string_view bytes) {
  const bool want = simdjson::validate_utf8(bytes.data(), bytes.size());
  PLASMITE_CHECK(is_utf8_by_steps(bytes) == want);
  PLASMITE_CHECK(is_utf8_portable(bytes) == want);
  for (size_t offset = 0; offset < 16; ++offset) {
    const std::string moved = std::string(offset, 'x').append(bytes);
    PLASMITE_CHECK(is_utf8(moved) == want);
  }
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
