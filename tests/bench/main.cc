// pls-bench: how far each thing a user waits for is from the fastest honest loop that does the same
// job.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/bench/lane.h"
#include "tests/bench/report.h"

namespace plasmite::bench {
namespace {

constexpr const char* kUsage =
    R"(usage: pls-bench [LANE...] [--check] [--json] [--pairs N] [--dir DIR]
       pls-bench --list

Measures each lane beside its floor, in alternating pairs, and prints the median ratio.

  LANE        measure only these (default: all)
  --list      print the lanes and what they compare
  --check     exit 1 if a lane misses its goal or fails; at least 9 pairs
  --json      one JSON object per line
  --pairs N   pairs per lane (default 9, more for short ones)
  --dir DIR   where pools go (default: /dev/shm with 6 GiB free, else $TMPDIR, else /tmp)

"noisy" (~ in the table): the 10th and 90th percentile of the pairs' ratios lie more than 15 % of the
median apart. Figures from an unoptimised build or a busy machine mean nothing.
)";

struct Options {
  std::vector<std::string> lanes;
  bool list = false;
  bool check = false;
  bool json = false;
  bool help = false;
  int pairs = 0;  // 0: each lane's own
  std::filesystem::path dir;
};

Result<Options> parse(const Arguments& arguments) {
  const auto usage = [](std::string message) {
    return std::unexpected(Error(ErrorKind::Usage, std::move(message)));
  };
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--list") {
      options.list = true;
    } else if (argument == "--check") {
      options.check = true;
    } else if (argument == "--json") {
      options.json = true;
    } else if (argument == "--help" || argument == "-h") {
      options.help = true;
    } else if (argument == "--pairs" || argument == "--dir") {
      if (++i == arguments.size()) return usage(argument + " needs a value");
      if (argument == "--dir") {
        options.dir = arguments[i];
        continue;
      }
      options.pairs = std::atoi(arguments[i].c_str());
      if (options.pairs < 1 || options.pairs > 10'000) return usage("--pairs takes 1 to 10000");
    } else if (argument.starts_with("-")) {
      return usage("unknown option " + argument);
    } else {
      options.lanes.push_back(argument);
    }
  }
  if (options.check && options.pairs != 0 && options.pairs < kDefaultPairs)
    return usage("--check wants at least " + std::to_string(kDefaultPairs) + " pairs");
  return options;
}

Result<std::vector<Lane>> select(const std::vector<std::string>& names) {
  std::vector<Lane> lanes = all_lanes();
  if (names.empty()) return lanes;
  std::vector<Lane> selected;
  for (const std::string& name : names) {
    const auto found = std::find_if(lanes.begin(), lanes.end(),
                                    [&](const Lane& lane) { return lane.name == name; });
    if (found == lanes.end())
      return std::unexpected(
          Error(ErrorKind::Usage, "no lane is called " + name + "; see pls-bench --list"));
    selected.push_back(*found);
  }
  return selected;
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

// Number of lanes that missed their goal or failed.
int run(const std::vector<Lane>& lanes, const Options& options, Workspace& workspace) {
  int missed = 0;
  if (!options.json) print(table_header());
  for (const Lane& lane : lanes) {
    const int pairs = options.pairs != 0 ? options.pairs : lane.default_pairs;
    const auto result = measure(lane, workspace, pairs);
    if (interrupted()) break;
    if (!result || !result->ok) ++missed;
    if (result)
      print(options.json ? json_line(lane, *result) : table_row(lane, *result));
    else
      print(options.json ? json_failure(lane, result.error())
                         : table_failure(lane, result.error()));
  }
  return missed;
}

int fail(const Error& error) {
  std::fprintf(stderr, "pls-bench: %s\n", error.message().c_str());
  for (const std::string& cause : error.causes())
    std::fprintf(stderr, "  caused by: %s\n", cause.c_str());
  return error_exit_code(error.kind());
}

int main_program(const Arguments& arguments) {
  const auto options = parse(arguments);
  if (!options) {
    std::fputs(kUsage, stderr);
    return fail(options.error());
  }
  if (options->help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const auto lanes = select(options->lanes);
  if (!lanes) return fail(lanes.error());
  if (options->list) {
    for (const Lane& lane : *lanes)
      std::printf("%-17s %s %-5g %s\n", std::string(lane.name).c_str(),
                  lane.better == Better::higher ? ">=" : "<=", lane.goal,
                  std::string(lane.what).c_str());
    return 0;
  }
  install_signal_handlers();
  auto workspace = Workspace::create(options->dir.empty() ? default_parent() : options->dir);
  if (!workspace) return fail(workspace.error());
  const CpuPair cpus = workspace->cpus();
  std::fprintf(stderr, "pls-bench: pools in %s, measuring on CPU %d, feeding from CPU %d\n",
               workspace->path().c_str(), cpus.consumer, cpus.producer);
#ifndef __OPTIMIZE__
  std::fputs("pls-bench: not an optimised build: figures mean nothing\n", stderr);
#endif
  const int missed = run(*lanes, *options, *workspace);
  if (interrupted()) return 130;
  return options->check && missed > 0 ? 1 : 0;
}

// The programs that lanes start in a process of their own.
int main_dispatch(Arguments arguments) {
  if (arguments.size() >= 2 && arguments[0] == "--floor") {
    const std::string name = arguments[1];
    arguments.erase(arguments.begin(), arguments.begin() + 2);
    if (name == "feed") return feed_floor(arguments);
    if (name == "follow") return follow_floor(arguments);
    if (name == "where") return where_floor(arguments);
    if (name == "tap") return tap_floor(arguments);
    if (name == "journal") return journal_floor(arguments);
    return 2;
  }
  if (!arguments.empty() && arguments[0] == "--emit-lines") {
    arguments.erase(arguments.begin());
    return emit_lines(arguments);
  }
  return main_program(arguments);
}

}  // namespace
}  // namespace plasmite::bench

int main(int argc, char** argv) {
  return plasmite::bench::main_dispatch(plasmite::bench::Arguments(argv + 1, argv + argc));
}
