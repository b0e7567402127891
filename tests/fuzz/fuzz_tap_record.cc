// Arbitrary bytes as a record that `follow --text` reads: whatever they are, nothing is read
// outside of them and a line's end is one that tap writes. What they say about parts goes through
// the joiner, which keeps its limits and gives every byte back once.
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/record/tap_record.h"
#include "sinks/line_joiner.h"
#include "tests/fuzz/fuzz_input.h"

namespace plasmite {
namespace {

constexpr LineJoinerLimits kLimits{.line_bytes = 16, .all_bytes = 40, .lines = 4};

class Check {
 public:
  void take(std::string_view body) {
    static const TagBlock tags = *TagBlock::encode({"lifecycle"});
    const TapRecord record = reader_.read({.seq = 1, .tags = TagsView(tags.bytes()), .body = body});
    const auto* line = std::get_if<TapLine>(&record);
    if (line == nullptr) return;
    if (line->eol) PLASMITE_CHECK(line->eol->find_first_not_of("\r\n") == std::string_view::npos);
    if (!line->part) return;
    in_ += line->bytes.size();
    joiner_.add(*line, /*seq=*/1, "\n", ready_);
    count_out();
    PLASMITE_CHECK(in_ - out_ <= kLimits.all_bytes);
  }
  void end() {
    joiner_.take_rest(ready_);
    count_out();
    PLASMITE_CHECK(in_ == out_);
  }

 private:
  void count_out() {
    for (const JoinedPiece& piece : ready_) out_ += piece.bytes.size();
    ready_.clear();
  }

  TapRecordReader reader_;
  LineJoiner joiner_{kLimits};
  std::vector<JoinedPiece> ready_;
  size_t in_ = 0;
  size_t out_ = 0;
};

void check(std::string_view input) {
  Check check;
  while (!input.empty()) {
    const size_t end = std::min(input.find('\n'), input.size());
    check.take(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  check.end();
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
