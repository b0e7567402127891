#include "agent/suggestion.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

const std::vector<std::string> kCommands = {"help",  "feed", "follow", "tap",
                                            "fetch", "pool", "doctor"};
const std::vector<std::string> kOptions = {"--tail", "--tag", "--timeout", "--since", "--jsonl"};

TEST(NearestWord, FindsSlipsOfTheFinger) {
  EXPECT_EQ(nearest_word("fed", kCommands), "feed");
  EXPECT_EQ(nearest_word("feeed", kCommands), "feed");
  EXPECT_EQ(nearest_word("folow", kCommands), "follow");
  EXPECT_EQ(nearest_word("tpa", kCommands), "tap");
  EXPECT_EQ(nearest_word("flolow", kCommands), "follow");
  EXPECT_EQ(nearest_word("docter", kCommands), "doctor");
  EXPECT_EQ(nearest_word("--tial", kOptions), "--tail");
  EXPECT_EQ(nearest_word("--json", kOptions), "--jsonl");
}

TEST(NearestWord, FindsTheOnlyOneThatBeginsSo) {
  EXPECT_EQ(nearest_word("fol", kCommands), "follow");
  EXPECT_EQ(nearest_word("doc", kCommands), "doctor");
  EXPECT_EQ(nearest_word("--ti", kOptions), "--timeout");
  EXPECT_EQ(nearest_word("--t", kOptions), "");
  EXPECT_EQ(nearest_word("f", kCommands), "");
}

TEST(NearestWord, IsSilentRatherThanFarOff) {
  EXPECT_EQ(nearest_word("x", kCommands), "");
  EXPECT_EQ(nearest_word("", kCommands), "");
  EXPECT_EQ(nearest_word("cat", {"tap"}), "");
  EXPECT_EQ(nearest_word("--verbose", kOptions), "");
  EXPECT_EQ(nearest_word(std::string(100, 'f'), kCommands), "");
  EXPECT_EQ(nearest_word("x", {"y"}), "");
}

TEST(DidYouMean, AsksOnlyWhenThereIsSomething) {
  EXPECT_EQ(did_you_mean("feed"), "Did you mean `feed`? ");
  EXPECT_EQ(did_you_mean(""), "");
}

}  // namespace
}  // namespace plasmite
