#include "agent/intake/reject_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <semaphore>
#include <thread>

#include "tests/unit/agent/intake/source_fixture.h"

namespace plasmite {
namespace {

using testing::ElementsAre;

class RejectPoolTest : public SourceTest {};

TEST_F(RejectPoolTest, KeepsTheRawTextWithTheReasonAndTheSource) {
  rejects_.keep("web", RejectReason::parse, "{\"a\":\n");
  rejects_.keep("db", RejectReason::unreadable, "\xff\x01");
  const auto records = records_of(rejects_path_);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].body,
            R"({"kind":"reject","raw":"{\"a\":\n","reason":"parse","source":"web"})");
  EXPECT_THAT(records[0].tags, ElementsAre("lifecycle"));
  EXPECT_EQ(records[1].body,
            R"({"kind":"reject","raw_base64":"/wE=","reason":"unreadable","source":"db"})");
  EXPECT_EQ(rejects_.kept(), 2u);
  EXPECT_EQ(rejects_.lost(), 0u);
}

TEST_F(RejectPoolTest, CutsToWhatThePoolTakesBetweenCharactersAndSaysHowMuchIsMissing) {
  const size_t limit = kMinPoolBytes / 4;
  std::string euros;
  for (size_t i = 0; i < limit; ++i) euros += "€";
  for (const std::string& raw :
       {std::string(2 * limit, 'x'), std::string(2 * limit, '\x01'), std::string(limit, '\xff'),
        euros, std::string(limit / 2, 'x') + std::string(limit, '\x01')}) {
    rejects_.keep("web", RejectReason::oversize, raw);
    const std::string body = records_of(rejects_path_).back().body;
    EXPECT_GT(body.size(), limit / 3) << "as much as fits, roughly";
    EXPECT_NE(body.find(R"("source":"web","truncated_bytes":)"), std::string::npos);
    EXPECT_EQ(body.find("\xEF\xBF\xBD"), std::string::npos) << "no character was cut";
  }
  EXPECT_EQ(rejects_.kept(), 5u);
}

TEST_F(RejectPoolTest, APoolThatVanishedIsMadeAgain) {
  rejects_.keep("web", RejectReason::parse, "a");
  must(Pool::remove(rejects_path_));
  rejects_.keep("web", RejectReason::parse, "b");
  EXPECT_EQ(rejects_.kept(), 2u);
  EXPECT_EQ(rejects_.lost(), 0u);
  EXPECT_EQ(bodies_of(rejects_path_).size(), 1u);
}

// The status is told while a source waits for the pool.
TEST_F(RejectPoolTest, TheCountsAreThereWhileAnAppendWaits) {
  std::binary_semaphore opening{0}, may_open{0};
  RejectPool rejects([&]() -> Result<std::shared_ptr<Pool>> {
    opening.release();
    may_open.acquire();
    return std::unexpected(Error(ErrorKind::Io, "no"));
  });
  std::jthread source([&] { rejects.keep("web", RejectReason::parse, "a"); });
  opening.acquire();
  EXPECT_EQ(rejects.kept(), 0u);
  EXPECT_EQ(rejects.lost(), 0u);
  may_open.release();
  source.join();
  EXPECT_EQ(rejects.lost(), 1u);
}

TEST_F(RejectPoolTest, ALockedPoolLosesThemUntilItIsFree) {
  rejects_.keep("web", RejectReason::parse, "a");
  HeldLock lock(rejects_path_);
  for (int i = 0; i < 100; ++i) rejects_.keep("web", RejectReason::parse, "b");
  EXPECT_EQ(rejects_.lost(), 100u);
  lock.release();
  eventually([&] {
    rejects_.keep("web", RejectReason::parse, "c");
    return rejects_.kept() == 2;
  });
}

TEST_F(RejectPoolTest, AFolderThatIsNotThereIsALossAndNoMore) {
  int asked = 0;
  RejectPool rejects([&]() -> Result<std::shared_ptr<Pool>> {
    ++asked;
    return open_pool(dir_ / "no" / "pool", kMinPoolBytes);
  });
  for (int i = 0; i < 10; ++i) rejects.keep("web", RejectReason::parse, "a");
  EXPECT_EQ(rejects.lost(), 10u);
  EXPECT_EQ(asked, 1) << "nobody waits again so soon";
}

TEST_F(RejectPoolTest, ManySourcesUseItAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([this] {
      for (int n = 0; n < 50; ++n) rejects_.keep("web", RejectReason::refused, "{}");
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(rejects_.kept(), 200u);
  EXPECT_EQ(bodies_of(rejects_path_).size(), 200u);
}

}  // namespace
}  // namespace plasmite
