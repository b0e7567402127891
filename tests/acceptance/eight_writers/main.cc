// Eight writers, eight followers, one pool: `eight_writers --plasmite PATH` runs real processes of
// the program under test, stops two followers for a while, and checks every byte that the followers
// print. Prints one line of JSON; exits 1 unless everything holds within --max-seconds.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/acceptance/eight_writers/child.h"
#include "tests/acceptance/eight_writers/follower_check.h"
#include "tests/acceptance/eight_writers/record_text.h"

namespace plasmite::acceptance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kFollowers = 8;
constexpr size_t kStopped = 2;  // of the followers, for kStopTime
constexpr std::chrono::seconds kStopTime{2};
constexpr int kTimedOut = 124;  // how `follow --timeout` ends

struct Options {
  std::string plasmite = "plasmite";
  std::string dir;  // empty: a temporary folder
  std::string pool_size = "256M";
  std::string idle_timeout = "5s";
  uint32_t records = 1'000'000;  // per writer
  int max_seconds = 120;
};

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--plasmite")
      options.plasmite = value;
    else if (name == "--dir")
      options.dir = value;
    else if (name == "--pool-size")
      options.pool_size = value;
    else if (name == "--idle-timeout")
      options.idle_timeout = value;
    else if (name == "--records")
      options.records = static_cast<uint32_t>(std::atoi(value));
    else if (name == "--max-seconds")
      options.max_seconds = std::atoi(value);
    else
      die("unknown option " + name);
  }
  if (argc % 2 == 0 || options.records == 0) die("usage: eight_writers [--OPTION VALUE]...");
  return options;
}

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& parent) {
    std::string name = parent.empty() ? std::filesystem::temp_directory_path().string() : parent;
    name += "/eight-writers-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) die("cannot create " + name);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string pool() const { return path_ + "/eight.plasmite"; }

 private:
  std::string path_;
};

void run(const std::vector<std::string>& argv) {
  if (Child(argv, {}).wait() != 0) die("failed: " + argv[1] + ' ' + argv[2]);
}

// Calls `take` with every line of what is read, without its end.
template <class Take>
void read_lines(int fd, Take&& take) {
  std::string buffer;
  std::vector<char> chunk(1 << 20);
  for (;;) {
    const ssize_t count = ::read(fd, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    buffer.append(chunk.data(), static_cast<size_t>(count));
    size_t at = 0;
    for (size_t end; (end = buffer.find('\n', at)) != std::string::npos; at = end + 1)
      take(std::string_view(buffer).substr(at, end - at));
    buffer.erase(0, at);
  }
  if (!buffer.empty()) take(std::string_view(buffer));
}

// One `follow`, its output checked on two threads of its own.
class Follower {
 public:
  Follower(const Options& options, const std::string& pool, SeenRecords& seen)
      : child_({options.plasmite, "follow", pool, "--jsonl", "--tail", "1", "--timeout",
                options.idle_timeout},
               {.out = true, .err = true}),
        check_(seen, 2),
        lines_([this] { read(); }),
        errors_([this] { errors_text_ = read_all(child_.err()); }) {}

  void signal(int number) const { child_.signal(number); }
  void wait_until_ready() const { ready_.wait(false); }
  void join() {
    lines_.join();
    errors_.join();
    exit_code_ = child_.wait();
  }
  bool finish(uint64_t last_seq) {
    check_.notices(errors_text_);
    return check_.finish(last_seq) && exit_code_ == kTimedOut;
  }
  const FollowerCheck& check() const { return check_; }
  int exit_code() const { return exit_code_; }

 private:
  void read() {
    read_lines(child_.out(), [this](std::string_view line) {
      if (ready_.load(std::memory_order_relaxed)) return check_.line(line);
      ready_ = true;  // the first line is the record that was there before
      ready_.notify_all();
    });
    ready_ = true;
    ready_.notify_all();
  }

  Child child_;
  FollowerCheck check_;
  std::atomic<bool> ready_ = false;
  std::string errors_text_;
  int exit_code_ = -1;
  std::thread lines_, errors_;  // last: they use what stands above
};

// One `feed`, written to by a thread of its own.
class Writer {
 public:
  Writer(const Options& options, const std::string& pool, uint32_t number)
      : child_({options.plasmite, "feed", pool, "-q", "--in", "jsonl"}, {.in = true}),
        thread_([this, number, records = options.records] { write(number, records); }) {}
  int join() {
    thread_.join();
    return child_.wait();
  }

 private:
  void write(uint32_t writer, uint32_t records) {
    std::string chunk;
    for (uint32_t i = 0; i < records; ++i) {
      append_record_text(chunk, {writer, i});
      chunk += '\n';
      if (chunk.size() >= (64u << 10) || i + 1 == records) {
        if (!write_all(child_.in(), chunk)) break;  // its exit code says why
        chunk.clear();
      }
    }
    child_.close_in();
  }

  Child child_;
  std::thread thread_;
};

// Stops some followers once an eighth of the records is through, and lets them go on after a while.
void stop_some(const std::vector<std::unique_ptr<Follower>>& followers, const SeenRecords& seen,
               uint64_t last_seq, const std::atomic<bool>& writers_done) {
  while (seen.highest() < last_seq / 8 && !writers_done)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (size_t i = 0; i < kStopped; ++i) followers[i]->signal(SIGSTOP);
  std::this_thread::sleep_for(kStopTime);
  for (size_t i = 0; i < kStopped; ++i) followers[i]->signal(SIGCONT);
}

// What is retained in the end: nothing missing from its first record to the last, every writer's
// numbers without a hole.
std::string check_retained(const Options& options, const std::string& pool, SeenRecords& seen,
                           uint64_t last_seq, uint64_t& retained) {
  Child child({options.plasmite, "follow", pool, "--jsonl", "--since", "1971-01-01T00:00:00Z",
               "--timeout", "1s"},
              {.out = true, .err = true});
  std::unique_ptr<FollowerCheck> check;
  std::vector<int64_t> last_number(kWriters, -1);
  std::string scratch, problem;
  read_lines(child.out(), [&](std::string_view line) {
    FollowedRecord record;
    if (!parse_followed_line(line, scratch, record)) {
      // The very first record of the pool is still there when the run is small.
      if (check || !line.contains(R"("begin":true)")) problem = "not intact: " + std::string(line);
      return;
    }
    if (!check) check = std::make_unique<FollowerCheck>(seen, record.seq);
    check->line(line);
    int64_t& last = last_number[record.name.writer % kWriters];
    if (last >= 0 && record.name.number != last + 1) problem = "a hole in a writer's numbers";
    last = record.name.number;
    ++retained;
  });
  if (!check) return "nothing is retained";
  check->notices(read_all(child.err()));
  if (problem.empty() && !check->finish(last_seq)) problem = check->problem();
  if (problem.empty() && check->lost() > 0) problem = "losses although nobody wrote";
  if (problem.empty() && child.wait() != kTimedOut) problem = "follow ended with another exit code";
  return problem;
}

struct Outcome {
  double seconds = 0;
  bool ok = true;
  uint64_t retained = 0;
  std::string problem;
  void require(bool holds, const std::string& what) {
    if (holds) return;
    ok = false;
    if (problem.empty()) problem = what;
  }
};

void print(const Options& options, const Outcome& outcome,
           const std::vector<std::unique_ptr<Follower>>& followers) {
  std::printf(R"({"writers":%u,"records":%llu,"seconds":%.1f,"retained":%llu,"followers":[)",
              kWriters, 1ull * kWriters * options.records, outcome.seconds,
              static_cast<unsigned long long>(outcome.retained));
  for (size_t i = 0; i < followers.size(); ++i)
    std::printf(R"(%s{"delivered":%llu,"lost":%llu})", i == 0 ? "" : ",",
                static_cast<unsigned long long>(followers[i]->check().delivered()),
                static_cast<unsigned long long>(followers[i]->check().lost()));
  std::printf("],\"ok\":%s}\n", outcome.ok ? "true" : "false");
  if (!outcome.ok) std::fprintf(stderr, "eight_writers: %s\n", outcome.problem.c_str());
}

int run_all(const Options& options) {
  const TemporaryFolder folder(options.dir);
  const std::string pool = folder.pool();
  const uint64_t last_seq = 1 + uint64_t{kWriters} * options.records;
  SeenRecords seen(last_seq);
  run({options.plasmite, "pool", "create", pool, "--size", options.pool_size});
  run({options.plasmite, "feed", pool, R"({"begin":true})"});

  std::vector<std::unique_ptr<Follower>> followers;
  for (size_t i = 0; i < kFollowers; ++i)
    followers.push_back(std::make_unique<Follower>(options, pool, seen));
  for (const auto& follower : followers) follower->wait_until_ready();

  Outcome outcome;
  const Clock::time_point begin = Clock::now();
  std::atomic<bool> writers_done = false;
  std::vector<std::unique_ptr<Writer>> writers;
  for (uint32_t i = 0; i < kWriters; ++i)
    writers.push_back(std::make_unique<Writer>(options, pool, i));
  std::thread stopper([&] { stop_some(followers, seen, last_seq, writers_done); });
  for (const auto& writer : writers) outcome.require(writer->join() == 0, "a writer failed");
  writers_done = true;
  stopper.join();
  for (const auto& follower : followers) follower->join();
  outcome.seconds = std::chrono::duration<double>(Clock::now() - begin).count();

  for (const auto& follower : followers) {
    const bool fine = follower->finish(last_seq);
    outcome.require(fine, "follower: exit code " + std::to_string(follower->exit_code()) + "; " +
                              follower->check().problem());
  }
  const std::string problem = check_retained(options, pool, seen, last_seq, outcome.retained);
  outcome.require(problem.empty(), "retained: " + problem);
  run({options.plasmite, "doctor", pool});
  outcome.require(outcome.seconds <= options.max_seconds, "took too long");
  print(options, outcome, followers);
  return outcome.ok ? 0 : 1;
}

}  // namespace
}  // namespace plasmite::acceptance

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const auto options = plasmite::acceptance::parse_options(argc, argv);
  ::alarm(static_cast<unsigned>(options.max_seconds) * 3 + 60);  // a run that hangs ends, too
  return plasmite::acceptance::run_all(options);
}
