// Arbitrary bytes as one JSON value, as values one after the other and as a sequence: the same for
// every way to cut them into reads; and of a sequence, exactly what the rules say.
#include <algorithm>
#include <string>

#include "core/record/json_grammar.h"
#include "core/record/utf8.h"
#include "sources/json_values.h"
#include "tests/fuzz/framing_cuts.h"
#include "tests/fuzz/plain_json.h"

namespace plasmite {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// How many bytes of the text, which does not begin with white space, are one object or array; 0: it
// does not begin with one. By trying.
size_t container_length(std::string_view text) {
  if (text.front() != '{' && text.front() != '[') return 0;
  for (size_t length = 2; length <= text.size(); ++length) {
    const char last = text[length - 1];
    if ((last == '}' || last == ']') && !find_json_defect(text.substr(0, length))) return length;
  }
  return 0;
}

struct Expected {
  std::vector<std::string> stored;
  uint64_t failed = 0;
};

// What stands between two separators.
void expect_record(std::string_view text, Expected& expected) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  if (text.empty()) return;
  const size_t length = container_length(text);
  if (length == 0) {
    // Scalars are bad, whole or not; one that is whole may be followed by more that is bad.
    ++expected.failed;
    return;
  }
  if (text.front() == '{' && length <= kFuzzedRecordBytes)
    expected.stored.push_back(without_space_outside_strings(text.substr(0, length)));
  else
    ++expected.failed;
  if (text.find_first_not_of(kSpace, length) != std::string_view::npos) ++expected.failed;
}

// Scalars end where only a scanner knows; they are left to the comparison of cuts.
bool has_scalar_record(std::string_view text) {
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(kRecordSeparator, begin), text.size());
    const std::string_view record = text.substr(begin, end - begin);
    const size_t first = record.find_first_not_of(kSpace);
    if (first != std::string_view::npos && record[first] != '{' && record[first] != '[')
      return true;
    begin = end + 1;
  }
  return false;
}

void check(FuzzInput input) {
  const FramingCase made =
      run_both_ways(input, {Framing::sequence, Framing::values, Framing::value});
  for (const std::string& record : made.run.stored)
    PLASMITE_CHECK(!find_json_defect(record) && record.starts_with('{'));
  if (made.setting.framing == Framing::value) PLASMITE_CHECK(made.run.records <= 1);
  std::string_view text = made.text;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (made.setting.framing != Framing::sequence || !is_utf8(text) || has_scalar_record(text))
    return;
  if (made.setting.on_bad_record != OnBadRecord::skip) return;
  Expected expected;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(kRecordSeparator, begin), text.size());
    expect_record(text.substr(begin, end - begin), expected);
    begin = end + 1;
  }
  PLASMITE_CHECK(made.run.stored == expected.stored);
  // The scanner knows less than the grammar of numbers: it may see a bad record end, and the next
  // one begin, where by the letter there is just one that is bad.
  PLASMITE_CHECK((made.run.failed == 0) == (expected.failed == 0));
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
