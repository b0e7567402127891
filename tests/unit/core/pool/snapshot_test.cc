// Readers that may not write the file: of a live pool, and of one that nobody opened since the
// restart.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/pool/pool.h"
#include "tests/support/child.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr uid_t kNobody = 65534;

// A process that may read, but not write, files of mode 0444. Root may write anything, so it
// becomes somebody else.
Child unprivileged(const std::function<int()>& body) {
  return Child([&] {
    if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) return 99;
    return body();
  });
}

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() {
    ::chmod(dir_.path().c_str(), 0755);
    Pool pool = must(Pool::create(path_, {.size_bytes = kMinPoolBytes, .mode = 0644}));
    append(pool, 1, 5);
    copy_as_after_restart(path_, copy_);
    ::chmod(path_.c_str(), ::geteuid() == 0 ? 0644 : 0444);
    ::chmod(copy_.c_str(), ::geteuid() == 0 ? 0644 : 0444);
  }

  static void append(Pool& pool, uint64_t first, uint64_t count) {
    for (uint64_t i = first; i < first + count; ++i) must(pool.append({.body = body_of(i, 600)}));
  }
  static bool whole(const std::vector<ReadRecord>& records, uint64_t first, uint64_t count) {
    if (records.size() != count) return false;
    for (uint64_t i = 0; i < count; ++i)
      if (records[i].seq != first + i || records[i].body != body_of(first + i, 600)) return false;
    return true;
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
  const std::filesystem::path copy_ = dir_ / "copy";
};

TEST_F(SnapshotTest, AnUnopenedPoolIsRecoveredInPrivateMemory) {
  const std::string before = read_bytes(copy_);
  Child reader = unprivileged([&] {
    const Pool pool = must(Pool::open(copy_, {.access = Access::read}));
    if (must(pool.info()).initialized) return 1;
    if (!whole(read_all(pool), 1, 5)) return 2;
    return must(pool.get(3)).body == body_of(3, 600) ? 0 : 3;
  });
  EXPECT_EQ(reader.wait(), 0);
  EXPECT_EQ(read_bytes(copy_), before);
}

TEST_F(SnapshotTest, WritingIsRefusedToThoseWhoMayOnlyRead) {
  Child reader = unprivileged([&] {
    const auto refused = Pool::open(path_, {.access = Access::append});
    if (refused || refused.error().kind() != ErrorKind::Permission) return 1;
    if (refused.error().hint().empty()) return 2;
    Pool pool = must(Pool::open(path_, {.access = Access::read}));
    const auto append = pool.append({.body = "{}"});
    return !append && append.error().kind() == ErrorKind::Permission ? 0 : 3;
  });
  EXPECT_EQ(reader.wait(), 0);
}

TEST_F(SnapshotTest, AnOpenedForReadingPoolRefusesAppendsAlsoWithPermission) {
  Pool pool = must(Pool::open(path_, {.access = Access::read}));
  EXPECT_EQ(pool.append({.body = "{}"}).error().kind(), ErrorKind::Permission);
  EXPECT_TRUE(pool.flush()) << "nothing of ours to flush";
}

TEST_F(SnapshotTest, ALivePoolIsPolledAndFollowed) {
  Pipe ready;
  Child reader = unprivileged([&] {
    const Pool pool = must(Pool::open(path_, {.access = Access::read}));
    if (!must(pool.info()).initialized) return 1;
    Cursor cursor = must(pool.cursor(Start::newest()));
    ready.send(1);
    if (!must(cursor.wait(steady_clock::now() + seconds(30)))) return 2;
    const auto message = must(cursor.next());
    return message && message->seq == 6 ? 0 : 3;
  });
  ready.receive();
  if (::geteuid() != 0) ::chmod(path_.c_str(), 0644);
  Pool pool = must(Pool::open(path_));
  append(pool, 6, 1);
  EXPECT_EQ(reader.wait(), 0);
}

TEST_F(SnapshotTest, ASnapshotFollowsOnceAWriterOpenedThePool) {
  Pipe ready;
  Child reader = unprivileged([&] {
    const Pool pool = must(Pool::open(copy_, {.access = Access::read}));
    Cursor cursor = must(pool.cursor(Start::oldest()));
    if (!whole(read_to_end(cursor).records, 1, 5)) return 1;
    ready.send(1);
    if (!must(cursor.wait(steady_clock::now() + seconds(30)))) return 2;
    const auto message = must(cursor.next());
    if (!message || message->body != "{}") return 3;
    const auto gap = cursor.take_gap();
    if (!gap || gap->cause != Gap::Cause::power_loss || gap->first != 6) return 4;
    return must(pool.info()).initialized ? 0 : 5;
  });
  ready.receive();
  if (::geteuid() != 0) ::chmod(copy_.c_str(), 0644);
  must(must(Pool::open(copy_)).append({.body = "{}"}));
  EXPECT_EQ(reader.wait(), 0);
}

// A slow reader of a snapshot while a writer goes round the ring: what it still gets is whole, in
// order, and what it missed it is told of.
TEST_F(SnapshotTest, ASnapshotThatIsOvertakenDeliversOnlyWholeRecords) {
  Pipe ready;
  Pipe written;
  Child reader = unprivileged([&] {
    const Pool pool = must(Pool::open(copy_, {.access = Access::read}));
    Cursor cursor = must(pool.cursor(Start::at_seq(1)));
    if (must(cursor.next())->seq != 1) return 1;
    ready.send(1);
    const uint64_t last = written.receive();
    uint64_t expected = 2;
    for (;;) {
      const auto message = must(cursor.next());
      if (const auto gap = cursor.take_gap()) {
        if (gap->first != expected) return 2;
        expected = gap->last + 1;
      }
      if (!message) {
        if (!must(cursor.wait(steady_clock::now() + seconds(30)))) return 3;
        continue;
      }
      if (message->seq != expected++) return 4;
      if (message->body !=
          body_of(message->seq <= 5 ? message->seq : message->seq - (last - 200), 600))
        return 5;
      if (message->seq == last) return 0;
    }
  });
  ready.receive();
  if (::geteuid() != 0) ::chmod(copy_.c_str(), 0644);
  Pool pool = must(Pool::open(copy_));
  uint64_t last = 0;
  for (uint64_t i = 1; i <= 200; ++i) last = must(pool.append({.body = body_of(i, 600)})).first_seq;
  written.send(last);
  EXPECT_EQ(reader.wait(), 0);
}

}  // namespace
}  // namespace plasmite
