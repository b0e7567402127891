// Arbitrary bytes as jq programs and messages, in a process with limits as --where runs them:
// whatever they are, the answer is a verdict for each message or one of the documented errors, in
// bounded time, and a message before the one that failed has its verdict.
//
// The input: programs, each ended by a line of "--"; then messages, one a line. Each takes some 30
// ms: a process is started and compiles jq's own library.
#include "core/filter/filter.h"

#include <algorithm>
#include <array>

#include "core/base/check.h"
#include "core/filter/compile_error.h"
#include "core/filter/rounded_number.h"

namespace plasmite {
namespace {

constexpr FilterLimits kLimits{.memory_bytes = 256u << 20,
                               .cpu_time = std::chrono::milliseconds(500)};
constexpr uint64_t kMostMessages = 3;  // so that the slowest program takes 2 s
constexpr std::string_view kSeparator = "\n--\n";

bool is_documented(const Error& error, bool at_message) {
  constexpr std::array<std::string_view, 5> kMessages = {
      "invalid filter expression", "filter expression must yield booleans",
      "filter expression took too long", "filter expression needs too much memory",
      "filter expression made jq crash"};
  return error.kind() == ErrorKind::Usage && !error.hint().empty() && !error.causes().empty() &&
         error.seq().has_value() == at_message &&
         std::ranges::find(kMessages, error.message()) != kMessages.end();
}

void check_judging(Filter& filter, uint64_t messages) {
  uint64_t decided = 0;
  while (filter.undecided() > 0) {
    const auto verdicts = filter.judge(Filter::Clock::now() + std::chrono::seconds(60));
    if (!verdicts) {
      PLASMITE_CHECK(is_documented(verdicts.error(), /*at_message=*/true));
      PLASMITE_CHECK(verdicts.error().seq() == decided + 1);
      return;
    }
    PLASMITE_CHECK(!verdicts->empty());  // nothing takes a minute
    decided += verdicts->size();
  }
  PLASMITE_CHECK(decided == messages);
}

void check(std::string_view input) {
  std::vector<std::string> programs;
  for (size_t end; (end = input.find(kSeparator)) != input.npos;) {
    programs.emplace_back(input.substr(0, end));
    (void)first_rounded_number(programs.back());
    input.remove_prefix(end + kSeparator.size());
  }
  if (programs.empty() || programs.size() > 3) return;
  auto filter = Filter::create(programs, FilterReach::host, kLimits);
  if (!filter) {
    PLASMITE_CHECK(is_documented(filter.error(), /*at_message=*/false));
    return;
  }
  uint64_t messages = 0;
  while (!input.empty() && messages < kMostMessages) {
    const std::string_view line = input.substr(0, input.find('\n'));
    filter->add(++messages, line);
    input.remove_prefix(std::min(line.size() + 1, input.size()));
  }
  check_judging(*filter, messages);
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
