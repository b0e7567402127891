#include "agent/commands/tap_redact.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

using Words = std::vector<std::string>;

TEST(TapRedact, ValuesBehindAnEqualsSignAreHidden) {
  EXPECT_EQ(redact_words({"env", "A=b", "--user=ada", "x==", "=", "plain"}),
            (Words{"env", "A=***", "--user=***", "x=***", "=***", "plain"}));
}

TEST(TapRedact, TheWordAfterAFlagThatAnnouncesASecretIsHidden) {
  for (const char* flag : {"--token", "-token", "--password", "--secret", "--key", "--api-key",
                           "--db-password", "--API_KEY", "--Client-Secret"}) {
    EXPECT_EQ(redact_words({"run", flag, "hunter2", "more"}), (Words{"run", flag, "***", "more"}));
  }
}

TEST(TapRedact, OtherFlagsHideNothing) {
  for (const char* flag : {"--keyboard", "--monkey", "--token-file", "key", "token", "-", "--"})
    EXPECT_EQ(redact_words({"run", flag, "word"}), (Words{"run", flag, "word"}));
}

TEST(TapRedact, ASecretMayLookLikeAFlag) {
  EXPECT_EQ(redact_words({"run", "--token", "--key", "plain"}),
            (Words{"run", "--token", "***", "plain"}));
}

TEST(TapRedact, AFlagAtTheEndAnnouncesNothing) {
  EXPECT_EQ(redact_words({"run", "--token"}), (Words{"run", "--token"}));
  EXPECT_EQ(redact_words({}), Words{});
}

}  // namespace
}  // namespace plasmite
