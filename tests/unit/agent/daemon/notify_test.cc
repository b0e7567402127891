#include "agent/daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>

#include "tests/support/scratch.h"

namespace plasmite {
namespace {

class NotifyTest : public testing::Test {
 protected:
  ~NotifyTest() override { ::unsetenv("NOTIFY_SOCKET"); }

  // `name` with an @ in front is one without a file.
  void listen(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    fd_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    ASSERT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  std::string received() {
    std::array<char, 512> text{};
    const ssize_t size = ::recv(fd_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<size_t>(size));
  }

  ScratchDir dir_;
  UniqueFd fd_;
};

TEST_F(NotifyTest, TellsTheServiceManagerBothKindsOfSockets) {
  for (const std::string& name : {(dir_ / "notify").string(), "@" + (dir_ / "abstract").string()}) {
    listen(name);
    Notifier notifier;
    notifier.ready();
    EXPECT_EQ(received(), "READY=1") << name;
    notifier.status("3 sources\nREADY=1");
    EXPECT_EQ(received(), "STATUS=3 sources READY=1") << "one line, whatever is in it";
    notifier.reloading();
    EXPECT_TRUE(received().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    notifier.stopping();
    EXPECT_EQ(received(), "STOPPING=1");
    notifier.alive();
    EXPECT_EQ(received(), "WATCHDOG=1");
  }
}

TEST_F(NotifyTest, ChildrenDoNotInheritTheSocket) {
  listen((dir_ / "notify").string());
  const Notifier notifier;
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
}

TEST_F(NotifyTest, WithoutAServiceManagerNothingHappens) {
  Notifier notifier;
  notifier.ready();
  EXPECT_FALSE(notifier.watchdog());
}

TEST_F(NotifyTest, TheWatchdogIsWantedIfTheManagerSaysSo) {
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  const Notifier notifier;
  EXPECT_EQ(notifier.watchdog(), std::chrono::seconds(2));
  EXPECT_EQ(std::getenv("WATCHDOG_USEC"), nullptr);
}

}  // namespace
}  // namespace plasmite
