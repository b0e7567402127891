// pls-powerloss: puts together what a disk may hold after a power loss and checks that no promise
// is broken. See tests/crash/README.md.
#include <cstdio>
#include <filesystem>

#include "tests/crash/arguments.h"
#include "tests/crash/powerloss/scenario.h"
#include "tests/crash/temporary_folder.h"

namespace plasmite::crash {
namespace {

void print_json(const PowerlossTotals& totals, uint64_t seed) {
  using ull = unsigned long long;
  std::printf("{\"images\":%llu,\"scenarios\":%llu", ull{totals.images}, ull{totals.scenarios});
  for (int kind = 0; kind < kBrokenKinds; ++kind)
    std::printf(",\"%s\":%llu", kBrokenNames[kind], ull{totals.broken[kind]});
  std::printf(",\"recovery_images\":%llu,\"lives\":%llu,\"deaths\":%llu,\"repairs\":%llu",
              ull{totals.recovery_images}, ull{totals.lives}, ull{totals.deaths},
              ull{totals.repairs});
  std::printf(",\"records_compared\":%llu,\"checkpoints_exact\":%llu,\"checkpoints_older\":%llu",
              ull{totals.records_compared}, ull{totals.checkpoints_exact},
              ull{totals.checkpoints_older});
  std::printf(",\"seed\":%llu}\n", ull{seed});
}

int run(int argc, char** argv) {
  uint64_t images = 1000, scenarios = 20, seed = 1, only = 0;
  std::optional<Protection> off;
  std::filesystem::path dir = memory_folder();
  Arguments arguments("pls-powerloss");
  arguments.number("--images", &images);
  arguments.number("--scenarios", &scenarios);
  arguments.number("--seed", &seed);
  arguments.number("--only", &only);  // the number of one scenario, to replay it
  arguments.protection("--break", &off);
  arguments.text("--dir", &dir);
  arguments.flag("--json");  // the only form of output
  if (!arguments.parse(argc, argv)) return 2;
  const auto folder = make_temporary_folder(dir);
  if (!folder) {
    std::fprintf(stderr, "pls-powerloss: %s\n", folder.error().message().c_str());
    return 1;
  }
  install_model_hooks(off);
  PowerlossTotals totals;
  const Random random(seed);
  for (uint64_t number = 1; number <= scenarios; ++number) {
    if (only != 0 && number != only) continue;
    const auto scenario_folder = *folder / std::to_string(number);
    std::filesystem::create_directory(scenario_folder);
    Scenario(number, scenario_folder, random.fork(number), totals)
        .run((images + scenarios - 1) / scenarios);
    std::error_code ignored;
    std::filesystem::remove_all(scenario_folder, ignored);
    // One proof is enough when a protection is off.
    if (off && totals.total_broken() > 0) break;
  }
  std::error_code ignored;
  std::filesystem::remove_all(*folder, ignored);
  print_json(totals, seed);
  return totals.total_broken() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace plasmite::crash

int main(int argc, char** argv) { return plasmite::crash::run(argc, argv); }
