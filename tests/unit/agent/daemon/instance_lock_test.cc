#include "agent/daemon/instance_lock.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/must.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

class InstanceLockTest : public testing::Test {
 protected:
  const ScratchDir dir_;
  const std::filesystem::path file_ = dir_ / "agent.toml";
};

TEST_F(InstanceLockTest, OneAgentHasAConfigurationAndTheOtherIsToldWhich) {
  const auto lock = must(InstanceLock::of_config(dir_.path(), file_));
  const auto refused = InstanceLock::of_config(dir_.path(), file_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Busy);
  EXPECT_EQ(refused.error().path(), file_.string());
  EXPECT_NE(refused.error().message().find("process " + std::to_string(::getpid())),
            std::string::npos);
}

TEST_F(InstanceLockTest, OneFileWithOtherPoolsIsAnotherConfiguration) {
  std::filesystem::create_directory(dir_ / "others");
  const auto lock = must(InstanceLock::of_config(dir_.path(), file_));
  EXPECT_TRUE(InstanceLock::of_config(dir_ / "others", file_));
  EXPECT_TRUE(InstanceLock::of_config(dir_.path(), dir_ / "other.toml"));
}

TEST_F(InstanceLockTest, EndsWithItsHolder) {
  {
    const auto lock = must(InstanceLock::of_config(dir_.path(), file_));
  }
  EXPECT_TRUE(InstanceLock::of_config(dir_.path(), file_));
}

TEST_F(InstanceLockTest, AFolderThatIsNotThereIsNotBusy) {
  const auto lock = InstanceLock::of_config(dir_ / "none", file_);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind(), ErrorKind::NotFound);
}

}  // namespace
}  // namespace plasmite
