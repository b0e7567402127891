#include "agent/daemon/find_socket.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/scratch.h"

namespace plasmite {
namespace {

std::string found_in(const std::string& text) {
  const ScratchDir dir;
  std::ofstream(dir / "agent.toml") << text;
  AgentRequest request;
  request.config = dir / "agent.toml";
  return find_agent_socket(request);
}

TEST(FindSocket, TheOptionWins) {
  AgentRequest request;
  request.config = "/nowhere";
  request.socket = "/x/y";
  EXPECT_EQ(find_agent_socket(request), "/x/y");
}

TEST(FindSocket, AConfigurationThatCannotRunStillSaysWhereTheAgentIs) {
  EXPECT_EQ(found_in("[agent]\nsocket = \"/a/b.sock\" # here\nbroken ="), "/a/b.sock");
  EXPECT_EQ(found_in("[agent\n  socket='/a b'\n"), "/a b");
}

TEST(FindSocket, ElseItIsTheDefault) {
  for (const char* text : {"", "broken", "sockets = \"/x\"\nbroken", "# socket = \"/x\"\nbroken",
                           "socket =\n", "socket = \"\"\nx"})
    EXPECT_EQ(found_in(text), "/run/plasmite/agent.sock") << text;
}

}  // namespace
}  // namespace plasmite
