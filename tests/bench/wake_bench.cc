// wake_latency_p50, wake_latency_p99: from just before an append until the follower, another
// process on another CPU, holds the record; beside a bare futex ping between two processes.
//
// Blocks of 1,000 of each alternate. Before each ping the kernel must say that the other process
// sleeps.
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "tests/bench/lane.h"
#include "tests/bench/stats.h"

namespace plasmite::bench {
namespace {

constexpr int kPings = 1'000;
constexpr int kPairs = 21;  // blocks are short, and a 99th percentile wants many
constexpr std::string_view kRecord =
    R"({"level":"info","service":"checkout","message":"request finished after the retry of the )"
    R"(cached result","ms":12.25,"status":200,"request":{"id":"9f3c01aa","bytes":51234,"cached":true}})";

// Between this process and the one that is woken. Counters grow by one per ping.
struct Shared {
  alignas(64) std::atomic<uint32_t> bell;     // the floor's futex
  alignas(64) std::atomic<uint32_t> waiting;  // the follower is about to sleep for this ping
  alignas(64) std::atomic<uint32_t> woken;    // it has had this ping
  std::atomic<int64_t> woken_ns;              // when
  std::atomic<bool> failed;
};
static_assert(std::atomic<uint32_t>::is_always_lock_free);

long futex(std::atomic<uint32_t>& word, int operation, uint32_t value) {
  return syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

void arrived(Shared& shared, uint32_t ping) {
  shared.woken_ns.store(now_ns(), std::memory_order_relaxed);
  shared.woken.store(ping, std::memory_order_release);
}

void follow_bell(Shared& shared) {
  for (uint32_t ping = 1;; ++ping) {
    shared.waiting.store(ping);
    while (shared.bell.load(std::memory_order_acquire) != ping)
      futex(shared.bell, FUTEX_WAIT, ping - 1);
    arrived(shared, ping);
  }
}

void follow_pool(Shared& shared, const std::filesystem::path& path) {
  auto pool = Pool::open(path, {.access = Access::read});
  if (!pool) return shared.failed.store(true);
  auto cursor = pool->cursor(Start::newest());
  if (!cursor) return shared.failed.store(true);
  for (uint32_t ping = 1;; ++ping) {
    shared.waiting.store(ping);
    for (;;) {
      auto message = cursor->next();
      if (!message) return shared.failed.store(true);
      if (*message) break;
      if (!cursor->wait(std::chrono::steady_clock::now() + std::chrono::seconds(10)))
        return shared.failed.store(true);
    }
    arrived(shared, ping);
  }
}

// A process that sleeps until it is pinged, and says when it woke.
class Sleeper {
 public:
  Sleeper() {
    void* memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared_ = memory == MAP_FAILED ? nullptr : new (memory) Shared{};
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    child_.reset();
    if (shared_ != nullptr) munmap(shared_, sizeof(Shared));
  }

  Result<void> start(int cpu, const std::function<void(Shared&)>& body) {
    if (shared_ == nullptr) return std::unexpected(errno_error(errno, "mmap failed"));
    auto child = Child::fork(cpu, [&] { body(*shared_); });
    if (!child) return std::unexpected(child.error());
    child_.emplace(std::move(*child));
    const std::string path = "/proc/" + std::to_string(child_->pid()) + "/stat";
    state_file_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!state_file_) return std::unexpected(errno_error(errno, "cannot open " + path, path));
    return {};
  }

  // Pings with `ring`, in ns until the sleeper runs.
  Result<double> ping(const std::function<Result<void>(Shared&, uint32_t)>& ring) {
    const uint32_t ping = ++pings_;
    while (shared_->waiting.load() != ping || !asleep())
      if (auto well = check(); !well) return std::unexpected(well.error());
    const int64_t begin = now_ns();
    if (auto rung = ring(*shared_, ping); !rung) return std::unexpected(rung.error());
    while (shared_->woken.load(std::memory_order_acquire) != ping)
      if (auto well = check(); !well) return std::unexpected(well.error());
    return static_cast<double>(shared_->woken_ns.load(std::memory_order_relaxed) - begin);
  }

 private:
  // The state letter follows the command name, the only field in parentheses.
  bool asleep() const {
    char text[256];
    const ssize_t length = ::pread(state_file_.get(), text, sizeof text - 1, 0);
    if (length <= 0) return false;
    text[length] = '\0';
    const char* name_end = std::strrchr(text, ')');
    return name_end != nullptr && name_end[1] == ' ' && name_end[2] == 'S';
  }
  Result<void> check() const {
    if (shared_->failed.load())
      return std::unexpected(Error(ErrorKind::Internal, "the follower failed"));
    return check_deadline();
  }

  Shared* shared_;
  std::optional<Child> child_;
  UniqueFd state_file_;
  uint32_t pings_ = 0;
};

class WakeRun : public LaneRun {
 public:
  WakeRun(Workspace& workspace, double which)
      : workspace_(workspace), which_(which), pool_file_(workspace.file("wake.plasmite")) {}

  Result<void> prepare() {
    const auto workload = Workload::json_records(1'000, 200, 0);
    auto pool = create_filled_pool(pool_file_.path(), kDefaultPoolBytes, workload);
    if (!pool) return std::unexpected(pool.error());
    pool_.emplace(std::move(*pool));
    const int cpu = workspace_.cpus().consumer;
    if (auto started = bell_.start(cpu, follow_bell); !started) return started;
    return follower_.start(cpu, [&](Shared& shared) { follow_pool(shared, pool_file_.path()); });
  }

  Result<Sample> floor() override {
    return block(bell_, [](Shared& shared, uint32_t ping) -> Result<void> {
      shared.bell.store(ping, std::memory_order_release);
      futex(shared.bell, FUTEX_WAKE, 1);
      return {};
    });
  }

  Result<Sample> value() override {
    return block(follower_, [&](Shared&, uint32_t) -> Result<void> {
      auto receipt = pool_->append({.body = kRecord});
      if (!receipt) return std::unexpected(receipt.error());
      return {};
    });
  }

 private:
  Result<Sample> block(Sleeper& sleeper,
                       const std::function<Result<void>(Shared&, uint32_t)>& ring) {
    const ScopedCpu pinned(workspace_.cpus().producer);
    std::vector<double> us;
    for (int i = 0; i < kPings; ++i) {
      auto ns = sleeper.ping(ring);
      if (!ns) return std::unexpected(ns.error());
      us.push_back(*ns / 1e3);
    }
    return Sample{quantile(us, which_)};
  }

  Workspace& workspace_;
  double which_;
  ScopedFile pool_file_;
  std::optional<Pool> pool_;
  Sleeper bell_;
  Sleeper follower_;
};

Lane wake_lane(std::string_view name, double which, double goal) {
  return {
      .name = name,
      .what = "append until a sleeping follower has the record / futex ping of a sleeping process",
      .unit = "us",
      .better = Better::lower,
      .goal = goal,
      .default_pairs = kPairs,
      .start = [which](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
        auto run = std::make_unique<WakeRun>(workspace, which);
        if (auto ready = run->prepare(); !ready) return std::unexpected(ready.error());
        return run;
      }};
}

}  // namespace

void add_wake_lanes(std::vector<Lane>& lanes) {
  lanes.push_back(wake_lane("wake_latency_p50", 0.5, 2.0));
  lanes.push_back(wake_lane("wake_latency_p99", 0.99, 3.0));
}

}  // namespace plasmite::bench
