#include "agent/daemon/find_socket.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/scratch.h"

namespace plasmite {
namespace {

class FindSocket : public testing::Test {
 protected:
  FindSocket() { request_.config = dir_ / "agent.toml"; }

  void write(const std::string& file, const std::string& text) const {
    const std::filesystem::path path = dir_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  // The error's kind and message if there is none.
  std::string found() const {
    const auto socket = find_agent_socket(request_);
    if (socket) return *socket;
    EXPECT_NE(socket.error().hint(), "");
    EXPECT_NE(socket.error().path(), "");
    return std::string(error_kind_name(socket.error().kind())) + ": " + socket.error().message();
  }
  std::string found_in(const std::string& text) const {
    write("agent.toml", text);
    return found();
  }

  ScratchDir dir_;
  AgentRequest request_;
};

TEST_F(FindSocket, TheOptionWins) {
  request_.config = "/nowhere";
  request_.is_config_given = true;
  request_.socket = "/x/y";
  EXPECT_EQ(found(), "/x/y");
}

TEST_F(FindSocket, AConfigurationThatCannotRunStillSaysWhereTheAgentIs) {
  EXPECT_EQ(found_in("[agent]\nsocket = \"/a/b.sock\" # here\nbroken ="), "/a/b.sock");
  EXPECT_EQ(found_in("[agent\n  socket='/a b'\n"), "/a b");
}

TEST_F(FindSocket, ThereItMayBeRelativeAndHaveVariables) {
  ASSERT_EQ(::setenv("PLASMITE_TEST_RUN", "run", 1), 0);
  const std::string wanted = dir_ / "run/a.sock";
  EXPECT_EQ(found_in("[agent]\nsocket = \"run/a.sock\"\nx = \"${PLASMITE_TEST_UNSET}\""), wanted);
  EXPECT_EQ(found_in("[agent]\nsocket = \"${PLASMITE_TEST_RUN}/a.sock\"\nbroken ="), wanted);
  EXPECT_EQ(found_in("[agent]\nsocket = \"${PLASMITE_TEST_UNSET}/a.sock\""),
            "Usage: the agent's socket cannot be told: the environment variable "
            "PLASMITE_TEST_UNSET is not set");
}

TEST_F(FindSocket, TheLastFileHasTheLastWord) {
  write("conf.d/a.toml", "[agent]\nsocket = \"/a\"\n");
  write("conf.d/b.toml", "[agent]\nsocket = \"/b\"\n");
  write("conf.d/c.toml", "[pools.x]\n");
  EXPECT_EQ(found_in("[agent]\nsocket = \"/x\"\nunknown = 1\n"), "/b");
}

TEST_F(FindSocket, AConfigurationThatWasNamedIsNotPassedOver) {
  request_.is_config_given = true;
  EXPECT_EQ(found(), "NotFound: cannot read");
  EXPECT_EQ(found_in("broken"),
            "Usage: this is no TOML, and does not say where the agent's socket is");
  EXPECT_EQ(found_in("[agent]\nunknown = 1\n"), "/run/plasmite/agent.sock") << "it says so";
  std::filesystem::remove(request_.config);
  ASSERT_EQ(::mkfifo(request_.config.c_str(), 0600), 0);  // and nobody waits for a writer
  EXPECT_EQ(found(), "Usage: not a regular file");
}

TEST_F(FindSocket, ElseItIsTheDefault) {
  for (const char* text : {"", "broken", "sockets = \"/x\"\nbroken", "# socket = \"/x\"\nbroken",
                           "socket =\n", "socket = \"\"\nx"})
    EXPECT_EQ(found_in(text), "/run/plasmite/agent.sock") << text;
}

}  // namespace
}  // namespace plasmite
