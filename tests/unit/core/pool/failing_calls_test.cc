// The first, the second, the third ... system call of each kind fails, until everything succeeds:
// each failure is an error of the right kind, leaves no file behind, and the pool works afterwards.
#include <gtest/gtest.h>

#include <set>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

constexpr Call kAllCalls[] = {Call::open,  Call::fstat,     Call::fallocate, Call::ftruncate,
                              Call::mmap,  Call::flock,     Call::ofd_lock,  Call::fdatasync,
                              Call::msync, Call::fsync_dir, Call::rename,    Call::unlink,
                              Call::pread, Call::write};

// Small windows, so that a few dozen records need several anchors.
constexpr CreateOptions kOptions{
    .size_bytes = kMinPoolBytes, .sync_window_bytes = 16384, .seq_window = 500};

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

class FailingCalls : public testing::Test {
 protected:
  // prepare(dir); then action(dir) with the nth call of each kind failing; then check(dir, error,
  // call) after each failure. Returns how often something failed.
  template <class Prepare, class Action, class Check>
  int fail_each(Prepare prepare, Action action, Check check) {
    int failures = 0;
    for (const Call call : kAllCalls) {
      for (int n = 1;; ++n) {
        SCOPED_TRACE("call " + std::to_string(static_cast<int>(call)) + ", time " +
                     std::to_string(n));
        const ScratchDir dir = ScratchDir::in_memory();
        prepare(dir);
        Result<void> result;
        bool happened = false;
        {
          const FailNthCall failure(call, n, EIO);
          result = action(dir);
          happened = failure.happened();
        }
        if (!happened) {
          EXPECT_TRUE(result) << result.error().message();
          break;
        }
        ++failures;
        if (!result) {
          EXPECT_EQ(result.error().kind(), ErrorKind::Io) << result.error().message();
          EXPECT_FALSE(result.error().causes().empty());
          EXPECT_FALSE(result.error().path().empty()) << result.error().message();
        }
        check(dir, result, call);
        if (HasFailure() || n > 1000) return failures;
      }
    }
    return failures;
  }

  static Result<void> without_value(auto&& result) {
    if (!result) return std::unexpected(std::move(result.error()));
    return {};
  }

  static void fill(Pool& pool, int records = 40) {
    for (int i = 0; i < records; ++i)
      must(pool.append({.body = body_of(static_cast<uint64_t>(i), 500)}));
  }
};

TEST_F(FailingCalls, CreateLeavesNothingBehind) {
  const int failures = fail_each(
      [](const ScratchDir&) {},
      [](const ScratchDir& dir) { return without_value(Pool::create(dir / "p", kOptions)); },
      [](const ScratchDir& dir, const Result<void>& result, Call) {
        EXPECT_FALSE(result);
        EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
        Pool pool = must(Pool::create(dir / "p", kOptions));
        fill(pool);
      });
  EXPECT_GE(failures, 7);
}

TEST_F(FailingCalls, OpenWithRecoveryMayBeTriedAgain) {
  const int failures = fail_each(
      [](const ScratchDir& dir) {
        Pool pool = must(Pool::create(dir / "p", kOptions));
        fill(pool);
        copy_as_after_restart(dir / "p", dir / "copy");
      },
      [](const ScratchDir& dir) { return without_value(Pool::open(dir / "copy")); },
      [](const ScratchDir& dir, const Result<void>& result, Call) {
        EXPECT_FALSE(result);
        EXPECT_EQ(names_in(dir.path()), (std::set<std::string>{"copy", "p"}));
        Pool pool = must(Pool::open(dir / "copy"));
        EXPECT_EQ(read_all(pool).back().seq, 40u);
        must(pool.append({.body = "{}"}, {.durability = Durability::flush}));
      });
  EXPECT_GE(failures, 7);
}

TEST_F(FailingCalls, OpenForReadingMayBeTriedAgain) {
  const int failures = fail_each(
      [](const ScratchDir& dir) {
        Pool pool = must(Pool::create(dir / "p", kOptions));
        fill(pool);
      },
      [](const ScratchDir& dir) {
        return without_value(Pool::open(dir / "p", {.access = Access::read}));
      },
      [](const ScratchDir& dir, const Result<void>& result, Call) {
        EXPECT_FALSE(result);
        EXPECT_EQ(read_all(must(Pool::open(dir / "p", {.access = Access::read}))).back().seq, 40u);
      });
  EXPECT_GE(failures, 5);
}

// Appends until something fails; what was acknowledged is there, whatever happened.
class FailingAppends : public FailingCalls {
 protected:
  Result<void> append_many(const ScratchDir& dir, Durability durability) {
    acknowledged_ = 0;
    auto pool = Pool::open(dir / "p");
    if (!pool) return std::unexpected(std::move(pool.error()));
    for (uint64_t i = 0; i < 60; ++i) {
      auto receipt = pool->append({.body = body_of(i, 500)}, {.durability = durability});
      if (!receipt) return std::unexpected(std::move(receipt.error()));
      acknowledged_ = receipt->first_seq;
    }
    return {};
  }

  void expect_kept(const ScratchDir& dir, Call call) const {
    Pool pool = must(Pool::open(dir / "p"));
    const auto records = read_all(pool);
    const uint64_t last = records.empty() ? 0 : records.back().seq;
    EXPECT_GE(last, acknowledged_);
    EXPECT_LE(last, acknowledged_ + 1) << "visible, but not known to be on disk";
    for (const ReadRecord& record : records) EXPECT_EQ(record.body, body_of(record.seq - 1, 500));
    must(pool.append({.body = "{}"}));
    EXPECT_TRUE(must(examine_pool(dir / "p")).healthy());
    const auto flushed = pool.append({.body = "{}"}, {.durability = Durability::flush});
    if (call == Call::fdatasync) {
      ASSERT_FALSE(flushed) << "the kernel may have dropped the pages: nothing can be promised";
      EXPECT_EQ(flushed.error().kind(), ErrorKind::Io);
      EXPECT_FALSE(flushed.error().hint().empty());
      EXPECT_FALSE(pool.flush());
      EXPECT_FALSE(must(Pool::open(dir / "p")).flush()) << "nor through another handle";
      EXPECT_FALSE(must(examine_pool(dir / "p")).warnings.empty());
    } else {
      EXPECT_TRUE(flushed);
    }
    copy_as_after_restart(dir / "p", dir / "copy");
    Pool copy = must(Pool::open(dir / "copy"));
    must(copy.append({.body = "{}"}, {.durability = Durability::flush}));
  }

  void expect_every_failure_harmless(Durability durability) {
    const int failures = fail_each(
        [](const ScratchDir& dir) { must(Pool::create(dir / "p", kOptions)); },
        [&](const ScratchDir& dir) { return append_many(dir, durability); },
        [&](const ScratchDir& dir, const Result<void>&, Call call) { expect_kept(dir, call); });
    EXPECT_GE(failures, 60);
  }

  uint64_t acknowledged_ = 0;
};

TEST_F(FailingAppends, FastOnesKeepWhatTheyAcknowledged) {
  expect_every_failure_harmless(Durability::fast);
}

TEST_F(FailingAppends, FlushedOnesKeepWhatTheyAcknowledged) {
  expect_every_failure_harmless(Durability::flush);
}

TEST_F(FailingCalls, RepairLeavesEitherTheOldOrTheNewPool) {
  const int failures = fail_each(
      [](const ScratchDir& dir) {
        Pool pool = must(Pool::create(dir / "p", kOptions));
        fill(pool);
        const RawPool raw(dir / "p");
        raw.flip(raw.file_offset(raw.position_of(20)) + 40);
      },
      [](const ScratchDir& dir) { return without_value(repair_pool(dir / "p")); },
      [](const ScratchDir& dir, const Result<void>& result, Call call) {
        EXPECT_FALSE(result);
        // After the rename only the directory can fail to sync: then the new pool is there already.
        const bool swapped = names_in(dir.path()) == std::set<std::string>{"p", "p.damaged"};
        if (!swapped) {
          EXPECT_EQ(names_in(dir.path()), std::set<std::string>{"p"});
        }
        EXPECT_EQ(must(examine_pool(dir / "p")).healthy(), swapped);
        if (swapped) {
          EXPECT_EQ(call, Call::fsync_dir);
        }
        must(repair_pool(dir / "p"));
        EXPECT_TRUE(must(examine_pool(dir / "p")).healthy());
        EXPECT_EQ(read_all(must(Pool::open(dir / "p"))).size(), 39u);
      });
  EXPECT_GE(failures, 12);
}

TEST_F(FailingCalls, RemoveKeepsThePoolUntilItIsGone) {
  const int failures = fail_each(
      [](const ScratchDir& dir) {
        Pool pool = must(Pool::create(dir / "p", kOptions));
        fill(pool);
      },
      [](const ScratchDir& dir) { return Pool::remove(dir / "p"); },
      [](const ScratchDir& dir, const Result<void>& result, Call) {
        EXPECT_FALSE(result);
        Pool pool = must(Pool::open(dir / "p"));
        EXPECT_EQ(read_all(pool).back().seq, 40u);
        must(pool.append({.body = "{}"}));
        must(Pool::remove(dir / "p"));
        EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
      });
  EXPECT_GE(failures, 6);
}

TEST_F(FailingCalls, TheRepairAfterADeathIsRetriedByTheNextWriter) {
  const ScratchDir dir = ScratchDir::in_memory();
  Pool pool = must(Pool::create(dir / "p", kOptions));
  const RawPool raw(dir / "p");
  raw.live().writing = 1;  // as if its writer had died with a frame at head
  std::memset(raw.base() + raw.file_offset(raw.live().head), 0x55, 32);
  {
    const FailNthCall failure(Call::fdatasync, 1, EIO);
    EXPECT_EQ(pool.append({.body = "{}"}).error().kind(), ErrorKind::Io);
    EXPECT_TRUE(failure.happened());
  }
  EXPECT_EQ(raw.live().writing, 1u);
  must(pool.append({.body = "{}"}));
  EXPECT_EQ(raw.live().writing, 0u);
}

TEST_F(FailingCalls, AFullDiskFailsCreationWithAHint) {
  const ScratchDir dir = ScratchDir::in_memory();
  const FailNthCall failure(Call::fallocate, 1, ENOSPC);
  const auto refused = Pool::create(dir / "p");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Io);
  EXPECT_FALSE(refused.error().hint().empty());
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST_F(FailingCalls, AFilesystemThatCannotReserveSpaceIsSaidSo) {
  const ScratchDir dir = ScratchDir::in_memory();
  {
    const FailNthCall failure(Call::fallocate, 1, EOPNOTSUPP);
    const Pool pool = must(Pool::create(dir / "p"));
    EXPECT_FALSE(must(pool.info()).space_allocated);
  }
  EXPECT_TRUE(must(must(Pool::create(dir / "q")).info()).space_allocated);
}

TEST_F(FailingCalls, RefusedPermissionsAreOfTheirOwnKind) {
  const ScratchDir dir = ScratchDir::in_memory();
  {
    const FailNthCall failure(Call::open, 1, EACCES);
    const auto refused = Pool::create(dir / "p");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::Permission);
    EXPECT_FALSE(refused.error().hint().empty());
  }
  must(Pool::create(dir / "p"));
  const FailNthCall failure(Call::open, 1, EACCES);
  EXPECT_EQ(Pool::open(dir / "p").error().kind(), ErrorKind::Permission);
}

TEST_F(FailingCalls, ADirectoryThatCannotBeSyncedIsNoReasonToFail) {
  const ScratchDir dir = ScratchDir::in_memory();
  const FailNthCall failure(Call::fsync_dir, 1, EINVAL);
  EXPECT_TRUE(Pool::create(dir / "p"));
}

TEST_F(FailingCalls, ASignalThatInterruptsThemIsNoFailure) {
  const ScratchDir dir = ScratchDir::in_memory();
  {
    const FailNthCall interrupted(Call::fallocate, 1, EINTR);
    must(Pool::create(dir / "p", kOptions));
    EXPECT_TRUE(interrupted.happened());
  }
  Pool pool = must(Pool::open(dir / "p"));
  {
    const FailNthCall interrupted(Call::fdatasync, 1, EINTR);
    must(pool.append({.body = "{}"}, {.durability = Durability::flush}));
    EXPECT_TRUE(interrupted.happened());
  }
  must(pool.append({.body = "{}"}, {.durability = Durability::flush}));
}

}  // namespace
}  // namespace plasmite
