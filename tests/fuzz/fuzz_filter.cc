// Arbitrary bytes as jq programs and messages, in a process with limits as --where runs them:
// whatever they are, the answer is a verdict for each message or one of the documented errors, in
// bounded time, and a message before the one that failed has its verdict. Programs that may see
// their message only never tell of the environment.
//
// The input: programs, each ended by a line of "--"; then messages, one a line. With a "!" in front
// the programs may see their message only. Each takes some 80 ms here, and 15 ms at the very least:
// a process is started and compiles jq's own library. So what does not need arbitrary programs that
// run has quick targets: fuzz_filter_text, fuzz_filter_messages, fuzz_jq_value.
#include "core/filter/filter.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/base/check.h"
#include "core/filter/compile_error.h"
#include "core/filter/rounded_number.h"

namespace plasmite {
namespace {

constexpr FilterLimits kLimits{.memory_bytes = 256u << 20,
                               .cpu_time = std::chrono::milliseconds(500)};
constexpr uint64_t kMostMessages = 3;  // so that the slowest program takes 2 s
constexpr std::string_view kSeparator = "\n--\n";
constexpr const char* kSecret = "a-secret-of-the-environment";

bool is_documented(const Error& error, bool at_message) {
  constexpr std::array<std::string_view, 5> kMessages = {
      "invalid filter expression", "filter expression must yield booleans",
      "filter expression took too long", "filter expression needs too much memory",
      "filter expression made jq crash"};
  return error.kind() == ErrorKind::Usage && !error.hint().empty() && !error.causes().empty() &&
         error.seq().has_value() == at_message &&
         std::ranges::find(kMessages, error.message()) != kMessages.end();
}

void check_told(std::string_view text, FilterReach reach) {
  PLASMITE_CHECK(reach == FilterReach::host || !text.contains(kSecret));
}

void check_told(const Error& error, FilterReach reach) {
  for (const std::string& cause : error.causes()) check_told(cause, reach);
}

void check_judging(Filter& filter, uint64_t messages, FilterReach reach) {
  uint64_t decided = 0;
  while (filter.undecided() > 0) {
    const auto verdicts = filter.judge(Filter::Clock::now() + std::chrono::seconds(60));
    if (!verdicts) {
      PLASMITE_CHECK(is_documented(verdicts.error(), /*at_message=*/true));
      PLASMITE_CHECK(verdicts.error().seq() == decided + 1);
      check_told(verdicts.error(), reach);
      return;
    }
    PLASMITE_CHECK(!verdicts->empty());  // nothing takes a minute
    decided += verdicts->size();
  }
  PLASMITE_CHECK(decided == messages);
  if (const auto error = filter.take_first_error()) check_told(error->text, reach);
}

void check(std::string_view input) {
  if (input.contains(kSecret)) return;  // nothing to tell
  const FilterReach reach = input.starts_with('!') ? FilterReach::message : FilterReach::host;
  if (reach == FilterReach::message) input.remove_prefix(1);
  std::vector<std::string> programs;
  for (size_t end; (end = input.find(kSeparator)) != input.npos;) {
    programs.emplace_back(input.substr(0, end));
    (void)first_rounded_number(programs.back());
    input.remove_prefix(end + kSeparator.size());
  }
  if (programs.empty() || programs.size() > 3) return;
  auto filter = Filter::create(programs, reach, kLimits);
  if (!filter) {
    check_told(filter.error(), reach);
    PLASMITE_CHECK(is_documented(filter.error(), /*at_message=*/false));
    return;
  }
  uint64_t messages = 0;
  while (!input.empty() && messages < kMostMessages) {
    const std::string_view line = input.substr(0, input.find('\n'));
    filter->add(++messages, line);
    input.remove_prefix(std::min(line.size() + 1, input.size()));
  }
  check_judging(*filter, messages, reach);
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int set = ::setenv("PLASMITE_FUZZ_SECRET", plasmite::kSecret, 1);
  PLASMITE_CHECK(set == 0);
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
