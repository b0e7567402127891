#include "agent/daemon/config_lock.h"

#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/must.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

class ConfigLockTest : public testing::Test {
 protected:
  ConfigLockTest() { write(file_); }
  static void write(const std::filesystem::path& file) { std::ofstream(file) << "[agent]\n"; }

  ScratchDir dir_;
  std::filesystem::path file_ = dir_ / "agent.toml";
};

TEST_F(ConfigLockTest, OneHasItAndTheOtherIsTold) {
  const auto lock = must(ConfigLock::acquire(file_));
  const auto refused = ConfigLock::acquire(file_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Busy);
  EXPECT_EQ(refused.error().path(), file_.string());
}

TEST_F(ConfigLockTest, AFileThatMayOnlyBeReadIsEnough) {
  std::filesystem::permissions(file_, std::filesystem::perms::owner_read);
  const auto lock = must(ConfigLock::acquire(file_));
  EXPECT_FALSE(ConfigLock::acquire(file_));
}

TEST_F(ConfigLockTest, EndsWithItsHolder) {
  {
    const auto lock = must(ConfigLock::acquire(file_));
  }
  EXPECT_TRUE(ConfigLock::acquire(file_));
}

TEST_F(ConfigLockTest, AFileThatWasReplacedIsAnother) {
  const auto lock = must(ConfigLock::acquire(file_));
  EXPECT_TRUE(lock.is_on(file_));
  write(dir_ / "new");
  std::filesystem::rename(dir_ / "new", file_);
  EXPECT_FALSE(lock.is_on(file_));
  EXPECT_TRUE(ConfigLock::acquire(file_));
}

}  // namespace
}  // namespace plasmite
