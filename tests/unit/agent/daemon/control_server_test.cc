#include "agent/daemon/control_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

#include "agent/daemon/control_client.h"
#include "core/base/unique_fd.h"
#include "tests/support/must.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

class ControlServerTest : public testing::Test {
 protected:
  ~ControlServerTest() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  void start() {
    server_ = must(listen());
    thread_ = std::thread([this] { io_.run(); });
  }
  Result<std::unique_ptr<ControlServer>> listen() {
    return ControlServer::listen(io_, path_, "",
                                 [this](const std::string& request, ControlServer::Answer answer) {
                                   if (request == "later") {
                                     later_ = std::move(answer);
                                   } else {
                                     answer("you said " + request);
                                   }
                                 });
  }
  UniqueFd connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.native().size());
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static void send(const UniqueFd& fd, std::string_view text) {
    (void)!::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  // Until the other side closes.
  static std::string receive(const UniqueFd& fd) {
    std::string all;
    std::array<char, 4096> buffer;
    for (ssize_t size; (size = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0;)
      all.append(buffer.data(), static_cast<size_t>(size));
    return all;
  }
  std::string ask(const std::string& request) const {
    const auto reply = ask_agent(path_, request, std::chrono::seconds(60));
    return reply ? *reply : "error: " + reply.error().error.message();
  }

  ScratchDir dir_;
  std::filesystem::path path_ = dir_ / "agent.sock";
  boost::asio::io_context io_;
  std::unique_ptr<ControlServer> server_;
  ControlServer::Answer later_;
  std::thread thread_;
};

TEST_F(ControlServerTest, LeavesASocketAloneThatIsNotItsOwn) {
  auto first = must(listen());
  EXPECT_TRUE(first->is_at_its_path());
  std::filesystem::remove(path_);
  const auto second = must(listen());
  EXPECT_FALSE(first->is_at_its_path());
  first.reset();
  EXPECT_TRUE(second->is_at_its_path());
}

TEST_F(ControlServerTest, AnswersOneLineWithOneLine) {
  start();
  EXPECT_EQ(ask("hello"), "you said hello");
  EXPECT_EQ(ask(""), "you said ");
  EXPECT_EQ(ask(std::string("\0\xff", 2)), std::string("you said \0\xff", 11));
}

TEST_F(ControlServerTest, WhatComesBehindTheFirstLineIsIgnored) {
  start();
  const UniqueFd peer = connect();
  send(peer, "one\ntwo\n");
  EXPECT_EQ(receive(peer), "you said one\n");
}

TEST_F(ControlServerTest, ARequestMayComeInPieces) {
  start();
  const UniqueFd peer = connect();
  send(peer, "on");
  EXPECT_EQ(ask("other"), "you said other") << "nobody waits for it";
  send(peer, "e\n");
  EXPECT_EQ(receive(peer), "you said one\n");
}

TEST_F(ControlServerTest, ARequestWithoutAnEndIsCutOff) {
  start();
  const UniqueFd peer = connect();
  send(peer, std::string(100'000, 'x'));
  EXPECT_EQ(receive(peer), "");
  EXPECT_EQ(ask("other"), "you said other");
}

TEST_F(ControlServerTest, WhoSaysNothingIsSentAway) {
  start();
  const UniqueFd peer = connect();
  EXPECT_EQ(receive(peer), "");
}

TEST_F(ControlServerTest, AnyNumberOfSilentPeersKeepsNobodyOut) {
  start();
  std::vector<UniqueFd> peers;
  for (size_t n = 0; n < 3 * ControlServer::kMostConnections; ++n) peers.push_back(connect());
  EXPECT_EQ(ask("hello"), "you said hello");
}

TEST_F(ControlServerTest, AQueueThatStaysFullIsNotWaitedForForever) {
  server_ = must(listen());  // and nobody serves it
  std::vector<UniqueFd> peers;
  for (size_t n = 0; n <= ControlServer::kMostConnections; ++n) peers.push_back(connect());
  const auto reply = ask_agent(path_, "hello", std::chrono::milliseconds(20));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().error.kind(), ErrorKind::Busy);
}

TEST_F(ControlServerTest, AnAnswerMayComeLater) {
  start();
  const UniqueFd peer = connect();
  send(peer, "later\n");
  EXPECT_EQ(ask("other"), "you said other");
  std::atomic<bool> was_asked{false};
  while (!was_asked) {
    boost::asio::post(io_, [&] {
      if (later_) std::exchange(later_, nullptr)("at last"), was_asked = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(receive(peer), "at last\n");
}

TEST_F(ControlServerTest, TheSocketOfADeadAgentIsReplacedAndAFileIsNot) {
  {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.native().size());
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  start();
  EXPECT_EQ(ask("hello"), "you said hello");
  const auto second = listen();
  ASSERT_FALSE(second) << "somebody answers there";
  EXPECT_EQ(second.error().kind(), ErrorKind::Busy);
  path_ = dir_ / "file";
  std::ofstream(path_) << "precious";
  const auto third = listen();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind(), ErrorKind::AlreadyExists);
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(ControlServerTest, TheSocketIsForItsGroupAndGoesWithTheServer) {
  path_ = dir_ / "run" / "agent.sock";
  start();
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  ASSERT_EQ(::stat((dir_ / "run").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0750u);
  io_.stop();
  thread_.join();
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ControlServerTest, APathThatIsTooLongIsRefused) {
  path_ = dir_ / std::string(200, 'x');
  const auto server = listen();
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind(), ErrorKind::Usage);
}

TEST(ControlClient, SaysThatNoAgentRuns) {
  const ScratchDir dir;
  const auto reply = ask_agent(dir / "none.sock", "x", std::chrono::seconds(2));
  ASSERT_FALSE(reply);
  EXPECT_FALSE(reply.error().is_running);
}

}  // namespace
}  // namespace plasmite
