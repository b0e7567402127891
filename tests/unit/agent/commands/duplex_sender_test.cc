#include "agent/commands/duplex_sender.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

TEST(MessageOfLine, KeepsTheLineButItsEnd) {
  EXPECT_EQ(message_of_line("hello", "me"), R"({"from":"me","msg":"hello"})");
  EXPECT_EQ(message_of_line("  a  b \r\n", "me"), R"({"from":"me","msg":"  a  b "})");
  EXPECT_EQ(message_of_line("\"\\\t", "m\"e"), R"({"from":"m\"e","msg":"\"\\\t"})");
  EXPECT_EQ(message_of_line("\xff", "me"), "{\"from\":\"me\",\"msg\":\"\xef\xbf\xbd\"}");
}

TEST(MessageOfLine, ABlankLineIsNone) {
  for (const char* line : {"", "\n", "\r\n", "   ", " \t \n"})
    EXPECT_EQ(message_of_line(line, "me"), "");
}

}  // namespace
}  // namespace plasmite
