// Arbitrary bytes as messages, in batches of any size, for jq programs that are compiled once: each
// gets the verdict that the engine gives it alone in this process, in order, however the batches
// are cut and whether somebody waits for them or not. (Arbitrary programs: fuzz_filter.)
//
// The input: a byte that picks the programs; then batches of messages, one a line, each batch ended
// by an empty line. A byte of 1 as the first of a batch: nobody waits.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/filter/engine/jq_program.h"
#include "core/filter/engine/jq_value.h"
#include "core/filter/filter.h"
#include "core/record/utf8.h"
#include "tests/fuzz/fuzz_input.h"

namespace plasmite {
namespace {

constexpr FilterLimits kLimits{.cpu_time = std::chrono::seconds(60)};
constexpr auto kForever = Filter::Clock::time_point::max();

// They end, for any message, and yield nothing but booleans.
const std::array<std::vector<std::string>, 4> kPrograms = {{
    {".a == true"},
    {"if .b then true else error(.a) end"},
    {".a[]? | . == 1, (tostring | length > 3), (type | test(\"^(n|o)\"))"},
    {".a | length > 2", "keys | IN([\"a\"], [\"a\", \"b\"])"},
}};

[[noreturn]] void no_memory(void* /*unused*/) { std::abort(); }

// The engine without a process around it.
class Engine {
 public:
  explicit Engine(const std::vector<std::string>& programs) {
    std::string messages;
    for (const std::string& program : programs)
      programs_.push_back(JqProgram::compile(program, FilterReach::message, no_memory, messages));
  }

  FilterVerdict judge(std::string_view text) {
    std::string padded(text);
    padded.append(simdjson::SIMDJSON_PADDING, '\0');
    jv message = reader_.read(std::string_view(padded).substr(0, text.size()));
    FilterVerdict verdict = FilterVerdict::match;
    if (jv_is_valid(message) == 0) verdict = FilterVerdict::failed;
    for (const auto& program : programs_)
      if (verdict == FilterVerdict::match) verdict = judge(*program, jv_copy(message));
    jv_free(message);
    return verdict;
  }

 private:
  static FilterVerdict judge(JqProgram& program, jv message) {
    constexpr size_t kMostTextBytes = 300;
    const auto judgement = program.judge(message, /*with_text=*/true);
    PLASMITE_CHECK(is_utf8(judgement.text));
    PLASMITE_CHECK(judgement.text.size() <= kMostTextBytes + std::string_view("…").size());
    switch (judgement.outcome) {
      case JqProgram::Outcome::match:
        return FilterVerdict::match;
      case JqProgram::Outcome::no:
        return FilterVerdict::no;
      default:
        PLASMITE_CHECK(judgement.outcome == JqProgram::Outcome::failed);
        return FilterVerdict::failed;
    }
  }

  std::vector<std::unique_ptr<JqProgram>> programs_;
  JqValueReader reader_;
};

struct Pair {
  Engine engine;
  Filter filter;
};

Pair make_pair(const std::vector<std::string>& programs) {
  auto filter = Filter::create(programs, FilterReach::message, kLimits);
  PLASMITE_CHECK(filter);
  return {.engine = Engine(programs), .filter = std::move(*filter)};
}

void check_batch(Pair& pair, const std::vector<std::string_view>& messages, bool waits) {
  std::vector<FilterVerdict> expected;
  for (const std::string_view message : messages) {
    pair.filter.add(expected.size() + 1, message);
    expected.push_back(pair.engine.judge(message));
  }
  std::vector<FilterVerdict> verdicts;
  while (pair.filter.undecided() > 0) {
    PLASMITE_CHECK(pair.filter.undecided() == messages.size() - verdicts.size());
    const auto some = pair.filter.judge(waits ? kForever : Filter::Clock::now());
    PLASMITE_CHECK(some && (!waits || !some->empty()));
    verdicts.insert(verdicts.end(), some->begin(), some->end());
  }
  PLASMITE_CHECK(verdicts == expected);
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

void check(FuzzInput input) {
  static std::array<std::optional<Pair>, kPrograms.size()> pairs;
  const size_t choice = input.byte() % kPrograms.size();
  if (!pairs[choice]) pairs[choice] = make_pair(kPrograms[choice]);
  std::string_view rest = input.rest();
  while (!rest.empty()) {
    const bool waits = rest.front() != '\1';
    if (!waits) rest.remove_prefix(1);
    std::vector<std::string_view> messages;
    do messages.push_back(take_line(rest));
    while (!rest.empty() && !messages.back().empty());
    check_batch(*pairs[choice], messages, waits);
  }
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
