// JSON text as a libjq value. Not thread-safe.
#pragma once

extern "C" {
#include <jv.h>
}
#include <simdjson.h>

#include <string_view>

namespace plasmite {

// Reads with simdjson and builds the value that jv_parse would: several times faster, and equal to
// the digit. Numbers that simdjson refuses (integers beyond 64 bits, 1e400) and a minus zero are
// left to jv_parse, so that jq decides what they are. It never gets to see text that is not JSON:
// on some, jv_parse of libjq 1.6 leaks memory, and quotes what follows the text in its message.
class JqValueReader {
 public:
  // The value, owned by the caller, or an invalid one with a message. At least
  // simdjson::SIMDJSON_PADDING readable bytes must follow the text.
  jv read(std::string_view text);

 private:
  simdjson::dom::parser parser_;
};

}  // namespace plasmite
