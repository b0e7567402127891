// Arbitrary bytes as JSON that may span lines, detected or not: the same for every way to cut them
// into reads; and where each line is a record by itself, what JSON Lines makes of them.
#include <algorithm>
#include <string>

#include "core/record/json_grammar.h"
#include "sources/json_lines.h"
#include "tests/fuzz/framing_cuts.h"
#include "tests/fuzz/plain_json.h"

namespace plasmite {
namespace {

// The records, if all lines are: none otherwise.
std::optional<std::vector<std::string>> plain_lines(std::string_view text) {
  std::vector<std::string> records;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() > kFuzzedRecordBytes || find_json_defect(line)) return std::nullopt;
    records.push_back(without_space_outside_strings(line));
    if (!records.back().starts_with('{')) return std::nullopt;
  }
  return records;
}

void check(FuzzInput input) {
  const FramingCase made = run_both_ways(input, {Framing::detect, Framing::joined_lines});
  if (const auto records = plain_lines(made.text)) {
    PLASMITE_CHECK(made.run.stored == *records && made.run.error.empty());
    return;
  }
  // Nothing is stored that is not in the input, in order.
  std::string all;
  for (const char c : made.text)
    if (static_cast<unsigned char>(c) > ' ') all += c;
  size_t at = 0;
  for (std::string record : made.run.stored) {
    PLASMITE_CHECK(!find_json_defect(record) && record.starts_with('{'));
    std::erase_if(record, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
    if (record.find("\xEF\xBF\xBD") != std::string::npos) return;  // a sequence had bytes replaced
    at = all.find(record, at);
    PLASMITE_CHECK(at != std::string::npos);
    at += record.size();
  }
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
