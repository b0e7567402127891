#include "agent/config/journal_values.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

TEST(JournalValues, PrioritiesAreNamesOrDigits) {
  EXPECT_EQ(parse_journal_priority("emerg"), 0);
  EXPECT_EQ(parse_journal_priority("err"), 3);
  EXPECT_EQ(parse_journal_priority("error"), 3);
  EXPECT_EQ(parse_journal_priority("warn"), 4);
  EXPECT_EQ(parse_journal_priority("debug"), 7);
  EXPECT_EQ(parse_journal_priority("0"), 0);
  EXPECT_EQ(parse_journal_priority("7"), 7);
  for (const char* wrong : {"", "8", "-1", "07", "Err", "loud", "err "})
    EXPECT_EQ(parse_journal_priority(wrong), std::nullopt) << wrong;
}

TEST(JournalValues, BootsAreTheCurrentOneOrAnId) {
  EXPECT_EQ(parse_journal_boot("current"), "current");
  const std::string id = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
  EXPECT_EQ(parse_journal_boot(id), id);
  EXPECT_EQ(parse_journal_boot("0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"), id);
  for (const char* wrong : {"", "last", "-1", "0f1e", "0f1e2d3c4b5a69788796a5b4c3d2e1fg"})
    EXPECT_EQ(parse_journal_boot(wrong), std::nullopt) << wrong;
}

TEST(JournalValues, MatchesAreAFieldAndAnyValue) {
  using Match = std::pair<std::string, std::string>;
  EXPECT_EQ(parse_journal_match("_UID=0"), Match("_UID", "0"));
  EXPECT_EQ(parse_journal_match("MESSAGE=a=b "), Match("MESSAGE", "a=b "));
  EXPECT_EQ(parse_journal_match("F="), Match("F", ""));
  EXPECT_TRUE(parse_journal_match(std::string(64, 'F') + "=x"));
  EXPECT_FALSE(parse_journal_match(std::string(65, 'F') + "=x"));
  for (const char* wrong : {"", "=", "=x", "_UID", "uid=0", "9F=x", "A B=x", "Ä=x"})
    EXPECT_FALSE(parse_journal_match(wrong)) << wrong;
}

TEST(JournalValues, NamespacesAndUnitsAreNames) {
  for (const char* good : {"one", "+one", "*"}) EXPECT_TRUE(is_journal_namespace(good)) << good;
  for (const char* wrong : {"", "+", "a/b"}) EXPECT_FALSE(is_journal_namespace(wrong)) << wrong;
  EXPECT_TRUE(is_journal_unit("nginx"));
  EXPECT_TRUE(is_journal_unit("user@1000.service"));
  for (const char* wrong : {"", "ssh*", "ssh?", "[a]", "/etc"})
    EXPECT_FALSE(is_journal_unit(wrong)) << wrong;
}

}  // namespace
}  // namespace plasmite
