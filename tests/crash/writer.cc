// A writer: appends until it is killed, acknowledging each append before the next.
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <ctime>
#include <string>
#include <vector>

#include "core/pool/pool.h"
#include "tests/crash/participants.h"
#include "tests/crash/random.h"

namespace plasmite::crash {
namespace {

constexpr size_t kMostRecords = 24;  // in one batch
std::optional<Protection> g_switched_off;

bool is_switched_off(void*, Protection protection) { return g_switched_off == protection; }

// Notes where the writer is and dies where it was told to.
void on_step(void* context, Step step, const void*) {
  auto& slot = *static_cast<WriterSlot*>(context);
  const auto number = static_cast<uint32_t>(step);
  slot.step.store(number, std::memory_order_relaxed);
  const uint32_t die_at = slot.die_at_step.load(std::memory_order_relaxed);
  if (die_at == kNoStep) return;
  uint32_t locks = slot.die_after_locks.load(std::memory_order_relaxed);
  if (step == Step::locked && locks > 0) {
    slot.die_after_locks.store(--locks, std::memory_order_relaxed);
    if (locks > 0) return;
  }
  if (locks != 0 || number != die_at) return;
  slot.died_as_told.store(1);
  ::kill(::getpid(), SIGKILL);
}

class Writer {
 public:
  Writer(SharedState& shared, const WriterJob& job)
      : failures_(shared.failures),
        slot_(shared.pools[job.pool].writers[job.writer]),
        job_(job),
        random_(job.seed) {}

  void run();

 private:
  void plan_batch(uint64_t limit);
  size_t plan_filling();
  void append(Pool& pool);
  void acknowledge(const AppendReceipt& receipt);
  void rest();

  FailureCounts& failures_;
  WriterSlot& slot_;
  const WriterJob& job_;
  Random random_;
  TagBlock tags_;
  uint64_t next_number_ = 1;
  uint64_t moves_ = 0;  // checkpoints without records
  std::array<std::string, kMostRecords> texts_;
  std::vector<RecordView> batch_;
  uint64_t batch_bytes_ = 0;
};

void Writer::run() {
  slot_.operation.begin();
  auto pool = Pool::open(job_.setup->path);
  if (!pool) {
    failures_.report(Failure::open_failures, "writer %d of pool %d: %s", job_.writer, job_.pool,
                     pool.error().message().c_str());
    return;
  }
  if (auto tags = TagBlock::encode({"writer-" + std::to_string(job_.writer)}); tags)
    tags_ = std::move(*tags);
  if (job_.writer == kSource) {
    const auto checkpoint = pool->checkpoint(kSourceCheckpoint);
    if (!checkpoint) return report_error(failures_, "checkpoint", checkpoint.error());
    next_number_ = parse_source_checkpoint(checkpoint) + 1;
  }
  slot_.operation.end();
  for (;;) {
    plan_batch(pool->max_batch_bytes());
    append(*pool);
    rest();
  }
}

size_t Writer::plan_filling() {
  const uint64_t kind = random_.below(100);
  if (kind < 70) return random_.below(200);
  if (kind < 97) return random_.below(1500);
  return random_.below(24'000);
}

// Mostly one record, sometimes many, sometimes as much as a batch may have.
void Writer::plan_batch(uint64_t limit) {
  batch_.clear();
  batch_bytes_ = 0;
  const uint64_t wanted = random_.percent(60) ? 1 : random_.between(2, kMostRecords);
  std::array<size_t, kMostRecords> filling;
  size_t count = 0;
  while (count < wanted) {
    filling[count] = plan_filling();
    // Header, tags and padding stay below 80 bytes.
    const uint64_t stored = kPayloadFixedBytes + filling[count] + 80;
    if (batch_bytes_ + stored > limit) break;
    batch_bytes_ += stored;
    ++count;
  }
  if (count == 0) filling[count++] = limit - kPayloadFixedBytes - 80;
  batch_bytes_ = 0;
  for (size_t i = 0; i < count; ++i) {
    build_payload(texts_[i],
                  {.writer = static_cast<uint32_t>(job_.writer),
                   .run = job_.run,
                   .number = next_number_ + i,
                   .batch_count = static_cast<uint32_t>(count),
                   .batch_index = static_cast<uint32_t>(i)},
                  filling[i]);
    const RecordView record{.body = texts_[i], .tags = &tags_};
    batch_bytes_ += Pool::stored_bytes(record);
    batch_.push_back(record);
  }
}

void Writer::append(Pool& pool) {
  AppendOptions options;
  if (random_.one_in(job_.setup->flush_one_in)) options.durability = Durability::flush;
  std::string value;
  if (job_.writer == kSource) {
    // Now and then the checkpoint moves alone; the number it names stays.
    if (random_.one_in(16)) batch_.clear();
    if (batch_.empty()) ++moves_;
    value = std::to_string(next_number_ + batch_.size() - 1) + " " + std::to_string(moves_);
    options.checkpoint = CheckpointView{.name = kSourceCheckpoint, .value = value};
  }
  slot_.operation.begin();
  const auto receipt = pool.append_batch(batch_, options);
  slot_.operation.end();
  if (!receipt) {
    report_error(failures_, "append", receipt.error());
    ::_exit(1);
  }
  if (receipt->count != batch_.size())
    failures_.report(Failure::lost, "append of %zu records says %llu", batch_.size(),
                     static_cast<unsigned long long>(receipt->count));
  if (!batch_.empty()) acknowledge(*receipt);
  next_number_ += batch_.size();
}

void Writer::acknowledge(const AppendReceipt& receipt) {
  const Acknowledgement acknowledgement{.first_seq = receipt.first_seq,
                                        .first_number = next_number_,
                                        .run = job_.run,
                                        .count = static_cast<uint32_t>(receipt.count),
                                        .stored_bytes = batch_bytes_};
  if (::write(job_.acknowledgements, &acknowledgement, sizeof(acknowledgement)) !=
      sizeof(acknowledgement))
    ::_exit(0);  // the parent is gone
}

// Short breaks, so that readers fall asleep and must be woken.
void Writer::rest() {
  if (!random_.one_in(64)) return;
  const timespec pause{.tv_sec = 0, .tv_nsec = static_cast<long>(random_.below(2'000'000))};
  ::nanosleep(&pause, nullptr);
}

}  // namespace

void switch_off(std::optional<Protection> protection) {
  g_switched_off = protection;
  ProbeHooks hooks;
  hooks.is_off = is_switched_off;
  set_probe_hooks(hooks);
}

std::optional<Protection> switched_off() { return g_switched_off; }

void report_error(FailureCounts& failures, const char* what, const Error& error) {
  Failure failure = Failure::open_failures;
  if (error.kind() == ErrorKind::Busy) failure = Failure::stuck;
  if (error.kind() == ErrorKind::Corrupt) failure = Failure::torn;
  failures.report(failure, "%s: %s", what, error.message().c_str());
}

uint64_t parse_source_checkpoint(const Result<std::optional<Checkpoint>>& checkpoint) {
  if (!checkpoint || !*checkpoint) return 0;
  uint64_t number = 0;
  const std::string& value = (*checkpoint)->value;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

void be_a_child() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Fifteen busy processes must not keep the parent from killing them.
  [[maybe_unused]] const int niceness = ::nice(10);
}

void run_writer(SharedState& shared, const WriterJob& job) {
  be_a_child();
  ProbeHooks hooks;
  hooks.context = &shared.pools[job.pool].writers[job.writer];
  hooks.reached = on_step;
  hooks.is_off = is_switched_off;
  set_probe_hooks(hooks);
  Writer(shared, job).run();
  ::_exit(1);
}

}  // namespace plasmite::crash
