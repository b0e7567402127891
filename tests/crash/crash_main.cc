// pls-crash: kills writers at every step of an append and at random instants, and checks that no
// promise is broken. See tests/crash/README.md.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "tests/crash/arguments.h"
#include "tests/crash/step_names.h"
#include "tests/crash/supervisor.h"

namespace plasmite::crash {
namespace {

constexpr uint64_t kWrapsRequired = 10;
constexpr uint64_t kInsidePercentRequired = 25;

void print_json(const CrashTotals& totals, const FailureCounts& failures, uint64_t seed) {
  const auto count = [&](Failure failure) {
    return static_cast<unsigned long long>(failures.of(failure));
  };
  using ull = unsigned long long;
  std::printf("{\"rounds\":%llu,\"kills\":%llu,\"kills_inside_append\":%llu,\"kills_by_step\":{",
              ull{totals.rounds}, ull{totals.kills}, ull{totals.kills_inside_append});
  for (int step = 0; step < kSteps; ++step) {
    if (step >= kAppendSteps && totals.kills_by_step[step] == 0) continue;
    std::printf("\"%s\":%llu,", kStepNames[step].data(), ull{totals.kills_by_step[step]});
  }
  std::printf("\"outside\":%llu}", ull{totals.kills_outside});
  // The criterion is that each pool wraps: the least of them counts.
  const uint64_t wraps = *std::min_element(totals.wraps.begin(), totals.wraps.end());
  std::printf(",\"wraps\":%llu,\"acknowledged\":%llu", ull{wraps}, ull{totals.acknowledged});
  std::printf(
      ",\"lost\":%llu,\"repeated\":%llu,\"torn\":%llu,\"open_failures\":%llu,\"stuck\":%llu",
      count(Failure::lost), count(Failure::repeated), count(Failure::torn),
      count(Failure::open_failures), count(Failure::stuck));
  std::printf(",\"wraps_by_pool\":[%llu,%llu,%llu]", ull{totals.wraps[0]}, ull{totals.wraps[1]},
              ull{totals.wraps[2]});
  std::printf(
      ",\"kills_told\":%llu,\"reader_kills\":%llu,\"delivered\":%llu,\"retired_unread\":%llu",
      ull{totals.kills_told}, ull{totals.reader_kills}, ull{totals.delivered},
      ull{totals.reported_lost});
  std::printf(",\"seed\":%llu}\n", ull{seed});
}

// Whether the run put the engine to the test at all; says on stderr what is missing.
bool tested_enough(const CrashTotals& totals) {
  bool enough = true;
  const auto require = [&enough](bool holds, const char* what) {
    if (!holds) std::fprintf(stderr, "pls-crash: not tested enough: %s\n", what);
    enough = enough && holds;
  };
  require(
      totals.kills > 0 && totals.kills_inside_append * 100 >= totals.kills * kInsidePercentRequired,
      "too few kills inside an append");
  for (int step = 0; step < kAppendSteps; ++step)
    require(totals.kills_by_step[step] > 0, kStepNames[step].data());
  for (const uint64_t wraps : totals.wraps)
    require(wraps >= kWrapsRequired, "a pool wrapped too seldom");
  return enough;
}

int run(int argc, char** argv) {
  CrashOptions options;
  Arguments arguments("pls-crash");
  uint64_t seconds = 10;
  arguments.number("--seconds", &seconds);
  arguments.number("--seed", &options.seed);
  arguments.protection("--break", &options.break_protection);
  arguments.text("--dir", &options.dir);
  arguments.flag("--json");  // the only form of output
  if (!arguments.parse(argc, argv)) return 2;
  options.duration = std::chrono::seconds(seconds);
  const SharedStatePtr shared = make_shared_state();
  if (!shared) {
    std::fprintf(stderr, "pls-crash: no shared memory\n");
    return 1;
  }
  Supervisor supervisor(options, *shared);
  if (const auto started = supervisor.start(); !started) {
    std::fprintf(stderr, "pls-crash: %s\n", started.error().message().c_str());
    return 1;
  }
  supervisor.run();
  print_json(supervisor.totals(), shared->failures, options.seed);
  const bool kept = shared->failures.total() == 0;
  return tested_enough(supervisor.totals()) && kept ? 0 : 1;
}

}  // namespace
}  // namespace plasmite::crash

int main(int argc, char** argv) { return plasmite::crash::run(argc, argv); }
