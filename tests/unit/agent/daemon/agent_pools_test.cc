#include "agent/daemon/agent_pools.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "core/pool/pool_resize.h"
#include "tests/support/child.h"
#include "tests/support/must.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

using std::chrono::seconds;

class AgentPoolsTest : public testing::Test {
 protected:
  AgentPoolsTest() { pools_.declare({{.name = "p", .size_bytes = 256 << 10}}); }

  std::filesystem::path path() const { return dir_ / "pools" / "p.plasmite"; }
  void store(Pool& pool, int records) {
    for (int n = 0; n < records; ++n) must(pool.append({.body = R"({"n":1})"}));
  }

  ScratchDir dir_;
  AgentPools pools_{dir_ / "pools", ""};
  AgentPools::Clock::time_point now_ = AgentPools::Clock::now();
};

TEST_F(AgentPoolsTest, OneIsMadeAsDeclaredAndSharedByAll) {
  const auto pool = must(pools_.open("p"));
  EXPECT_EQ(must(pool->info()).file_size, 256u << 10);
  EXPECT_EQ(must(pools_.open("p")), pool);
}

TEST_F(AgentPoolsTest, OneThatNobodyDeclaredIsNotFound) {
  const auto pool = pools_.open("q");
  ASSERT_FALSE(pool);
  EXPECT_EQ(pool.error().kind(), ErrorKind::NotFound);
}

TEST_F(AgentPoolsTest, OneThatWasDeletedIsMadeAgain) {
  const auto first = must(pools_.open("p"));
  must(Pool::remove(path()));
  const auto second = must(pools_.open("p"));
  EXPECT_NE(first, second);
  std::filesystem::remove(path());
  EXPECT_NE(must(pools_.open("p")), second);
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(AgentPoolsTest, OneThatWasResizedMeanwhileIsTheSame) {
  const auto pool = must(pools_.open("p"));
  must(resize_pool(path(), {.size_bytes = 512 << 10}));
  EXPECT_EQ(must(pools_.open("p")), pool);
  const auto statuses = pools_.statuses(now_);
  EXPECT_EQ(statuses[0].size_bytes, 512u << 10);
}

TEST_F(AgentPoolsTest, AnotherSizeThanDeclaredIsKeptAndToldWithTheCommandThatChangesIt) {
  std::filesystem::create_directory(dir_ / "pools");
  (void)must(Pool::create(path(), {.size_bytes = 1 << 20}));
  (void)must(pools_.open("p"));
  const auto statuses = pools_.statuses(now_);
  EXPECT_EQ(statuses[0].size_bytes, 1u << 20);
  ASSERT_EQ(statuses[0].notes.size(), 1u);
  EXPECT_NE(statuses[0].notes[0].find("pool resize p 256K`"), std::string::npos)
      << statuses[0].notes[0];
  EXPECT_FALSE(statuses[0].error);
}

TEST_F(AgentPoolsTest, WhatKeepsItFromBeingMadeIsInItsStatusUntilItIsOver) {
  std::ofstream(dir_ / "pools").put('x');  // a file in the place of the folder
  EXPECT_FALSE(pools_.open("p"));
  EXPECT_TRUE(pools_.statuses(now_)[0].error);
  std::filesystem::remove(dir_ / "pools");
  (void)must(pools_.open("p"));
  EXPECT_FALSE(pools_.statuses(now_)[0].error);
}

TEST_F(AgentPoolsTest, AFileThatIsGoneShowsInTheStatus) {
  (void)must(pools_.open("p"));
  std::filesystem::remove(path());
  const auto statuses = pools_.statuses(now_);
  ASSERT_TRUE(statuses[0].error);
  EXPECT_EQ(statuses[0].error->kind(), ErrorKind::NotFound);
}

TEST_F(AgentPoolsTest, RatesAreOfTheTimeSinceTheLastLook) {
  const auto pool = must(pools_.open("p"));
  (void)pools_.statuses(now_ + seconds(100));
  store(*pool, 50);
  auto status = pools_.statuses(now_ + seconds(110))[0];
  EXPECT_DOUBLE_EQ(status.records_per_s, 5);
  EXPECT_GT(status.bytes_per_s, 5 * 7);
  store(*pool, 50);
  status = pools_.statuses(now_ + seconds(110))[0];
  EXPECT_DOUBLE_EQ(status.records_per_s, 5) << "too soon for a new one";
  status = pools_.statuses(now_ + seconds(120))[0];
  EXPECT_DOUBLE_EQ(status.records_per_s, 5);
  status = pools_.statuses(now_ + seconds(130))[0];
  EXPECT_DOUBLE_EQ(status.records_per_s, 0);
}

TEST_F(AgentPoolsTest, AGroupThatIsNotThereIsAnErrorOfThePoolThatCanBeUsedAllTheSame) {
  pools_.declare({{.name = "p", .group = "no-such-group-here"}});
  (void)must(pools_.open("p"));
  const auto statuses = pools_.statuses(now_);
  ASSERT_TRUE(statuses[0].error);
  EXPECT_NE(statuses[0].error->message().find("no-such-group-here"), std::string::npos);
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
}

// Whoever runs this is a member of other groups than its own only if it is root.
class AgentPoolsGroups : public AgentPoolsTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  }
  mode_t mode(const std::filesystem::path& file) const {
    struct stat status{};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
};

TEST_F(AgentPoolsGroups, OneThatIsDeclaredLaterIsToldWithTheCommandsThatLetItIn) {
  (void)must(pools_.open("p"));
  EXPECT_TRUE(pools_.statuses(now_)[0].notes.empty());
  pools_.declare({{.name = "p", .size_bytes = 256 << 10, .group = "daemon"}});
  const auto notes = pools_.statuses(now_)[0].notes;
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_NE(notes[0].find("`chgrp daemon " + path().string()), std::string::npos) << notes[0];
  EXPECT_NE(notes[1].find("`chmod o+x " + path().parent_path().string()), std::string::npos);
  const auto advised = [](const std::string& note) {
    const size_t begin = note.find('`') + 1;
    return note.substr(begin, note.find('`', begin) - begin);
  };
  for (const std::string& note : notes) ASSERT_EQ(std::system(advised(note).c_str()), 0);
  EXPECT_TRUE(pools_.statuses(now_)[0].notes.empty());
}

TEST_F(AgentPoolsGroups, EachOfSeveralCanReadItsPoolAndNoOther) {
  pools_.declare({{.name = "p", .size_bytes = 256 << 10, .group = "daemon"},
                  {.name = "q", .size_bytes = 256 << 10, .group = "bin"}});
  (void)must(pools_.open("p"));
  (void)must(pools_.open("q"));
  for (const PoolStatus& status : pools_.statuses(now_)) {
    EXPECT_TRUE(status.notes.empty());
    EXPECT_EQ(mode(status.path), 0640u);
  }
  EXPECT_EQ(mode(path().parent_path()), 02751u);
}

TEST_F(AgentPoolsGroups, OneThatNothingMayBeGivenToIsTheTroubleOfItsPoolOnly) {
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0777), 0);
  Child child([&] {
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) return 1;
    pools_.declare({{.name = "p", .size_bytes = 256 << 10},
                    {.name = "q", .size_bytes = 256 << 10, .group = "daemon"}});
    if (!pools_.open("p") || !pools_.open("q")) return 2;
    const auto statuses = pools_.statuses(now_);
    return !statuses[0].error && statuses[1].error ? 0 : 3;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(AgentPoolsTest, ADirectoryThatCanBeWrittenHasNoProblems) {
  EXPECT_TRUE(pools_.dir_problems().empty()) << "not made yet";
  (void)must(pools_.open("p"));
  EXPECT_TRUE(pools_.dir_problems().empty());
}

}  // namespace
}  // namespace plasmite
