#include "core/record/json_pointer.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

TEST(JsonTextAt, FindsScalarsAnywhere) {
  constexpr std::string_view kJson =
      R"({"a":{"b":[1.50,{"c":"x\ny"}]},"d":true,"e":null , "f": -7 })";
  EXPECT_EQ(json_text_at(kJson, "/a/b/0"), "1.50");
  EXPECT_EQ(json_text_at(kJson, "/a/b/1/c"), "x\ny");
  EXPECT_EQ(json_text_at(kJson, "/d"), "true");
  EXPECT_EQ(json_text_at(kJson, "/f"), "-7");
}

TEST(JsonTextAt, WhatIsNoScalarOrNotThereIsNone) {
  constexpr std::string_view kJson = R"({"a":{"b":[1]},"e":null})";
  for (const char* pointer : {"/a", "/a/b", "/e", "/x", "/a/b/7", "/a/x", "a", "//"})
    EXPECT_EQ(json_text_at(kJson, pointer), std::nullopt) << pointer;
}

TEST(JsonTextAt, AnyBytesAreHarmless) {
  for (const std::string_view json : {"", "{", "nonsense", "[[[[", "{\"a\"", "{\"a\":", "{\"a\":\"",
                                      "\xff\xfe", "{\"a\":\"\\ud800\"}"})
    EXPECT_EQ(json_text_at(json, "/a"), std::nullopt) << json;
}

}  // namespace
}  // namespace plasmite
