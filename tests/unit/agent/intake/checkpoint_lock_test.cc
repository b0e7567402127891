#include "agent/intake/checkpoint_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "core/pool/pool_resize.h"
#include "tests/support/must.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

class CheckpointLockTest : public testing::Test {
 protected:
  ScratchDir dir_;
  std::filesystem::path path_ = dir_.path() / "p.plasmite";
  Pool pool_ = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
};

TEST_F(CheckpointLockTest, OneHolderPerNameAndPool) {
  const auto held = must(CheckpointLock::take(pool_, "journald"));
  const Pool same = must(Pool::open(path_));
  const auto second = CheckpointLock::take(same, "journald");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::Busy);
  EXPECT_NE(second.error().message().find("'journald'"), std::string::npos);
  EXPECT_NE(second.error().hint().find("--name"), std::string::npos);
  EXPECT_TRUE(CheckpointLock::take(same, "another"));
  const Pool other = must(Pool::create(dir_.path() / "q.plasmite", {.size_bytes = kMinPoolBytes}));
  EXPECT_TRUE(CheckpointLock::take(other, "journald"));
}

TEST_F(CheckpointLockTest, WhoeverLetsGoMakesRoom) {
  std::optional<CheckpointLock> held(must(CheckpointLock::take(pool_, "journald")));
  held.reset();
  EXPECT_TRUE(CheckpointLock::take(pool_, "journald"));
}

TEST_F(CheckpointLockTest, KnowsThatThePoolIsAnotherFile) {
  const auto held = must(CheckpointLock::take(pool_, "journald"));
  EXPECT_TRUE(held.is_on(pool_));
  must(Pool::remove(path_));
  const Pool anew = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  EXPECT_FALSE(held.is_on(anew));
  EXPECT_TRUE(CheckpointLock::take(anew, "journald"));
}

TEST_F(CheckpointLockTest, AppendsGoOn) {
  const auto held = must(CheckpointLock::take(pool_, "journald"));
  EXPECT_TRUE(pool_.append({.body = R"({"n":1})"}));
}

}  // namespace
}  // namespace plasmite
