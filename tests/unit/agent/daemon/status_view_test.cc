#include "agent/daemon/status_view.h"

#include <gtest/gtest.h>

#include <sstream>

#include "agent/output/terminal_text.h"
#include "tests/unit/agent/daemon/status_fixture.h"

namespace plasmite {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

TEST(StatusView, LongNamesAreShortenedUntilEveryRowFits) {
  AgentStatus status = some_status();
  status.sources[0].name = std::string(60, 's');
  status.sources[0].pool = status.pools[0].name = std::string(60, 'p');
  std::istringstream text(status_as_text(status, {.columns = 80}));
  std::string line;
  std::getline(text, line);  // has the path of the configuration
  bool is_shortened = false;
  while (std::getline(text, line)) {
    EXPECT_LE(display_width(line), 80u) << line;
    is_shortened |= line.starts_with("ssss") && line.contains("…");
  }
  EXPECT_TRUE(is_shortened);
}

TEST(StatusView, ShowsHealthThenSourcesThenPools) {
  EXPECT_EQ(status_as_text(some_status(), {}),
            "healthy   up 2h   pid 17   /etc/plasmite/agent.toml\n"
            "\n"
            "SOURCE  TYPE  STATE       STORED  LEFT OUT  LOST  LAST EVENT  POOL\n"
            "app     tap   running  1,234,567       103     7  3s ago      p\n"
            "web     tap   running  1,234,567       103     7  3s ago      p\n"
            "\n"
            "POOL  SIZE  USED  RECORDS  RATE  BYTES  OLDEST  NEWEST\n"
            "p       4M   25%      100  12/s   2K/s  1h ago  2s ago\n"
            "\n"
            "Rejected records: 5 kept in pool rejects, 1 lost\n");
}

TEST(StatusView, WhatIsWrongComesFirstAndFitsTheTerminal) {
  AgentStatus status = some_status();
  status.sources[0].snapshot.state = SourceState::backing_off;
  status.sources[0].snapshot.doubted_until = status.now;
  status.sources[0].snapshot.next_start = status.now + std::chrono::milliseconds(4200);
  status.sources[0].snapshot.last_error =
      Error(ErrorKind::Io, "the disk that all of this is kept on has no space left for anything")
          .with_hint("Free some, or have somebody else free some.");
  const std::string text = status_as_text(status, {.columns = 80});
  const auto lines = lines_of(text);
  EXPECT_TRUE(lines[0].starts_with("degraded "));
  EXPECT_TRUE(lines[1].starts_with("  ! source app is down")) << lines[1];
  EXPECT_NE(text.find("starts in 5s"), std::string::npos);
  for (const std::string& line : lines) EXPECT_LE(display_width(line), 80u) << line;
}

TEST(StatusView, WhatComesFromOutsideIsEscaped) {
  AgentStatus status = some_status();
  status.config = "/etc/\x1b[31m";
  status.sources[0].problem = Error(ErrorKind::Io, "bell \a");
  const std::string text = status_as_text(status, {});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\a'), std::string::npos);
}

TEST(StatusView, ColoursAreForThoseWhoWantThem) {
  EXPECT_NE(status_as_text(some_status(), {.color = true}).find("\x1b[32mhealthy"),
            std::string::npos);
  EXPECT_EQ(status_as_text(some_status(), {.color = false}).find('\x1b'), std::string::npos);
}

TEST(ReadableCount, IsExactAsLongAsThatIsShort) {
  EXPECT_EQ(readable_count(0), "0");
  EXPECT_EQ(readable_count(999), "999");
  EXPECT_EQ(readable_count(1000), "1,000");
  EXPECT_EQ(readable_count(9'999'999), "9,999,999");
  EXPECT_EQ(readable_count(10'000'000), "10.0M");
  EXPECT_EQ(readable_count(999'960'000), "1.0G");
  EXPECT_EQ(readable_count(UINT64_MAX), "18446.7P");
}

TEST(ReadableDuration, HasItsTwoLargestUnits) {
  using namespace std::chrono_literals;
  EXPECT_EQ(readable_duration(0ms), "0s");
  EXPECT_EQ(readable_duration(59'999ms), "59s");
  EXPECT_EQ(readable_duration(60s), "1m");
  EXPECT_EQ(readable_duration(3h + 12min + 5s), "3h 12m");
  EXPECT_EQ(readable_duration(49h), "2d 1h");
}

}  // namespace
}  // namespace plasmite
