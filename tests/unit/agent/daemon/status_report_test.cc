#include "agent/daemon/status_report.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "core/record/json_pointer.h"
#include "tests/unit/agent/daemon/status_fixture.h"

namespace plasmite {
namespace {

namespace dom = simdjson::dom;

void expect_ascending(const dom::element& element) {
  if (element.is_array()) {
    for (const dom::element child : element.get_array()) expect_ascending(child);
  } else if (element.is_object()) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : element.get_object()) {
      keys.emplace_back(key);
      expect_ascending(value);
    }
    EXPECT_TRUE(std::ranges::is_sorted(keys)) << testing::PrintToString(keys);
  }
}

AgentStatus status_with_everything() {
  AgentStatus status = some_status();
  status.last_reload = ReloadStatus{.time_ns = kNowNs, .error = "no \"good\"\n"};
  const Error error =
      Error(ErrorKind::Io, "it broke").with_hint("Mend it.").with_path("/x").with_cause("why");
  status.sources[0].snapshot.state = SourceState::backing_off;
  status.sources[0].snapshot.next_start = status.now + std::chrono::milliseconds(1500);
  status.sources[0].snapshot.last_error = error;
  status.sources[0].snapshot.last_error_ns = kNowNs;
  status.sources[0].problem = error;
  status.pools[0].error = error;
  return status;
}

TEST(StatusReport, KeysAreInAscendingOrderEverywhere) {
  for (const AgentStatus& status : {AgentStatus{}, some_status(), status_with_everything()}) {
    dom::parser parser;
    dom::element document;
    ASSERT_EQ(parser.parse(status_as_json(status)).get(document), simdjson::SUCCESS);
    expect_ascending(document);
  }
}

TEST(StatusReport, IsOneLineWhateverIsInIt) {
  EXPECT_EQ(status_as_json(status_with_everything()).find('\n'), std::string::npos);
}

TEST(StatusReport, ReceivedIsTheSumOfItsParts) {
  const std::string json = status_as_json(some_status());
  const auto number = [&](const std::string& pointer) {
    return std::stoull(json_text_at(json, "/sources/0/" + pointer).value_or("0"));
  };
  const uint64_t parts = number("stored") + number("dropped/overflow") + number("rejected/parse") +
                         number("rejected/oversize") + number("rejected/refused") +
                         number("rejected/unreadable");
  EXPECT_EQ(number("received"), parts);
  EXPECT_EQ(parts, 1234567u + 3 + 10 + 20 + 30 + 40);
}

TEST(StatusReport, SaysWhatIsKnownAndNullForTheRest) {
  const std::string json = status_as_json(status_with_everything());
  const auto at = [&](const char* pointer) { return json_text_at(json, pointer).value_or("null"); };
  EXPECT_EQ(at("/agent/health"), "degraded");
  EXPECT_EQ(at("/agent/last_reload/error"), "no \"good\"\n");
  EXPECT_EQ(at("/agent/uptime_ms"), "7200000");
  EXPECT_EQ(at("/sources/0/next_start_ms"), "1500");
  EXPECT_EQ(at("/sources/0/last_error/message"), "it broke (/x): why");
  EXPECT_EQ(at("/sources/0/last_error/kind"), "Io");
  EXPECT_EQ(at("/sources/0/problem/hint"), "Mend it.");
  EXPECT_EQ(at("/sources/0/state_ms"), "5000");
  EXPECT_EQ(at("/sources/0/last_event_age_ms"), "3000");
  EXPECT_EQ(at("/sources/1/last_error"), "null");
  EXPECT_EQ(at("/sources/1/next_start_ms"), "null");
  EXPECT_EQ(at("/pools/0/records_per_s"), "12.3");
  EXPECT_EQ(at("/pools/0/oldest_seq"), "11");
  EXPECT_EQ(at("/rejects/kept"), "5");
}

TEST(StatusReport, LagIsTheAgeOfTheNewestRecordUntilTheSourceHasCaughtUp) {
  SourceSnapshot snapshot;
  EXPECT_EQ(lag_ms(snapshot, some_status()), 0);
  snapshot.caught_up = false;
  EXPECT_EQ(lag_ms(snapshot, some_status()), std::nullopt);
  snapshot.last_event_ns = kNowNs - 90 * kSecondNs;
  EXPECT_EQ(lag_ms(snapshot, some_status()), 90'000);
  snapshot.last_event_ns = kNowNs + kSecondNs;  // the source's clock is ahead of ours
  EXPECT_EQ(lag_ms(snapshot, some_status()), 0);
}

TEST(StatusReport, LagOfABlockedSourceIsAtLeastHowLongItWaits) {
  const AgentStatus status = some_status();
  SourceSnapshot snapshot;
  snapshot.state = SourceState::blocked;
  snapshot.caught_up = false;
  snapshot.pool_wait_since = status.now - std::chrono::seconds(20);
  EXPECT_EQ(lag_ms(snapshot, status), 20'000);
  snapshot.last_event_ns = kNowNs - 90 * kSecondNs;
  EXPECT_EQ(lag_ms(snapshot, status), 20'000) << "it had seen everything up to then";
  snapshot.was_behind = true;
  EXPECT_EQ(lag_ms(snapshot, status), 90'000);
  snapshot.last_event_ns = kNowNs - 3 * kSecondNs;
  EXPECT_EQ(lag_ms(snapshot, status), 20'000);
}

TEST(AssessHealth, ABlockedSourceIsNotToldWithAnErrorFromBefore) {
  AgentStatus status = some_status();
  SourceSnapshot& snapshot = status.sources[0].snapshot;
  snapshot.state = SourceState::blocked;
  snapshot.pool_wait_since = status.now;
  snapshot.last_error = Error(ErrorKind::Io, "from before");
  EXPECT_EQ(assess(status).problems.at(0), "source app waits for its pool p.");
  snapshot.pool_wait_has_error = true;
  EXPECT_EQ(assess(status).problems.at(0), "source app waits for its pool p: from before.");
}

TEST(AssessHealth, IsHealthyIfNothingIsWrong) {
  EXPECT_TRUE(assess(some_status()).healthy);
  EXPECT_TRUE(assess(some_status()).problems.empty());
}

TEST(AssessHealth, WaitingForTheNextStartAfterAGoodEndIsHealthy) {
  AgentStatus status = some_status();
  status.sources[1].snapshot.state = SourceState::backing_off;
  EXPECT_TRUE(assess(status).healthy);
  EXPECT_TRUE(assess(status).problems.empty());
}

TEST(AssessHealth, EachThingThatIsWrongIsOneSentenceAndDegrades) {
  std::vector<std::pair<const char*, AgentStatus>> wrong(8, {"", some_status()});
  const auto state = [](AgentStatus& status, SourceState is) {
    status.sources[1].snapshot.state = is;
    status.sources[1].snapshot.doubted_until = status.now;
  };
  state((wrong[0] = {"web waits for its pool p", some_status()}).second, SourceState::blocked);
  state((wrong[1] = {"web is down", some_status()}).second, SourceState::backing_off);
  state((wrong[2] = {"web has failed", some_status()}).second, SourceState::failed);
  (wrong[3] = {"web: no cable", some_status()}).second.sources[1].problem =
      Error(ErrorKind::Io, "no cable");
  (wrong[4] = {"pool p: no room", some_status()}).second.pools[0].error =
      Error(ErrorKind::Io, "no room");
  (wrong[5] = {"full", some_status()}).second.dir_problems = {"it is full"};
  (wrong[6] = {"last reload", some_status()}).second.last_reload = ReloadStatus{.error = "bad key"};
  wrong.pop_back();
  for (const auto& [words, status] : wrong) {
    const Health health = assess(status);
    EXPECT_FALSE(health.healthy) << words;
    ASSERT_EQ(health.problems.size(), 1u) << words;
    EXPECT_NE(health.problems[0].find(words), std::string::npos) << health.problems[0];
  }
}

TEST(AssessHealth, AnOldErrorAndAPoolOfAnotherSizeAreNoIllness) {
  AgentStatus status = some_status();
  status.sources[0].snapshot.last_error = Error(ErrorKind::Io, "long ago");
  status.sources[1].snapshot.state = SourceState::finished;
  status.last_reload = ReloadStatus{};
  status.pools[0].notes = {"pool p has 4M, declared are 8M."};
  EXPECT_TRUE(assess(status).healthy);
  EXPECT_EQ(assess(status).problems, std::vector<std::string>{"pool p has 4M, declared are 8M."});
}

}  // namespace
}  // namespace plasmite
