// Judges whether a text is one JSON object, from the positions of its tokens.
//
// The work is split where simdjson splits it. Its first stage, vector code that nobody should write
// again, finds where every token begins and checks UTF-8, control characters in strings and that
// strings end. Its second stage builds a document, of which a pool has no use; here the tokens are
// walked instead and nothing is built. That takes half the time, and numbers of any size, an exact
// depth and white space outside strings cost nothing more. Held against simdjson's own documents,
// and against the grammar written out by hand (json_grammar.h), by json_text_test.cc and
// fuzz_json_text.cc. Not thread-safe.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace plasmite {

enum class JsonVerdict : uint8_t {
  object,         // one valid object
  spaced_object,  // the same, with white space outside its strings
  refused,        // not that: no valid JSON in UTF-8, nested too deep, or no object
  no_memory,      // nothing was judged
};

class JsonTokens {
 public:
  // kJsonPadding bytes behind the text are readable, of any value. Memory grows to the longest
  // text, by doubling up to `max_bytes`; then nothing more is allocated.
  JsonVerdict judge(std::string_view text, size_t max_bytes);

 private:
  bool grow(size_t bytes, size_t max_bytes);

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
  size_t capacity_ = 0;
};

}  // namespace plasmite
