#include <gtest/gtest.h>

#include "core/pool/record.h"

namespace plasmite {
namespace {

using Tags = std::vector<std::string>;

TEST(TagBlock, IsEmptyWithoutTags) {
  const auto block = TagBlock::encode({});
  ASSERT_TRUE(block);
  EXPECT_TRUE(block->empty());
  EXPECT_TRUE(TagsView(block->bytes()).empty());
}

TEST(TagBlock, StoresTheLengthOfTheRestAndEachTagBehindItsLength) {
  const auto block = TagBlock::encode({"ab", "", "c"});
  ASSERT_TRUE(block);
  EXPECT_EQ(block->bytes(), std::string_view("\x06\0\x02"
                                             "ab\0\x01"
                                             "c",
                                             8));
}

TEST(TagBlock, GivesBackWhatWasPutIn) {
  const Tags tags = {"b", "a", "b", std::string(255, 'x'), "", "\xC3\xA4"};
  const auto block = TagBlock::encode(tags);
  ASSERT_TRUE(block);
  const TagsView view(block->bytes());
  EXPECT_EQ(view.to_vector(), tags);
  EXPECT_TRUE(view.contains("\xC3\xA4"));
  EXPECT_FALSE(view.contains("c"));
}

TEST(TagBlock, TakesAsManyAsTheLimitsAllowAndNoMore) {
  EXPECT_TRUE(TagBlock::encode(Tags(64, "t")));
  EXPECT_TRUE(TagBlock::encode({std::string(255, 'x')}));
  // 2 + 15 * 256 + 1 + 253 = 4096
  Tags full(15, std::string(255, 'x'));
  full.push_back(std::string(253, 'x'));
  const auto block = TagBlock::encode(full);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->bytes().size(), kMaxTagBlockBytes);
  EXPECT_EQ(block->bytes().substr(0, 2), "\xFE\x0F");  // 4094
  EXPECT_EQ(TagsView(block->bytes()).to_vector(), full);

  full.back() += 'x';
  for (const Tags& tags : {Tags(65, "t"), Tags{std::string(256, 'x')}, full, Tags{"\xFF"}}) {
    const auto refused = TagBlock::encode(tags);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::Usage);
    EXPECT_NE(refused.error().hint(), "");
  }
}

TEST(TagsView, StopsAtALengthThatPointsOutside) {
  const std::string bytes(
      "\x07\0\x01"
      "a\x09"
      "bc",
      7);
  EXPECT_EQ(TagsView(bytes).to_vector(), Tags{"a"});
  EXPECT_EQ(TagsView(std::string_view("\x01\0\x01", 3)).to_vector(), Tags{});
}

}  // namespace
}  // namespace plasmite
