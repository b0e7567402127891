#include "core/record/json_member.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

TEST(JsonMember, IsFoundWhereverItStands) {
  JsonMemberReader from("from");
  EXPECT_EQ(from.text(R"({"from":"me","msg":"x"})"), "me");
  EXPECT_EQ(from.text(R"({"a":{"from":"no"},"b":[{"from":"no"}],"from":"me"})"), "me");
  EXPECT_EQ(from.text(R"({"from":"\u006d\"e"})"), "m\"e");
  EXPECT_EQ(from.text(R"({"fr\u006fm":"me"})"), "me");
  EXPECT_EQ(from.text(R"({"from":"first","from":"last"})"), "last");
  EXPECT_EQ(from.text(R"({"n":1e400,"m":123456789012345678901234567890,"from":"me"})"), "me");
}

TEST(JsonMember, IsNotThereOrNoString) {
  JsonMemberReader from("from");
  for (const char* json :
       {"{}", R"({"from":7})", R"({"from":null})", R"({"x":"from"})", R"({"x":{"from":"me"}})",
        R"({"from":"me","from":{}})", R"({"from ":"me"})", R"({"x":"\\\"from\":"})"})
    EXPECT_EQ(from.text(json), std::nullopt) << json;
}

}  // namespace
}  // namespace plasmite
