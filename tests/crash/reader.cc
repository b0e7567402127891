// Readers: one follows from the oldest record on and must learn of every sequence; one seeks.
#include <unistd.h>

#include <chrono>
#include <cinttypes>

#include "core/pool/pool.h"
#include "tests/crash/participants.h"
#include "tests/crash/random.h"
#include "tests/crash/stream_check.h"

namespace plasmite::crash {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class Reader {
 public:
  Reader(SharedState& shared, const ReaderJob& job)
      : shared_(shared),
        pool_shared_(shared.pools[job.pool]),
        slot_(pool_shared_.readers[job.reader]),
        job_(job),
        random_(job.seed) {}

  void follow(const Pool& pool);
  void seek(const Pool& pool);
  bool open(std::optional<Pool>& pool);

 private:
  // None: nothing more now, or an error that was reported.
  std::optional<MessageView> read(Cursor& cursor);
  void keep(const StreamState& state);
  bool stopping() const { return shared_.stopping.load() != 0; }
  void seek_once(const Pool& pool, const PoolInfo& info);

  SharedState& shared_;
  PoolShared& pool_shared_;
  ReaderSlot& slot_;
  const ReaderJob& job_;
  Random random_;
  bool failed_ = false;
};

bool Reader::open(std::optional<Pool>& pool) {
  slot_.operation.begin();
  auto opened =
      Pool::open(job_.setup->path, {.access = job_.reader == 0 ? Access::read : Access::append});
  slot_.operation.end();
  if (!opened) {
    shared_.failures.report(Failure::open_failures, "reader %d of pool %d: %s", job_.reader,
                            job_.pool, opened.error().message().c_str());
    return false;
  }
  pool.emplace(std::move(*opened));
  return true;
}

std::optional<MessageView> Reader::read(Cursor& cursor) {
  slot_.operation.begin();
  auto message = cursor.next();
  slot_.operation.end();
  if (message) return *message;
  report_error(shared_.failures, "read", message.error());
  failed_ = true;
  return std::nullopt;
}

void Reader::keep(const StreamState& state) {
  const uint32_t other = 1 - slot_.current.load(std::memory_order_relaxed);
  slot_.states[other] = state;
  slot_.current.store(other, std::memory_order_release);
}

// Continues where a reader that was killed stopped: at_seq counts what was lost meanwhile.
void Reader::follow(const Pool& pool) {
  const StreamState& start = slot_.states[slot_.current.load(std::memory_order_acquire)];
  auto cursor =
      pool.cursor(start.expected_seq == 0 ? Start::oldest() : Start::at_seq(start.expected_seq));
  if (!cursor) return report_error(shared_.failures, "cursor", cursor.error());
  StreamCheck check(pool, pool_shared_, shared_.failures, "follower", start);
  uint32_t since_kept = 0;
  while (!failed_) {
    const auto message = read(*cursor);
    if (message) {
      check.next(*message, cursor->take_gap());
      if (++since_kept < 64) continue;
    }
    keep(check.state());
    since_kept = 0;
    if (message || failed_) continue;
    if (stopping()) return;
    slot_.operation.begin();
    const auto woken = cursor->wait(steady_clock::now() + milliseconds(200));
    slot_.operation.end();
    if (!woken) return report_error(shared_.failures, "wait", woken.error());
  }
}

void Reader::seek(const Pool& pool) {
  while (!failed_ && !stopping()) {
    slot_.operation.begin();
    const auto info = pool.info();
    slot_.operation.end();
    if (!info) return report_error(shared_.failures, "info", info.error());
    if (info->oldest_seq) seek_once(pool, *info);
    ::usleep(200);
  }
}

// From a sequence or a time on, some records.
void Reader::seek_once(const Pool& pool, const PoolInfo& info) {
  const bool by_time = random_.percent(30);
  // Often right at the tail, where writers take the space away.
  const uint64_t wanted =
      random_.percent(60) ? *info.oldest_seq : random_.between(*info.oldest_seq, info.next_seq);
  const int64_t time_ns =
      *info.oldest_time_ns +
      static_cast<int64_t>(
          random_.below(static_cast<uint64_t>(*info.newest_time_ns - *info.oldest_time_ns) + 1));
  slot_.operation.begin();
  auto cursor = pool.cursor(by_time ? Start::at_time(time_ns) : Start::at_seq(wanted));
  slot_.operation.end();
  if (!cursor) return report_error(shared_.failures, "seek", cursor.error());
  StreamState state;
  if (!by_time) state.expected_seq = wanted;
  StreamCheck check(pool, pool_shared_, shared_.failures, "seeker", state);
  const uint64_t records = random_.between(1, 200);
  for (uint64_t i = 0; i < records && !failed_; ++i) {
    const auto message = read(*cursor);
    if (!message) return;
    if (by_time && message->time_ns < time_ns)
      shared_.failures.report(Failure::torn, "seek to time: %" PRIu64 " is older", message->seq);
    check.next(*message, cursor->take_gap());
  }
}

}  // namespace

void run_reader(SharedState& shared, const ReaderJob& job) {
  be_a_child();
  Reader reader(shared, job);
  std::optional<Pool> pool;
  if (!reader.open(pool)) ::_exit(1);
  if (job.reader == 0)
    reader.follow(*pool);
  else
    reader.seek(*pool);
  ::_exit(0);
}

}  // namespace plasmite::crash
