// Runs the writers and readers, kills them, checks after each kill, starts them again.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/unique_fd.h"
#include "tests/crash/pool_watch.h"
#include "tests/crash/random.h"

namespace plasmite::crash {

struct CrashOptions {
  std::chrono::seconds duration{10};
  uint64_t seed = 1;
  std::optional<Protection> break_protection;
  std::filesystem::path dir;  // empty: one pool in memory, two on disk, in temporary folders
};

struct CrashTotals {
  uint64_t rounds = 0;
  uint64_t kills = 0;
  uint64_t kills_inside_append = 0;
  uint64_t kills_told = 0;     // at a step that was asked for
  uint64_t kills_outside = 0;  // by chance, while no append was under way
  uint64_t reader_kills = 0;
  std::array<uint64_t, kSteps> kills_by_step{};
  std::array<uint64_t, kPools> wraps{};
  uint64_t acknowledged = 0;
  uint64_t delivered = 0;  // to followers
  uint64_t reported_lost = 0;
};

class Supervisor {
 public:
  Supervisor(const CrashOptions& options, SharedState& shared);
  ~Supervisor();

  Result<void> start();
  void run();
  const CrashTotals& totals() const { return totals_; }

 private:
  struct WriterProcess {
    pid_t pid = 0;
    uint32_t run = 0;
    UniqueFd acknowledgements;
  };
  struct PoolProcesses {
    std::array<WriterProcess, kWriters> writers;
    std::array<pid_t, kReaders> readers{};
  };
  struct Victim {
    int writer;
    std::optional<Step> step;  // none: at a random instant
  };

  void start_writer(int pool, int writer);
  void start_reader(int pool, int reader);
  void round();
  std::vector<Victim> choose_victims();
  Step choose_step();
  void give_order(int pool, const Victim& victim);
  void end_writer(int pool, const Victim& victim);
  bool wait_for_death(int pool, int writer, std::chrono::milliseconds limit);
  void count_kill(const WriterSlot& slot, bool told);
  void drain(int pool, int writer);
  void drain_all();
  void idle(std::chrono::microseconds time);
  void replace_a_reader(int pool);
  void check_nobody_is_stuck();
  void finish();
  void wait_for_readers(int pool);

  CrashOptions options_;
  SharedState& shared_;
  Random random_;
  std::vector<std::filesystem::path> folders_;  // removed at the end
  std::vector<std::unique_ptr<PoolWatch>> watches_;
  std::array<PoolProcesses, kPools> processes_;
  uint64_t processes_started_ = 0;
  uint64_t steps_chosen_ = 0;
  CrashTotals totals_;
};

}  // namespace plasmite::crash
