#include "agent/intake/agent_hint.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

Error with_hint(std::string hint) {
  return Error(ErrorKind::Busy, "x").with_hint(std::move(hint));
}

TEST(AgentHint, NamesKeysOfTheConfigurationAndNoOptions) {
  for (const char* option : {"--lock-timeout", "--errors skip", "--max-record", "--name"}) {
    const Error error = with_agent_hint(with_hint("Try " + std::string(option) + "."));
    EXPECT_FALSE(error.hint().contains("--")) << error.hint();
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST(AgentHint, LeavesOtherHintsAlone) {
  EXPECT_EQ(with_agent_hint(with_hint("Free space.")).hint(), "Free space.");
}

}  // namespace
}  // namespace plasmite
