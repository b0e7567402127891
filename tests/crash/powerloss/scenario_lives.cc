// How a life of the pool ends and the next begins: deaths of processes, power losses, repair.
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "core/pool/doctor.h"
#include "tests/crash/powerloss/scenario.h"
#include "tests/crash/step_names.h"

namespace plasmite::crash {

// Recovery frames: one of the recovery that opens, more if one died before it.
static constexpr uint64_t kRecoverySlack = 3 * 64;

// Another process appends and is killed at a step (if it comes by there). What it did to the file,
// this process sees; what it was told, it takes to its grave.
void Scenario::append_in_child(uint32_t id, Durability durability, DeathOrder order) {
  fate_->attempted.store(false);
  fate_->published.store(false);
  fate_->flushed.store(false);
  const pid_t pid = ::fork();
  if (pid < 0) std::abort();
  if (pid == 0) live_in_child(id, durability, order);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) ++totals_.deaths;
  if ((WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) ||
      (WIFEXITED(status) && WEXITSTATUS(status) != 0)) {
    totals_.report(Broken::open_failures, where("child"), "status " + std::to_string(status));
    return;
  }
  model_->sample();
  if (fate_->attempted.load()) oracle_->attempt(id);
  if (fate_->published.load()) {
    oracle_->publish(id);
    const Batch& batch = oracle_->batch(id);
    if (!batch.bodies.empty()) {
      const auto message = pool_->get(batch.first_seq);
      if (message) oracle_->set_time(id, message->time_ns);
    }
  }
  if (fate_->flushed.load()) oracle_->make_durable(oracle_->now().order.size());
  const std::string at = "death at " + std::string(step_name(order.step));
  for (uint64_t i = random_.below(3); i > 0; --i)
    capture(at, random_pick(random_), /*clean=*/false);
}

void Scenario::live_in_child(uint32_t id, Durability durability, DeathOrder order) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  death_ = order;
  // Its own open file: the parent's locks are not this process's.
  auto pool = Pool::open(file_->path());
  if (!pool) ::_exit(1);
  const uint64_t broken_before = totals_.total_broken();
  append(*pool, id, durability, /*may_be_busy=*/false);
  if (durability == Durability::flush) fate_->flushed.store(true);
  ::_exit(totals_.total_broken() == broken_before ? 0 : 1);
}

// The machine loses power; what the disk happens to hold is the pool of the next life.
void Scenario::cut_power(DiskModel::Pick pick, bool clean) {
  std::vector<std::byte> content;
  model_->pick_image(pick, random_.one_in(3), random_, content);
  const Snapshot before = oracle_->now();
  pool_.reset();
  other_pool_.reset();
  active_.reset();
  std::error_code ignored;
  std::filesystem::remove(file_->path(), ignored);
  file_.reset();
  const auto path = folder_ / ("pool-" + std::to_string(++files_));
  auto file = ModelledFile::create(path, *model_, content);
  if (!file) {
    totals_.report(Broken::open_failures, where("power cut"), file.error().message());
    return;
  }
  file_ = std::make_unique<ModelledFile>(std::move(*file));
  if (random_.percent(25)) die_in_recovery();
  begin_life(before, where(std::string("power cut ") + DiskModel::pick_name(pick)), clean);
}

// A process is killed while it recovers; the next opener starts over.
void Scenario::die_in_recovery() {
  static constexpr Step kSteps[] = {Step::recovery_repaired, Step::anchor_half_written,
                                    Step::recovery_anchored};
  const Step step = kSteps[random_.below(std::size(kSteps))];
  const pid_t pid = ::fork();
  if (pid < 0) std::abort();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    death_ = DeathOrder{.step = step, .countdown = 1};
    file_->on_step = [this](Step reached) { on_step(reached); };
    const ActiveFile active(*file_);
    const auto pool = Pool::open(file_->path());
    ::_exit(pool ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) ++totals_.deaths;
}

// Opens the file as after a restart, compares, and takes over what survived.
bool Scenario::begin_life(const Snapshot& before, const std::string& where, bool clean) {
  ++totals_.images;
  ++totals_.lives;
  const auto snapshot = std::make_shared<Snapshot>(before);
  file_->on_step = [&](Step step) {
    if (!random_.one_in(6)) return;
    Image image{.content = {}, .snapshot = snapshot, .where = where};
    const auto pick = random_pick(random_);
    image.where += " / recovery " + std::string(step_name(step)) + " " + DiskModel::pick_name(pick);
    image.recovery_slack = kRecoverySlack;
    model_->pick_image(pick, random_.one_in(3), random_, image.content);
    captured_.push_back(std::move(image));
  };
  active_.reset();
  active_ = std::make_unique<ActiveFile>(*file_);
  auto pool = Pool::open(file_->path());
  if (!pool) {
    totals_.report(Broken::open_failures, where, pool.error().message());
    return false;
  }
  pool_.emplace(std::move(*pool));
  const ImageFacts facts{.where = where,
                         .recovery_slack = kRecoverySlack,
                         .head = file_->head() + before.position_offset,
                         .clean = clean};
  ImageCheck check(*oracle_, before, facts, totals_);
  auto survivors = check.check(*pool_);
  totals_.recovery_images += captured_.size();
  verify_captured();
  if (!survivors || broken()) return false;
  survivors->position = facts.head;
  oracle_->adopt(*survivors);
  connect();
  return true;
}

// The pool's owner runs the doctor on a healthy pool: everything stays, and stays on disk.
void Scenario::repair() {
  const auto path = file_->path();
  pool_.reset();
  other_pool_.reset();
  active_.reset();
  file_.reset();
  const auto report = repair_pool(path);
  struct stat status = {};
  ::stat(path.c_str(), &status);
  const auto durable = synced_content(status.st_ino);
  if (!report) {
    totals_.report(Broken::open_failures, where("repair"), report.error().message());
    return;
  }
  ++totals_.repairs;
  // A file that was never synced is zeros on disk.
  const std::vector<std::byte> zeros(static_cast<size_t>(status.st_size));
  auto file = ModelledFile::open(path, *model_, durable.empty() ? zeros : durable);
  std::error_code ignored;
  std::filesystem::remove(report->damaged_copy, ignored);
  if (!file) {
    totals_.report(Broken::open_failures, where("repair"), file.error().message());
    return;
  }
  file_ = std::make_unique<ModelledFile>(std::move(*file));
  // The records stand elsewhere now, no farther from the head than before plus what recovery adds.
  oracle_->set_position_offset(oracle_->now().position + kRecoverySlack - file_->head());
  begin_life(oracle_->now(), where("repair"), /*clean=*/true);
}

}  // namespace plasmite::crash
