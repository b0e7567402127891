#include "core/client/follower_position.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using Place = FollowerPosition::Place;

class FollowerPositionTest : public testing::Test {
 protected:
  FollowerPositionTest() { std::ofstream(pool_) << "no pool, nobody looks"; }

  std::filesystem::path file() const { return follower_file(pool_, "x"); }
  std::string content() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view text) const {
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << text;
  }
  FollowerPosition open() const { return FollowerPosition::open(pool_, "x").value(); }
  std::optional<uint64_t> stored_seq() const {
    const auto position = open();
    if (!position.place()) return std::nullopt;
    return position.place()->next_seq;
  }
  void save(uint64_t next_seq) const {
    ASSERT_TRUE(open().save({.pool_id = {1, 2, 0xab}, .next_seq = next_seq}));
  }

  ScratchDir dir_;
  std::filesystem::path pool_ = dir_ / "p.plasmite";
};

TEST_F(FollowerPositionTest, KeepsThePlaceThatWasSavedLast) {
  EXPECT_EQ(stored_seq(), std::nullopt);
  for (const uint64_t seq : {uint64_t{1}, uint64_t{7}, UINT64_MAX, uint64_t{3}}) {
    save(seq);
    const auto position = open();
    EXPECT_EQ(position.place(), (Place{.pool_id = {1, 2, 0xab}, .next_seq = seq}));
    EXPECT_FALSE(position.was_damaged());
  }
}

TEST_F(FollowerPositionTest, TheFileIsWhatTheSpecificationSays) {
  save(7);
  save(42);
  const std::string text = content();
  ASSERT_EQ(text.size(), 1024u);
  const std::string id = "0102ab00000000000000000000000000";
  EXPECT_TRUE(text.substr(0, 512).starts_with("plasmite-follower 1 " + id + " 2 42 ")) << text;
  EXPECT_TRUE(text.substr(512).starts_with("plasmite-follower 1 " + id + " 1 7 ")) << text;
  EXPECT_EQ(text.substr(0, 69), "plasmite-follower 1 " + id + " 2 42 951b6390   ");
  EXPECT_EQ(text[511], '\n');
  EXPECT_EQ(text[1023], '\n');
  struct stat status{};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(FollowerPositionTest, ATornLineLeavesTheOneBefore) {
  save(7);
  save(42);
  const std::string whole = content();
  for (size_t at = 0; at < 512; ++at) {
    std::string torn = whole;
    torn[at] = static_cast<char>(torn[at] ^ 1);
    write(torn);
    const auto position = open();
    ASSERT_TRUE(position.place()) << at;
    EXPECT_EQ(position.place()->next_seq, 7u) << at;
  }
}

TEST_F(FollowerPositionTest, ADamagedFileIsSaidSoAndCanBeUsedAgain) {
  save(7);
  const std::string whole = content();
  for (size_t size = 1; size < 512; size += 37) {
    write(whole.substr(0, size));
    EXPECT_TRUE(open().was_damaged()) << size;
  }
  write(std::string(1024, '\0'));
  EXPECT_TRUE(open().was_damaged());
  save(9);
  EXPECT_EQ(stored_seq(), 9u);
  write("");
  EXPECT_FALSE(open().was_damaged()) << "a name that has not begun";
  EXPECT_EQ(stored_seq(), std::nullopt);
}

TEST_F(FollowerPositionTest, ALaterVersionIsRefused) {
  save(7);
  std::string text = content();
  for (const size_t line : {0, 512})
    text[line + std::string_view("plasmite-follower ").size()] = '2';
  write(text);
  const auto position = FollowerPosition::open(pool_, "x");
  ASSERT_FALSE(position);
  EXPECT_EQ(position.error().kind(), ErrorKind::Usage);
  EXPECT_EQ(content(), text);
}

TEST_F(FollowerPositionTest, ANameHasOneHolder) {
  {
    const auto first = open();
    const auto second = FollowerPosition::open(pool_, "x");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind(), ErrorKind::Busy);
    EXPECT_TRUE(FollowerPosition::open(pool_, "y"));
    // Deleted with its pool: another one may begin, while the first still has its old file.
    std::filesystem::remove(file());
    EXPECT_TRUE(FollowerPosition::open(pool_, "x"));
  }
  EXPECT_TRUE(FollowerPosition::open(pool_, "x"));
}

TEST_F(FollowerPositionTest, FilesBelongToOnePoolAndOneName) {
  for (const char* name : {"x", "Mailer-2", "_"}) EXPECT_TRUE(FollowerPosition::open(pool_, name));
  std::ofstream(dir_ / "p.plasmite.a.b.follower") << "of the pool p.plasmite.a";
  std::ofstream(dir_ / "p.plasmite.follower") << "of the pool p, and a name";
  std::ofstream(dir_ / "p.plasmite..follower") << "of nobody";
  const auto files = follower_files(pool_);
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[2].filename(), "p.plasmite.x.follower");
  EXPECT_EQ(follower_files(dir_ / "p.plasmite.a").size(), 1u);
  std::filesystem::create_symlink(pool_, dir_ / "link");
  EXPECT_EQ(follower_file(dir_ / "link", "x"), file());
}

TEST_F(FollowerPositionTest, NamesArePlain) {
  for (const char* name : {"", ".", "a.b", "a/b", "a b", "é", "a\n"}) {
    EXPECT_FALSE(is_follower_name(name)) << name;
    EXPECT_EQ(FollowerPosition::open(pool_, name).error().kind(), ErrorKind::Usage);
  }
  EXPECT_TRUE(is_follower_name(std::string(64, 'x')));
  EXPECT_FALSE(is_follower_name(std::string(65, 'x')));
}

}  // namespace
}  // namespace plasmite
