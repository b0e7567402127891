// A pool gets another size while others use it: nothing that was accepted is lost, those who have
// it open go on, and a death at any step leaves the old file or the new one.
#include "core/pool/pool_resize.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <thread>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/support/child.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr uint64_t kLarger = 1 << 20;
constexpr Step kResizeSteps[] = {Step::resize_copied, Step::resize_filled, Step::replace_marked,
                                 Step::replace_renamed, Step::replace_done};

class PoolResize : public testing::Test {
 protected:
  void append_numbered(Pool& pool, int count, size_t bytes = 300) {
    const TagBlock tags = must(TagBlock::encode({"t"}));
    for (int i = 0; i < count; ++i) {
      const std::string body = body_of(++number_, bytes);
      must(pool.append({.body = body, .tags = i % 2 ? &tags : nullptr}));
    }
  }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
      names.insert(entry.path().filename().string());
    return names;
  }

  static std::vector<ReadRecord> last(std::vector<ReadRecord> records, size_t count) {
    records.erase(records.begin(),
                  records.end() - static_cast<ptrdiff_t>(std::min(count, records.size())));
    return records;
  }

  ScratchDir dir_ = ScratchDir::in_memory();
  std::filesystem::path path_ = dir_ / "p";
  uint64_t number_ = 0;
};

TEST_F(PoolResize, KeepsEverythingThatMakesItThisPool) {
  Pool pool = must(Pool::create(path_, {.size_bytes = kMinPoolBytes, .mode = 0640}));
  append_numbered(pool, 400);  // several times round the ring
  must(pool.append({.body = "{}"}, {.checkpoint = CheckpointView{"source", "position"}}));
  const auto before = must(pool.info());
  const auto records = read_all(pool);
  const auto report = must(resize_pool(path_, {.size_bytes = kLarger}));
  EXPECT_EQ(report.old_size, kMinPoolBytes);
  EXPECT_EQ(report.new_size, kLarger);
  EXPECT_EQ(report.retired, 0u);
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    const std::filesystem::path path = restarted ? dir_ / "restarted" : path_;
    if (restarted) copy_as_after_restart(path_, path);
    Pool resized = must(Pool::open(path));
    const auto after = must(resized.info());
    EXPECT_EQ(after.id, before.id);
    EXPECT_EQ(after.file_size, kLarger);
    EXPECT_EQ(read_all(resized), records);
    if (!restarted) {
      EXPECT_EQ(after.next_seq, before.next_seq);
    }
    EXPECT_EQ(must(resized.checkpoint("source"))->value, "position");
    for (const ReadRecord& record : records)
      EXPECT_EQ(must(resized.get(record.seq)).body, record.body);
    EXPECT_TRUE(must(examine_pool(path)).healthy());
  }
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0640));
  EXPECT_EQ(names(), (std::set<std::string>{"p", "restarted"}));
}

TEST_F(PoolResize, UpAndDownAndUpAgainAtEveryFillOfTheRing) {
  Pool pool = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  const uint64_t sizes[] = {kLarger, 3 * kMinPoolBytes, kMinPoolBytes, kLarger + 4096};
  for (int round = 0; round < 24; ++round) {
    SCOPED_TRACE(round);
    append_numbered(pool, 37, 100 + static_cast<size_t>(round) * 50);
    const auto records = read_all(pool);
    must(resize_pool(path_, {.size_bytes = sizes[round % 4], .retire = true}));
    const auto kept = read_all(must(Pool::open(path_)));
    ASSERT_FALSE(kept.empty());
    EXPECT_EQ(kept, last(records, kept.size()));
    EXPECT_EQ(read_all(pool), kept);
    EXPECT_TRUE(must(examine_pool(path_)).healthy());
  }
}

TEST_F(PoolResize, RetiresOnlyWhenToldTo) {
  Pool pool = must(Pool::create(path_, {.size_bytes = kLarger}));
  append_numbered(pool, 400);
  const auto records = read_all(pool);
  const auto refused = resize_pool(path_, {.size_bytes = kMinPoolBytes});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Usage);
  EXPECT_TRUE(refused.error().hint().contains("--retire"));
  EXPECT_EQ(read_all(must(Pool::open(path_))), records);
  EXPECT_EQ(names(), std::set<std::string>{"p"});

  const auto report = must(resize_pool(path_, {.size_bytes = kMinPoolBytes, .retire = true}));
  const auto kept = read_all(must(Pool::open(path_)));
  EXPECT_GT(kept.size(), 80u);
  EXPECT_EQ(kept, last(records, kept.size()));
  EXPECT_EQ(report.retired, records.size() - kept.size());
}

TEST_F(PoolResize, CheckpointsFindAPlaceOrItIsRefused) {
  Pool pool = must(Pool::create(path_, {.size_bytes = kLarger}));
  const auto set = [&](const std::string& name) {
    must(pool.append_batch({}, {.checkpoint = CheckpointView{name, "value of " + name}}));
  };
  for (int n = 0; n < 5; ++n) set("c" + std::to_string(n));
  const auto refused = resize_pool(path_, {.size_bytes = kMinPoolBytes, .retire = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Usage);
  EXPECT_EQ(must(pool.checkpoints()).size(), 5u);
  EXPECT_EQ(names(), std::set<std::string>{"p"});
}

TEST_F(PoolResize, TheSameSizeIsNothingToDo) {
  must(Pool::create(path_, {.size_bytes = kLarger}));
  struct stat before, after;
  ::stat(path_.c_str(), &before);
  must(resize_pool(path_, {.size_bytes = kLarger - 1}));
  ::stat(path_.c_str(), &after);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(PoolResize, RefusesWhatItCannotKeepWhole) {
  Pool pool = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  append_numbered(pool, 30);
  EXPECT_EQ(resize_pool(path_, {.size_bytes = 1}).error().kind(), ErrorKind::Usage);
  EXPECT_EQ(resize_pool(dir_ / "none", {}).error().kind(), ErrorKind::NotFound);
  std::filesystem::create_hard_link(path_, dir_ / "other");
  EXPECT_EQ(resize_pool(path_, {.size_bytes = kLarger}).error().kind(), ErrorKind::Usage);
  std::filesystem::remove(dir_ / "other");
  const RawPool raw(path_);
  raw.flip(raw.file_offset(raw.position_of(20)) + 33);
  EXPECT_EQ(resize_pool(path_, {.size_bytes = kLarger}).error().kind(), ErrorKind::Corrupt);
  EXPECT_EQ(names(), std::set<std::string>{"p"});
}

TEST_F(PoolResize, ReplacesWhatASymbolicLinkLeadsTo) {
  must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  std::filesystem::create_symlink("p", dir_ / "link");
  must(resize_pool(dir_ / "link", {.size_bytes = kLarger}));
  EXPECT_TRUE(std::filesystem::is_symlink(dir_ / "link"));
  EXPECT_EQ(std::filesystem::file_size(path_), kLarger);
}

TEST_F(PoolResize, IsRefusedWhileSomebodyHoldsALockBehindTheFile) {
  must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  const UniqueFd file(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  struct flock range = {};
  range.l_type = F_WRLCK;
  range.l_start = static_cast<off_t>(kUserLocksOffset + 3);
  range.l_len = 1;
  ASSERT_EQ(::fcntl(file.get(), F_OFD_SETLK, &range), 0);
  const auto refused = resize_pool(path_, {.size_bytes = kLarger});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Busy);
  range.l_type = F_UNLCK;
  ::fcntl(file.get(), F_OFD_SETLK, &range);
  must(resize_pool(path_, {.size_bytes = kLarger}));
}

TEST_F(PoolResize, ThoseWhoHaveItOpenGoOn) {
  Pool writer = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  append_numbered(writer, 10);
  const Pool reader = must(Pool::open(path_, {.access = Access::read}));
  Cursor behind = must(reader.cursor(Start::oldest()));
  EXPECT_EQ(must(behind.next())->seq, 1u);
  Cursor caught_up = must(reader.cursor(Start::newest()));
  Cursor late = must(reader.cursor(Start::at_seq(15)));

  must(resize_pool(path_, {.size_bytes = kLarger}));
  append_numbered(writer, 10);  // by the handle it had
  EXPECT_EQ(must(writer.info()).file_size, kLarger);
  EXPECT_EQ(read_all(must(Pool::open(path_))).size(), 20u);
  const auto seqs = [](Cursor& cursor) {
    std::vector<uint64_t> found;
    const Reading reading = read_to_end(cursor);
    EXPECT_FALSE(reading.error);
    EXPECT_TRUE(reading.gaps.empty());
    for (const ReadRecord& record : reading.records) found.push_back(record.seq);
    return found;
  };
  EXPECT_EQ(seqs(behind).size(), 19u);
  EXPECT_EQ(seqs(caught_up), (std::vector<uint64_t>{11, 12, 13, 14, 15, 16, 17, 18, 19, 20}));
  EXPECT_EQ(seqs(late), (std::vector<uint64_t>{15, 16, 17, 18, 19, 20}));
  EXPECT_EQ(must(reader.get(20)).seq, 20u);
}

TEST_F(PoolResize, WakesASleeperThatThenSeesWhatComes) {
  Pool writer = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  const Pool reader = must(Pool::open(path_, {.access = Access::read}));
  Cursor cursor = must(reader.cursor(Start::newest()));
  // By itself it would look at the file again after 2 s. A busy machine has several attempts to be
  // quick.
  steady_clock::duration quickest = seconds(60);
  for (uint64_t n = 1; n <= 5 && quickest > seconds(1); ++n) {
    const RawPool raw(path_);
    uint64_t seen = 0;
    std::jthread sleeper([&] {
      while (seen == 0) {
        must(cursor.wait(steady_clock::now() + seconds(60)));
        if (const auto message = must(cursor.next())) seen = message->seq;
      }
    });
    while ((load_acquire(raw.wait_page().event) & 1) == 0) std::this_thread::yield();
    const auto begin = steady_clock::now();
    must(resize_pool(path_, {.size_bytes = kLarger + n * 4096}));
    append_numbered(writer, 1);
    sleeper.join();
    quickest = std::min(quickest, steady_clock::now() - begin);
    EXPECT_EQ(seen, n);
  }
  EXPECT_LT(quickest, seconds(1));
}

// Between finding a file by its name and reading what is in it.
class ReplacedWhileOpening {
 public:
  ReplacedWhileOpening(std::filesystem::path path, int times) : path_(std::move(path)), left_(times) {
    probes_.fail = [this](Call call) {
      if (call != Call::mmap || left_ == 0 || std::exchange(inside_, true)) return 0;
      --left_;
      must(resize_pool(path_, {.size_bytes = kLarger + static_cast<uint64_t>(left_) * 65536}));
      inside_ = false;
      return 0;
    };
  }
  bool happened() const { return left_ == 0; }

 private:
  std::filesystem::path path_;
  int left_;
  bool inside_ = false;
  ScopedProbes probes_;
};

TEST_F(PoolResize, AFileThatIsReplacedWhileItIsOpenedIsOpenedAgain) {
  Pool writer = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  append_numbered(writer, 1);
  const ReplacedWhileOpening replaced(path_, 3);
  EXPECT_EQ(read_all(must(Pool::open(path_))).size(), 1u);
  EXPECT_TRUE(replaced.happened());
}

TEST_F(PoolResize, AWriterGoesOnThroughSeveralInARow) {
  Pool writer = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  append_numbered(writer, 1);
  must(resize_pool(path_, {.size_bytes = 2 * kLarger}));
  const ReplacedWhileOpening replaced(path_, 3);
  append_numbered(writer, 1);
  EXPECT_TRUE(replaced.happened());
  EXPECT_EQ(read_all(writer).size(), 2u);
}

TEST_F(PoolResize, ADeletedPoolIsStillNotFound) {
  Pool writer = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  must(resize_pool(path_, {.size_bytes = kLarger}));
  append_numbered(writer, 1);
  Cursor cursor = must(writer.cursor(Start::newest()));
  must(Pool::remove(path_));
  must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));  // of that name, but another
  EXPECT_EQ(writer.append({.body = "{}"}).error().kind(), ErrorKind::NotFound);
  EXPECT_EQ(cursor.next().error().kind(), ErrorKind::NotFound);
}

// What is appended while the file is copied, up to the last instant, is in the new file.
TEST_F(PoolResize, LosesNothingThatIsAppendedMeanwhile) {
  for (const uint64_t size : {kLarger, kMinPoolBytes}) {
    SCOPED_TRACE(size);
    std::filesystem::remove(path_);
    number_ = 0;
    Pool pool = must(Pool::create(path_, {.size_bytes = 256 << 10}));
    append_numbered(pool, 1500);
    ScopedProbes probes;
    bool busy = false;  // our own appends; then under the lock, where nobody appends
    probes.reached = [&](Step step) {
      if ((step != Step::transfer_block && step != Step::resize_copied) || busy) return;
      busy = true;
      append_numbered(pool, 300);
      busy = step == Step::resize_copied;
    };
    must(resize_pool(path_, {.size_bytes = size, .retire = true}));
    probes.reached = nullptr;
    const auto records = read_all(must(Pool::open(path_)));
    EXPECT_EQ(records.back().seq, number_);
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_EQ(records[i].seq, records[0].seq + i);
      EXPECT_EQ(records[i].body, body_of(records[i].seq, 300));
    }
    EXPECT_TRUE(must(examine_pool(path_)).healthy());
  }
}

TEST_F(PoolResize, ADeathAtAnyStepLeavesOneOfTheTwoFiles) {
  for (const Step step : kResizeSteps) {
    SCOPED_TRACE(static_cast<int>(step));
    std::filesystem::remove(path_);
    number_ = 0;
    Pool pool = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
    append_numbered(pool, 30);
    Cursor cursor = must(pool.cursor(Start::newest()));
    Child resizer([&] {
      ScopedProbes probes;
      probes.reached = [&](Step reached) {
        if (reached == step) ::raise(SIGKILL);
      };
      (void)resize_pool(path_, {.size_bytes = kLarger});
      return 1;
    });
    ASSERT_EQ(resizer.wait(), kKilled);
    const uint64_t expected = step < Step::replace_renamed ? kMinPoolBytes : kLarger;
    EXPECT_EQ(std::filesystem::file_size(path_), expected);
    // Whoever has the old file open never appends to one that has lost its name.
    append_numbered(pool, 5);
    EXPECT_EQ(RawPool(path_).live().deleted, 0u) << "a mark that was left is taken back";
    const auto records = read_all(must(Pool::open(path_)));
    ASSERT_EQ(records.size(), 35u);
    for (size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i].body, body_of(i + 1, 300));
    EXPECT_EQ(read_to_end(cursor).records.size(), 5u);
    EXPECT_TRUE(must(examine_pool(path_)).healthy());
    must(resize_pool(path_, {.size_bytes = 2 * kLarger}));
    EXPECT_EQ(names(), std::set<std::string>{"p"}) << "what the dead one left is gone";
  }
}

TEST_F(PoolResize, AFailingCallLeavesTheOldFile) {
  for (const Call call : {Call::open, Call::fstat, Call::fallocate, Call::mmap, Call::flock,
                          Call::ofd_lock, Call::fdatasync, Call::rename, Call::pread}) {
    for (int n = 1;; ++n) {
      SCOPED_TRACE("call " + std::to_string(static_cast<int>(call)) + ", time " +
                   std::to_string(n));
      std::filesystem::remove(path_);
      number_ = 0;
      Pool pool = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
      append_numbered(pool, 30);
      Result<ResizeReport> resized;
      bool happened = false;
      {
        const FailNthCall failure(call, n, EIO);
        resized = resize_pool(path_, {.size_bytes = kLarger});
        happened = failure.happened();
      }
      append_numbered(pool, 1);
      EXPECT_EQ(read_all(must(Pool::open(path_))).size(), 31u);
      EXPECT_EQ(names(), std::set<std::string>{"p"});
      if (!happened) {
        EXPECT_TRUE(resized);
        break;
      }
      EXPECT_FALSE(resized);
      EXPECT_EQ(std::filesystem::file_size(path_), kMinPoolBytes);
      if (HasFailure() || n > 100) return;
    }
  }
}

// Writers and a reader in processes of their own while the pool is resized back and forth: every
// acknowledged record comes, once, in order.
TEST_F(PoolResize, UnderWritersAndAFollower) {
  constexpr uint64_t kRounds = 8;
  constexpr uint64_t kAtOnce = 500;  // records that a writer writes for one word of ours
  constexpr uint64_t kAll = 2 * kRounds * kAtOnce;
  must(Pool::create(path_, {.size_bytes = 4 * kLarger}));
  const Pipe go;
  std::vector<Child> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([&] {
      Pool pool = must(Pool::open(path_));
      for (uint64_t round = 0; round < kRounds; ++round) {
        go.receive();
        for (uint64_t n = 0; n < kAtOnce; ++n) must(pool.append({.body = body_of(n, 200)}));
      }
      return 0;
    });
  }
  Child follower([&] {
    const Pool pool = must(Pool::open(path_, {.access = Access::read}));
    Cursor cursor = must(pool.cursor(Start::at_seq(1)));
    uint64_t expected = 1;
    while (expected <= kAll) {
      if (!must(cursor.wait(steady_clock::now() + seconds(60)))) return 2;
      while (const auto message = must(cursor.next()))
        if (message->seq != expected++) return 3;
    }
    return 0;
  });
  for (uint64_t round = 0; round < kRounds; ++round) {
    go.send(1);
    go.send(1);
    must(resize_pool(path_, {.size_bytes = round % 2 ? 4 * kLarger : 8 * kLarger}));
  }
  for (Child& writer : writers) EXPECT_EQ(writer.wait(), 0);
  EXPECT_EQ(follower.wait(), 0);
  EXPECT_EQ(read_all(must(Pool::open(path_))).size(), kAll);
  EXPECT_TRUE(must(examine_pool(path_)).healthy());
}

}  // namespace
}  // namespace plasmite
