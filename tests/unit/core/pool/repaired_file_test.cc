// What repairing does to the file: the damaged one stays beside it, the new one takes its place and
// is like it, and whoever has the old one open, or relies on it, learns of it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <thread>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/support/child.h"
#include "tests/support/damage.h"
#include "tests/support/scoped_probes.h"

namespace plasmite {
namespace {

// Of this process.
int open_descriptors_of(const std::filesystem::path& path) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::equivalent(entry.path(), path, gone)) ++count;
  }
  return count;
}

class RepairedFile : public testing::Test {
 protected:
  uint64_t frame_offset(uint64_t seq) const { return raw_.file_offset(raw_.position_of(seq)); }
  uint64_t newest() const { return known_.retained().back().seq; }

  // `act` waits for the writer lock, at the latest once `waits` says so, while another pool, of one
  // record, gets the name: returns that one's records afterwards.
  std::vector<ReadRecord> replace_while_it_waits(const std::function<bool()>& waits,
                                                 const std::function<void()>& act) {
    const UniqueFd held(::open(known_.path().c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_EQ(::flock(held.get(), LOCK_EX), 0);
    descriptors_ = open_descriptors_of(known_.path());
    std::thread acting(act);
    while (!waits()) std::this_thread::yield();
    std::filesystem::path other = known_.path();
    other += ".new";
    must(Pool::create(other, {.size_bytes = kMinPoolBytes}));
    must(must(Pool::open(other)).append({.body = "{\"new\":1}"}));
    std::filesystem::rename(other, known_.path());
    EXPECT_EQ(::flock(held.get(), LOCK_UN), 0);
    acting.join();
    return read_all(must(Pool::open(known_.path())));
  }

  int descriptors_ = 0;  // of the pool, before it acts
  const KnownPool known_{{.size_bytes = kMinPoolBytes}};
  const RawPool raw_{known_.path()};
};

TEST_F(RepairedFile, LeavesTheDamagedOneBesideUnderAFreeName) {
  raw_.flip(frame_offset(newest()) + 33);
  const std::string before = read_bytes(known_.path());
  auto damaged = [&] { return must(repair_pool(known_.path())).damaged_copy; };
  const auto first = damaged();
  EXPECT_EQ(first, known_.folder() / "p.damaged");
  const std::string kept = read_bytes(first);
  EXPECT_EQ(kept.substr(kWaitPageOffset + kPageBytes), before.substr(kWaitPageOffset + kPageBytes));
  EXPECT_EQ(damaged(), known_.folder() / "p.damaged.1");
  EXPECT_EQ(damaged(), known_.folder() / "p.damaged.2");
  EXPECT_EQ(read_bytes(first), kept);
}

TEST_F(RepairedFile, KeepsModeAndSize) {
  std::filesystem::permissions(known_.path(), std::filesystem::perms(0640));
  must(repair_pool(known_.path()));
  EXPECT_EQ(std::filesystem::status(known_.path()).permissions(), std::filesystem::perms(0640));
  EXPECT_EQ(std::filesystem::file_size(known_.path()), kMinPoolBytes);
}

TEST_F(RepairedFile, KeepsItsOwner) {
  // Only root can give files away.
  const bool is_root = ::geteuid() == 0;
  const uid_t user = is_root ? 1234 : ::geteuid();
  const gid_t group = is_root ? 4321 : ::getegid();
  ASSERT_EQ(::chown(known_.path().c_str(), user, group), 0);
  raw_.flip(frame_offset(newest()) + 33);
  must(repair_pool(known_.path()));
  struct stat status;
  ASSERT_EQ(::stat(known_.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, user);
  EXPECT_EQ(status.st_gid, group);
}

TEST_F(RepairedFile, IsTheOneThatASymbolicLinkLeadsTo) {
  const auto link = known_.folder() / "link";
  std::filesystem::create_symlink(known_.path().filename(), link);
  raw_.flip(frame_offset(newest()) + 33);
  const RepairReport report = must(repair_pool(link));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(report.damaged_copy.filename(), "p.damaged");
  EXPECT_TRUE(must(examine_pool(known_.path())).healthy());
}

// The locks would stay on the file that has lost its name: two sources could store under one
// checkpoint.
TEST_F(RepairedFile, IsNotReplacedWhileSomebodyHoldsALockBehindIt) {
  raw_.flip(frame_offset(newest()) + 33);
  const UniqueFd file(::open(known_.path().c_str(), O_RDWR | O_CLOEXEC));
  struct flock range = {};
  range.l_type = F_WRLCK;
  range.l_start = static_cast<off_t>(kUserLocksOffset + 3);
  range.l_len = 1;
  ASSERT_EQ(::fcntl(file.get(), F_OFD_SETLK, &range), 0);
  const auto refused = repair_pool(known_.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Busy);
  EXPECT_FALSE(refused.error().hint().empty());
  range.l_type = F_UNLCK;
  ::fcntl(file.get(), F_OFD_SETLK, &range);
  must(repair_pool(known_.path()));
}

TEST_F(RepairedFile, WhoeverHasTheOldFileOpenGoesOnWhenNothingWasLost) {
  Pool writer = must(Pool::open(known_.path()));
  Cursor cursor = must(writer.cursor(Start::newest()));
  must(repair_pool(known_.path()));
  EXPECT_TRUE(must(cursor.wait(std::chrono::steady_clock::now() + std::chrono::seconds(60))));
  const uint64_t seq = must(writer.append({.body = "{}"})).first_seq;
  EXPECT_EQ(must(cursor.next())->seq, seq);
  EXPECT_EQ(must(must(Pool::open(known_.path())).get(seq)).body, "{}");
}

TEST_F(RepairedFile, TellsWhoeverHasTheOldFileOpenThatItHasAnotherId) {
  raw_.flip(frame_offset(newest()) + 33);
  Pool writer = must(Pool::open(known_.path()));
  const Pool reader = must(Pool::open(known_.path(), {.access = Access::read}));
  Cursor cursor = must(reader.cursor(Start::newest()));
  Result<bool> waited = false;
  std::jthread sleeper(
      [&] { waited = cursor.wait(std::chrono::steady_clock::now() + std::chrono::seconds(60)); });
  while ((load_acquire(raw_.wait_page().event) & 1) == 0) std::this_thread::yield();
  must(repair_pool(known_.path()));
  sleeper.join();
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind(), ErrorKind::NotFound);
  EXPECT_FALSE(waited.error().hint().empty());
  EXPECT_EQ(writer.append({.body = "{}"}).error().kind(), ErrorKind::NotFound);
  EXPECT_EQ(cursor.next().error().kind(), ErrorKind::NotFound);
}

TEST_F(RepairedFile, WaitsForAWriterAndGivesUp) {
  Pipe stopped;
  const Child writer([&] {
    Pool pool = must(Pool::open(known_.path()));
    ScopedProbes probes;
    probes.reached = [&](Step step) {
      if (step != Step::locked) return;
      stopped.send(1);
      for (;;) ::pause();
    };
    (void)pool.append({.body = "{}"});
    return 1;
  });
  stopped.receive();
  const auto busy = repair_pool(known_.path(), std::chrono::milliseconds(20));
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().kind(), ErrorKind::Busy);
}

// Waiting for the lock may take long enough for somebody else to put another pool in its place.
TEST_F(RepairedFile, IsNotTheOneThatTookItsPlaceMeanwhile) {
  std::optional<Result<RepairReport>> report;
  const auto records =
      replace_while_it_waits([&] { return open_descriptors_of(known_.path()) > descriptors_; },
                             [&] { report = repair_pool(known_.path(), std::chrono::minutes(1)); });
  ASSERT_FALSE(*report);
  EXPECT_EQ(report->error().kind(), ErrorKind::NotFound);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].body, "{\"new\":1}");
}

TEST_F(RepairedFile, ADeletionDoesNotTakeWhatTookItsPlaceMeanwhile) {
  std::optional<Result<void>> removed;
  const auto records = replace_while_it_waits(
      [&] { return (load_acquire(raw_.wait_page().writer_lock) & 1) != 0; },
      [&] { removed = Pool::remove(known_.path(), std::chrono::minutes(1)); });
  ASSERT_FALSE(*removed);
  EXPECT_EQ(removed->error().kind(), ErrorKind::NotFound);
  EXPECT_EQ(records.size(), 1u);
}

// It looked at the file before the repair marked it, and gets the lock from the repair's death.
TEST_F(RepairedFile, AWriterThatWaitsWhileTheRepairDiesAppendsToTheFileThatHasTheName) {
  for (const Step death : {Step::replace_marked, Step::replace_renamed, Step::replace_done}) {
    SCOPED_TRACE(static_cast<int>(death));
    known_.restore_file();
    Pool writer = must(Pool::open(known_.path(), {.lock_timeout = std::chrono::seconds(60)}));
    const RawPool old(known_.path());
    Child repair([&] {
      ScopedProbes probes;
      probes.reached = [&](Step step) {
        if (step == Step::recovery_anchored) ::raise(SIGSTOP);  // the new file is complete
        if (step == death) ::raise(SIGKILL);
      };
      (void)repair_pool(known_.path());
      return 1;
    });
    repair.wait_until_stopped();
    AppendReceipt receipt;
    std::jthread appender([&] { receipt = must(writer.append({.body = "{}"})); });
    while ((load_acquire(old.wait_page().writer_lock) & 1) == 0) std::this_thread::yield();
    repair.send(SIGCONT);
    ASSERT_EQ(repair.wait(), kKilled);
    appender.join();
    EXPECT_EQ(must(must(Pool::open(known_.path())).get(receipt.first_seq)).body, "{}");
    EXPECT_EQ(RawPool(known_.path()).live().deleted, 0u);
  }
}

}  // namespace
}  // namespace plasmite
