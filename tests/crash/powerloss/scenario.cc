#include "tests/crash/powerloss/scenario.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <new>
#include <utility>

#include "core/pool/pool_format.h"
#include "tests/crash/powerloss/interpose.h"
#include "tests/crash/step_names.h"

namespace plasmite::crash {

void Scenario::ChildFateDeleter::operator()(ChildFate* fate) const {
  ::munmap(static_cast<void*>(fate), sizeof(ChildFate));
}

Scenario::Scenario(uint64_t number, std::filesystem::path folder, const Random& random,
                   PowerlossTotals& totals)
    : number_(number),
      folder_(std::move(folder)),
      random_(random),
      totals_(totals),
      broken_before_(totals.total_broken()),
      plan_(make_plan(random_)),
      model_(DiskModel::make()) {
  void* memory =
      ::mmap(nullptr, sizeof(ChildFate), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  fate_.reset(::new (memory) ChildFate);
}

void Scenario::run(uint64_t images) {
  ++totals_.scenarios;
  if (!create()) return;
  const uint64_t until = totals_.images + images;
  while (totals_.images < until && !broken()) {
    ++operation_;
    operate();
    verify_captured();
  }
}

bool Scenario::create() {
  const auto fail = [&](const Error& error) {
    totals_.report(Broken::open_failures, where("create"), error.message());
    return false;
  };
  const auto path = folder_ / "pool";
  if (auto created = Pool::create(path, plan_.create); !created) return fail(created.error());
  auto file = ModelledFile::open(path, *model_);
  if (!file) return fail(file.error());
  file_ = std::make_unique<ModelledFile>(std::move(*file));
  auto pool = Pool::open(path);
  if (!pool) return fail(pool.error());
  pool_.emplace(std::move(*pool));
  const auto info = pool_->info();
  if (!info) return fail(info.error());
  oracle_ = std::make_unique<Oracle>(info->ring_size);
  verifier_ = std::make_unique<Verifier>(folder_, *oracle_, totals_, random_.fork(1));
  if (!verifier_->has_memory()) std::abort();
  connect();
  ++totals_.lives;
  return true;
}

// From here on steps and syncs of this file are ours.
void Scenario::connect() {
  file_->on_step = [this](Step step) { on_step(step); };
  file_->during_sync = [this] { append_during_sync(); };
  active_.reset();
  active_ = std::make_unique<ActiveFile>(*file_);
  other_pool_.reset();
  auto other = Pool::open(file_->path(), {.lock_timeout = std::chrono::milliseconds(0)});
  if (other) other_pool_.emplace(std::move(*other));
}

void Scenario::operate() {
  // The wall clock runs, stands still or steps back.
  const uint64_t clock = random_.below(10);
  if (clock < 4) wall_clock_ns_ += static_cast<int64_t>(random_.below(5'000'000));
  if (clock == 9) wall_clock_ns_ -= static_cast<int64_t>(random_.below(1'000'000'000));
  set_wall_clock(wall_clock_ns_);

  const uint64_t kind = random_.below(100);
  if (kind < plan_.power_cut_percent) return cut_power(random_pick(random_), /*clean=*/false);
  if (kind == 96) return cut_power(DiskModel::Pick::newest, /*clean=*/true);
  if (kind == 97) return repair();
  if (kind == 98) return reopen();
  if (kind == 99) return flush();
  const bool with_checkpoint = random_.percent(plan_.checkpoint_percent);
  const bool with_records = !with_checkpoint || !random_.one_in(4);
  const auto durability =
      random_.percent(plan_.flush_percent) ? Durability::flush : Durability::fast;
  const uint32_t id = plan_batch(with_records, with_checkpoint);
  if (!random_.percent(plan_.death_percent)) {
    append(*pool_, id, durability, /*may_be_busy=*/false);
  } else {
    const auto last = durability == Durability::flush ? Step::anchor_synced : Step::repair_scrubbed;
    const auto step = static_cast<Step>(random_.below(static_cast<uint64_t>(last) + 1));
    append_in_child(id, durability, {.step = step, .countdown = random_.one_in(8) ? 2u : 1u});
  }
  if (random_.one_in(10)) capture("after", DiskModel::Pick::newest, /*clean=*/true);
}

void Scenario::on_step(Step step) {
  if (step == Step::locked) writer_locked_ = true;
  if (step == Step::unlocked) writer_locked_ = false;
  if (appending_ && !oracle_->is_published(*appending_)) {
    if (step == Step::locked) {
      oracle_->attempt(*appending_);
      fate_->attempted.store(true);
    }
    if (step == Step::published) {
      oracle_->publish(*appending_);
      fate_->published.store(true);
    }
  }
  if (death_) {
    if (step == death_->step && --death_->countdown == 0) {
      ::kill(::getpid(), SIGKILL);
    }
    return;
  }
  if (!quiet_ && random_.one_in(10))
    capture(std::string(step_name(step)), random_pick(random_), /*clean=*/false);
}

uint32_t Scenario::plan_batch(bool with_records, bool with_checkpoint) {
  Batch batch;
  const uint32_t id = oracle_->next_id();
  const size_t count = with_records ? random_.between(1, plan_.most_records) : 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < count; ++i) {
    batch.bodies.push_back(make_body(id, i, plan_.lengths[random_.below(plan_.lengths.size())]));
    bytes += Pool::stored_bytes({.body = batch.bodies.back()});
    if (i > 0 && bytes > pool_->max_batch_bytes()) {
      batch.bodies.pop_back();
      break;
    }
  }
  if (with_checkpoint) {
    batch.checkpoint = static_cast<int>(random_.below(kCheckpointNames));
    batch.checkpoint_number = oracle_->next_checkpoint_number();
  }
  return oracle_->plan(std::move(batch));
}

void Scenario::append(Pool& pool, uint32_t id, Durability durability, bool may_be_busy) {
  const Batch& batch = oracle_->batch(id);
  std::vector<RecordView> records;
  for (const std::string& body : batch.bodies) records.push_back({.body = body});
  AppendOptions options{.durability = durability, .checkpoint = std::nullopt};
  const std::string name = checkpoint_name(batch.checkpoint);
  const std::string value = std::to_string(batch.checkpoint_number);
  if (batch.checkpoint >= 0) options.checkpoint = CheckpointView{.name = name, .value = value};
  const auto before = appending_;
  appending_ = id;
  const auto receipt = pool.append_batch(records, options);
  appending_ = before;
  if (!receipt) {
    if (may_be_busy && receipt.error().kind() == ErrorKind::Busy) return;
    totals_.report(Broken::open_failures, where("append"), receipt.error().message());
    return;
  }
  const Batch& appended = oracle_->batch(id);
  if (!records.empty() && receipt->first_seq != appended.first_seq)
    totals_.report(Broken::seq_reused, where("append"),
                   "receipt says " + std::to_string(receipt->first_seq) + " where " +
                       std::to_string(appended.first_seq) + " is due");
  oracle_->set_time(id, receipt->time_ns);
  if (durability != Durability::flush) return;
  // Everything published before this batch, and it, but nothing that others appended meanwhile.
  const auto& order = oracle_->now().order;
  const auto place = std::find(order.begin(), order.end(), id);
  oracle_->make_durable(static_cast<size_t>(place - order.begin()) + 1);
}

// What another process does while a sync of this one runs: state at the sync's start is what it
// covers.
void Scenario::append_during_sync() {
  if (death_ || in_sync_ || !plan_.concurrent_appends || !other_pool_ || writer_locked_ ||
      !random_.one_in(2) || other_would_reserve())
    return;
  in_sync_ = true;
  const uint32_t id = plan_batch(/*with_records=*/true, random_.percent(plan_.checkpoint_percent));
  append(*other_pool_, id, Durability::fast, /*may_be_busy=*/true);
  in_sync_ = false;
}

// Whether an append comes near the end of the reservation: then it waits for the flush lock, which
// the sync around it has, for ever in one thread.
bool Scenario::other_would_reserve() const {
  const LivePage& live = file_->live();
  const uint64_t sync_window =
      plan_.create.sync_window_bytes ? plan_.create.sync_window_bytes : kDefaultSyncWindow;
  const uint64_t seq_window = plan_.create.seq_window ? plan_.create.seq_window : kDefaultSeqWindow;
  const uint64_t batch = pool_->max_batch_bytes() + 512;
  return live.head + batch > live.pos_limit - sync_window / 2 ||
         oracle_->next_seq() + plan_.most_records > live.seq_limit - seq_window / 2;
}

void Scenario::flush() {
  const size_t published = oracle_->now().order.size();
  if (const auto flushed = pool_->flush(); !flushed) {
    totals_.report(Broken::open_failures, where("flush"), flushed.error().message());
    return;
  }
  oracle_->make_durable(published);
}

void Scenario::reopen() {
  pool_.reset();
  auto pool = Pool::open(file_->path());
  if (!pool) {
    totals_.report(Broken::open_failures, where("reopen"), pool.error().message());
    return;
  }
  pool_.emplace(std::move(*pool));
}

void Scenario::capture(const std::string& at, DiskModel::Pick pick, bool clean) {
  Image image{.content = {},
              .snapshot = std::make_shared<Snapshot>(oracle_->now()),
              .where = where(at) + " " + DiskModel::pick_name(pick),
              .clean = clean};
  model_->pick_image(pick, random_.one_in(3), random_, image.content);
  captured_.push_back(std::move(image));
}

void Scenario::verify_captured() {
  const std::vector<Image> images = std::exchange(captured_, {});
  for (const Image& image : images) {
    if (broken()) return;
    verifier_->verify(image);
  }
}

std::string Scenario::where(const std::string& at) const {
  return "scenario " + std::to_string(number_) + " operation " + std::to_string(operation_) + " " +
         at;
}

}  // namespace plasmite::crash
