#include "agent/intake/agent_hint.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

Error with_hint(std::string hint) { return Error(ErrorKind::Busy, "x").with_hint(std::move(hint)); }

TEST(AgentHint, NamesKeysOfTheConfigurationAndNoOptions) {
  for (const char* hint : {"Wait longer with --lock-timeout.", "`--errors skip` leaves it out.",
                           "Raise the limit with --max-record, or split the record.",
                           "Free memory, or lower --max-record.", "Take another --name."}) {
    const Error error = with_agent_hint(with_hint(hint));
    EXPECT_FALSE(error.hint().contains("--")) << error.hint();
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST(AgentHint, DoesNotTurnIntoItsOpposite) {
  EXPECT_TRUE(with_agent_hint(with_hint("Free memory, or lower --max-record."))
                  .hint()
                  .contains("lower `max_record`"));
}

TEST(AgentHint, LeavesOtherHintsAlone) {
  EXPECT_EQ(with_agent_hint(with_hint("See --namespace.")).hint(), "See --namespace.");
  EXPECT_EQ(with_agent_hint(with_hint("Free space.")).hint(), "Free space.");
}

}  // namespace
}  // namespace plasmite
