// Arbitrary bytes as a record: the validator agrees with the hand-walked grammar and with
// simdjson's own documents, removes white space outside strings and nothing else, and does not look
// behind the text.
#include <simdjson.h>

#include <string>

#include "core/base/check.h"
#include "core/record/json_grammar.h"
#include "core/record/json_text.h"
#include "tests/fuzz/plain_json.h"

namespace plasmite {
namespace {

class Judge {
 public:
  Result<JsonText> operator()(std::string_view text, std::string_view behind) {
    arena_.clear();
    buffer_.assign(text);
    while (buffer_.size() < text.size() + kJsonPadding) buffer_ += behind;
    return validator_.validate_object({std::string_view(buffer_).substr(0, text.size())}, arena_);
  }
  bool is_input(const JsonText& text) const { return text.view().data() == buffer_.data(); }

 private:
  JsonValidator validator_;
  TextArena arena_;
  std::string buffer_;
};

// simdjson's numbers are narrower than the grammar's, and it counts depth otherwise.
void compare_with_document(std::string_view text, bool is_valid) {
  static simdjson::dom::parser parser;
  const auto error = parser.parse(text.data(), text.size()).error();
  if (error == simdjson::NUMBER_ERROR || error == simdjson::DEPTH_ERROR) return;
  PLASMITE_CHECK((error == simdjson::SUCCESS) == is_valid);
}

void check(std::string_view text) {
  static Judge judge;
  const auto defect = find_json_defect(text);
  if (!defect || !defect->too_deep) compare_with_document(text, !defect);
  for (const char* behind : {" ", "\"", "}", "1", "\\"}) {
    const auto result = judge(text, behind);
    if (!result) {
      const Error& error = result.error();
      PLASMITE_CHECK(error.kind() == ErrorKind::Usage && !error.hint().empty());
      if (error.message() == "data must be object") {
        PLASMITE_CHECK(!defect);
        PLASMITE_CHECK(without_space_outside_strings(text).front() != '{');
      } else {
        PLASMITE_CHECK(defect && error.message() == "invalid json");
        PLASMITE_CHECK(error.offset() == defect->offset && defect->offset <= text.size());
      }
      continue;
    }
    PLASMITE_CHECK(!defect);
    const std::string stored(result->view());
    PLASMITE_CHECK(stored == without_space_outside_strings(text));
    PLASMITE_CHECK(judge.is_input(*result) == (stored.size() == text.size()));
    for (char c : stored) PLASMITE_CHECK(static_cast<uint8_t>(c) >= 0x20);
    const auto again = judge(stored, behind);
    PLASMITE_CHECK(again && judge.is_input(*again));
  }
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
