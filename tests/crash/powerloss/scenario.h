// One pool through appends, flushes, deaths, power losses and repairs, decided by a seed. At random
// probe points it puts together what the disk might hold and hands that to the verifier.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/pool/pool.h"
#include "tests/crash/powerloss/disk_model.h"
#include "tests/crash/powerloss/failures.h"
#include "tests/crash/powerloss/modelled_file.h"
#include "tests/crash/powerloss/oracle.h"
#include "tests/crash/powerloss/verifier.h"

namespace plasmite::crash {

// What kind of pool and of life a scenario has.
struct ScenarioPlan {
  CreateOptions create;
  std::vector<size_t> lengths;  // of records; few different ones, so that attempts line up
  size_t most_records = 1;      // per batch
  uint64_t flush_percent = 0;
  uint64_t checkpoint_percent = 0;
  uint64_t death_percent = 0;
  uint64_t power_cut_percent = 0;
  bool concurrent_appends = false;  // another handle appends while a sync runs
};

class Scenario {
 public:
  // `folder` is for this scenario alone. `totals` must outlive it.
  Scenario(uint64_t number, std::filesystem::path folder, const Random& random,
           PowerlossTotals& totals);

  // Goes on until `images` more images were verified, or something is broken.
  void run(uint64_t images);

 private:
  // Shared with a forked process that may die.
  struct ChildFate {
    std::atomic<bool> attempted{false};
    std::atomic<bool> published{false};
    std::atomic<bool> flushed{false};
  };
  struct ChildFateDeleter {
    void operator()(ChildFate* fate) const;
  };
  struct DeathOrder {
    Step step;
    uint64_t countdown;
  };

  bool create();
  void operate();
  void connect();
  void on_step(Step step);

  uint32_t plan_batch(bool with_records, bool with_checkpoint);
  void append(Pool& pool, uint32_t id, Durability durability, bool may_be_busy);
  void append_in_child(uint32_t id, Durability durability, DeathOrder order);
  [[noreturn]] void live_in_child(uint32_t id, Durability durability, DeathOrder order);
  void append_during_sync();
  bool other_would_reserve() const;
  void flush();
  void reopen();

  void cut_power(DiskModel::Pick pick, bool clean);
  void die_in_recovery();
  void repair();
  bool begin_life(const Snapshot& before, const std::string& where, bool clean);

  void capture(const std::string& at, DiskModel::Pick pick, bool clean);
  void verify_captured();
  std::string where(const std::string& at) const;
  bool broken() const { return totals_.total_broken() != broken_before_; }

  uint64_t number_;
  std::filesystem::path folder_;
  Random random_;
  PowerlossTotals& totals_;
  uint64_t broken_before_;
  ScenarioPlan plan_;
  std::unique_ptr<DiskModel, DiskModel::Deleter> model_;
  std::unique_ptr<ChildFate, ChildFateDeleter> fate_;
  std::unique_ptr<ModelledFile> file_;
  std::unique_ptr<ActiveFile> active_;
  std::optional<Pool> pool_;
  std::optional<Pool> other_pool_;  // as another process would have it
  std::unique_ptr<Oracle> oracle_;
  std::unique_ptr<Verifier> verifier_;
  std::optional<uint32_t> appending_;  // batch under way
  bool writer_locked_ = false;
  bool in_sync_ = false;
  std::optional<DeathOrder> death_;  // in a child
  bool quiet_ = false;               // no captures now
  std::vector<Image> captured_;
  uint64_t operation_ = 0;
  uint64_t files_ = 0;
  int64_t wall_clock_ns_ = 1'700'000'000'000'000'000;
};

ScenarioPlan make_plan(Random& random);

}  // namespace plasmite::crash
