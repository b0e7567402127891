#include "tests/crash/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include "core/base/check.h"
#include "tests/crash/step_names.h"
#include "tests/crash/temporary_folder.h"

namespace plasmite::crash {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// An append waits up to 5 s for the lock; anything longer than this hangs.
constexpr std::chrono::seconds kStuckAfter{8};
constexpr uint64_t kEnoughFailures = 50;

// 'R', 'S', 'D' and so on, and where in the kernel it waits.
struct ProcessState {
  char letter = '?';
  std::string waits_in;
};

ProcessState state_of(pid_t pid) {
  ProcessState state;
  const std::string folder = "/proc/" + std::to_string(pid);
  std::string text;
  std::getline(std::ifstream(folder + "/stat") >> std::ws, text);
  if (const size_t name_end = text.rfind(')'); name_end != std::string::npos)
    state.letter = text[std::min(name_end + 2, text.size() - 1)];
  std::getline(std::ifstream(folder + "/wchan"), state.waits_in);
  return state;
}

// A process that ended with a signal that we did not send.
bool crashed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL; }

}  // namespace

Supervisor::Supervisor(const CrashOptions& options, SharedState& shared)
    : options_(options), shared_(shared), random_(options.seed) {}

Supervisor::~Supervisor() {
  for (const auto& folder : folders_) {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
}

// Small pools, so that they wrap often. In memory (no write-back) and on disk.
Result<void> Supervisor::start() {
  auto in_memory = make_temporary_folder(options_.dir.empty() ? memory_folder() : options_.dir);
  if (!in_memory) return std::unexpected(std::move(in_memory.error()));
  folders_.push_back(*in_memory);
  auto on_disk = make_temporary_folder(options_.dir.empty() ? disk_folder() : options_.dir);
  if (!on_disk) return std::unexpected(std::move(on_disk.error()));
  folders_.push_back(*on_disk);
  const PoolSetup setups[kPools] = {
      {.path = *in_memory / "small", .size_bytes = 64u << 10, .flush_one_in = 50},
      {.path = *on_disk / "medium", .size_bytes = 256u << 10, .flush_one_in = 1000},
      {.path = *on_disk / "large", .size_bytes = 1u << 20, .flush_one_in = 1000}};
  switch_off(options_.break_protection);
  for (int pool = 0; pool < kPools; ++pool) {
    watches_.push_back(std::make_unique<PoolWatch>(pool, setups[pool], shared_));
    if (auto created = watches_.back()->create(); !created) return created;
  }
  for (int pool = 0; pool < kPools; ++pool) {
    for (int writer = 0; writer < kWriters; ++writer) start_writer(pool, writer);
    for (int reader = 0; reader < kReaders; ++reader) start_reader(pool, reader);
  }
  return {};
}

// This process is small and stays so: a fork costs a fraction of a millisecond.
void Supervisor::start_writer(int pool, int writer) {
  WriterSlot& slot = shared_.pools[pool].writers[writer];
  slot.step.store(kNoStep);
  slot.die_at_step.store(kNoStep);
  slot.died_as_told.store(0);
  slot.operation.end();
  WriterProcess& process = processes_[pool].writers[writer];
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  process.acknowledgements = UniqueFd(ends[0]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  UniqueFd writing_end(ends[1]);
  if (writer != kSource) ++process.run;
  const WriterJob job{.setup = &watches_[pool]->setup(),
                      .pool = pool,
                      .writer = writer,
                      .run = process.run,
                      .seed = random_.fork(++processes_started_).next(),
                      .acknowledgements = ends[1]};
  process.pid = ::fork();
  if (process.pid < 0) std::abort();
  if (process.pid == 0) run_writer(shared_, job);
}

void Supervisor::start_reader(int pool, int reader) {
  shared_.pools[pool].readers[reader].operation.end();
  const ReaderJob job{.setup = &watches_[pool]->setup(),
                      .pool = pool,
                      .reader = reader,
                      .seed = random_.fork(++processes_started_).next()};
  pid_t& pid = processes_[pool].readers[reader];
  pid = ::fork();
  if (pid < 0) std::abort();
  if (pid == 0) run_reader(shared_, job);
}

void Supervisor::run() {
  const auto deadline = steady_clock::now() + options_.duration;
  const uint64_t enough = options_.break_protection ? 1 : kEnoughFailures;
  while (steady_clock::now() < deadline && shared_.failures.total() < enough) round();
  finish();
}

void Supervisor::round() {
  ++totals_.rounds;
  const int pool = static_cast<int>(random_.below(kPools));
  const auto victims = choose_victims();
  for (const Victim& victim : victims) give_order(pool, victim);
  idle(microseconds(random_.below(4000)));
  bool source_is_dead = false;
  for (const Victim& victim : victims) {
    end_writer(pool, victim);
    source_is_dead =
        source_is_dead || (victim.writer == kSource && processes_[pool].writers[kSource].pid == 0);
  }
  watches_[pool]->verify(source_is_dead);
  for (int writer = 0; writer < kWriters; ++writer)
    if (processes_[pool].writers[writer].pid == 0) start_writer(pool, writer);
  if (random_.one_in(20)) replace_a_reader(static_cast<int>(random_.below(kPools)));
  check_nobody_is_stuck();
}

// One to three writers of a pool; told steps in turn, so that each of them comes up.
std::vector<Supervisor::Victim> Supervisor::choose_victims() {
  std::vector<Victim> victims;
  const uint64_t count = random_.percent(75) ? 1 : random_.between(2, kWriters);
  const uint64_t first = random_.below(kWriters);
  for (uint64_t i = 0; i < count; ++i) {
    Victim victim{.writer = static_cast<int>((first + i) % kWriters), .step = std::nullopt};
    if (random_.percent(60)) victim.step = choose_step();
    // Only the source has checkpoints; only after a death there is something to repair.
    if (victim.step == Step::checkpoint_written) victim.writer = kSource;
    const auto add = [&victims](const Victim& added) {
      std::erase_if(victims, [&](const Victim& other) { return other.writer == added.writer; });
      victims.push_back(added);
    };
    if (victim.step == Step::repair_scrubbed)
      add({.writer = (victim.writer + 1) % kWriters, .step = Step::frames_written});
    add(victim);
  }
  return victims;
}

Step Supervisor::choose_step() {
  const uint64_t turn = steps_chosen_++;
  if (turn % 8 == 7)
    return static_cast<Step>(random_.between(static_cast<uint64_t>(Step::repair_scrubbed),
                                             static_cast<uint64_t>(Step::anchor_synced)));
  return static_cast<Step>((turn - turn / 8) % kAppendSteps);
}

void Supervisor::give_order(int pool, const Victim& victim) {
  if (!victim.step) return;
  WriterSlot& slot = shared_.pools[pool].writers[victim.writer];
  slot.die_after_locks.store(static_cast<uint32_t>(random_.between(1, 8)));
  slot.die_at_step.store(static_cast<uint32_t>(*victim.step));
}

void Supervisor::end_writer(int pool, const Victim& victim) {
  WriterProcess& process = processes_[pool].writers[victim.writer];
  WriterSlot& slot = shared_.pools[pool].writers[victim.writer];
  // A flush or a repair may not come up soon; then the kill is one by chance.
  const bool soon = !victim.step || *victim.step <= Step::unlocked;
  if (!victim.step || !wait_for_death(pool, victim.writer, milliseconds(soon ? 2000 : 100))) {
    ::kill(process.pid, SIGKILL);
    wait_for_death(pool, victim.writer, milliseconds(10'000));
  }
  count_kill(slot, slot.died_as_told.load() != 0);
  process.acknowledgements.reset();
}

// Reads acknowledgements meanwhile, to the end of the pipe. False: the writer lives.
bool Supervisor::wait_for_death(int pool, int writer, milliseconds limit) {
  WriterProcess& process = processes_[pool].writers[writer];
  PLASMITE_CHECK(process.pid > 0);  // 0 would be every process of ours
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    int status = 0;
    if (::waitpid(process.pid, &status, WNOHANG) == process.pid) {
      if (crashed(status))
        shared_.failures.report(Failure::torn, "pool %d: writer %d ended with signal %d", pool,
                                writer, WTERMSIG(status));
      process.pid = 0;
      drain(pool, writer);
      return true;
    }
    if (steady_clock::now() >= deadline) return false;
    idle(microseconds(200));
  }
}

void Supervisor::count_kill(const WriterSlot& slot, bool told) {
  ++totals_.kills;
  if (told) ++totals_.kills_told;
  const uint32_t number = slot.step.load();
  if (number == kNoStep || (!told && number == static_cast<uint32_t>(Step::unlocked))) {
    ++totals_.kills_outside;
    return;
  }
  ++totals_.kills_by_step[number];
  if (is_inside_append(static_cast<Step>(number))) ++totals_.kills_inside_append;
}

void Supervisor::drain(int pool, int writer) {
  Acknowledgement received[64];
  for (;;) {
    const ssize_t got =
        ::read(processes_[pool].writers[writer].acknowledgements.get(), received, sizeof(received));
    if (got <= 0) return;
    for (size_t i = 0; i < static_cast<size_t>(got) / sizeof(received[0]); ++i)
      watches_[pool]->acknowledged(writer, received[i]);
  }
}

void Supervisor::drain_all() {
  for (int pool = 0; pool < kPools; ++pool)
    for (int writer = 0; writer < kWriters; ++writer)
      if (processes_[pool].writers[writer].acknowledgements) drain(pool, writer);
}

void Supervisor::idle(microseconds time) {
  const auto deadline = steady_clock::now() + time;
  do {
    drain_all();
    ::usleep(static_cast<useconds_t>(std::min<int64_t>(200, time.count() + 1)));
  } while (steady_clock::now() < deadline);
}

void Supervisor::replace_a_reader(int pool) {
  const int reader = static_cast<int>(random_.below(kReaders));
  pid_t& pid = processes_[pool].readers[reader];
  ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (crashed(status))
    shared_.failures.report(Failure::torn, "pool %d: reader %d ended with signal %d", pool, reader,
                            WTERMSIG(status));
  ++totals_.reader_kills;
  start_reader(pool, reader);
}

void Supervisor::check_nobody_is_stuck() {
  const int64_t now = steady_clock::now().time_since_epoch().count();
  const auto check = [&](OperationClock& clock, const char* who, int pool, pid_t pid,
                         uint32_t step) {
    const int64_t started = clock.started_ns.load(std::memory_order_relaxed);
    if (started == 0 || now - started < std::chrono::nanoseconds(kStuckAfter).count()) return;
    const ProcessState state = state_of(pid);
    shared_.failures.report(Failure::stuck, "pool %d: %s hangs, last step %s, state %c in %s", pool,
                            who, step < kSteps ? kStepNames[step].data() : "none", state.letter,
                            state.waits_in.c_str());
    clock.begin();
  };
  for (int pool = 0; pool < kPools; ++pool) {
    PoolShared& shared = shared_.pools[pool];
    for (int i = 0; i < kWriters; ++i)
      check(shared.writers[i].operation, "writer", pool, processes_[pool].writers[i].pid,
            shared.writers[i].step.load());
    for (int i = 0; i < kReaders; ++i)
      check(shared.readers[i].operation, "reader", pool, processes_[pool].readers[i], kNoStep);
  }
}

// Everybody stops; then nothing moves and everything must add up.
void Supervisor::finish() {
  for (int pool = 0; pool < kPools; ++pool) {
    for (int writer = 0; writer < kWriters; ++writer) {
      ::kill(processes_[pool].writers[writer].pid, SIGKILL);
      wait_for_death(pool, writer, milliseconds(10'000));
    }
  }
  shared_.stopping.store(1);
  for (int pool = 0; pool < kPools; ++pool) {
    wait_for_readers(pool);
    PoolWatch& watch = *watches_[pool];
    watch.verify(/*source_is_dead=*/true);
    const ReaderSlot& follower = shared_.pools[pool].readers[0];
    const StreamState& state = follower.states[follower.current.load()];
    if (state.expected_seq != watch.next_seq())
      shared_.failures.report(Failure::lost,
                              "pool %d: follower ends before %" PRIu64 ", pool before %" PRIu64,
                              pool, state.expected_seq, watch.next_seq());
    totals_.delivered += state.delivered;
    totals_.reported_lost += state.lost;
    totals_.wraps[pool] = watch.wraps();
    totals_.acknowledged += watch.records_acknowledged();
    watch.examine();
    watch.remove();
  }
}

void Supervisor::wait_for_readers(int pool) {
  for (int reader = 0; reader < kReaders; ++reader) {
    const pid_t pid = processes_[pool].readers[reader];
    const auto deadline = steady_clock::now() + kStuckAfter;
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(pid, &status, WNOHANG)) == 0 && steady_clock::now() < deadline)
      ::usleep(1000);
    if (ended == pid) continue;
    shared_.failures.report(Failure::stuck, "pool %d: reader %d does not end", pool, reader);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
  }
}

}  // namespace plasmite::crash
