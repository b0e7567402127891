// One owner, one close.
#include "core/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace plasmite {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, ClosesWhatItOwns) {
  const int number = open_null();
  {
    const UniqueFd fd(number);
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MovingHandsOverAndClosesWhatWasThere) {
  const int first = open_null();
  const int second = open_null();
  UniqueFd a(first);
  UniqueFd b(second);
  b = std::move(a);
  EXPECT_FALSE(is_open(second));
  EXPECT_TRUE(is_open(first));
  EXPECT_EQ(b.get(), first);
}

TEST(UniqueFd, ReleaseGivesTheDescriptorAway) {
  UniqueFd fd(open_null());
  const int number = fd.release();
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

}  // namespace
}  // namespace plasmite
