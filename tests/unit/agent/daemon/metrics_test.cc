#include "agent/daemon/metrics.h"

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/unit/agent/daemon/status_fixture.h"

namespace plasmite {
namespace {

// As strict as Prometheus itself: every sample belongs to the family announced just before, no
// family and no sample comes twice.
struct Parsed {
  std::map<std::string, std::string> types;
  std::map<std::string, std::string> samples;  // "name{label="value"}" as written
};

Parsed parse(const std::string& text) {
  static const std::regex help(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) .+)");
  static const std::regex type(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge))");
  static const std::regex sample(
      R"re((([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*"(?:,[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*")*\})?) (\d+(?:\.\d+)?))re");
  Parsed parsed;
  std::string current;
  EXPECT_TRUE(text.ends_with('\n'));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      current = match[1];
      EXPECT_FALSE(parsed.types.contains(current)) << "twice: " << line;
    } else if (std::regex_match(line, match, type)) {
      EXPECT_EQ(match[1], current) << line;
      parsed.types[current] = match[2];
    } else if (std::regex_match(line, match, sample)) {
      EXPECT_EQ(match[2], current) << line;
      EXPECT_TRUE(parsed.samples.emplace(match[1], match[3]).second) << "twice: " << line;
    } else {
      ADD_FAILURE() << "no line of the format: " << line;
    }
  }
  return parsed;
}

Parsed parsed_metrics(const AgentStatus& status) {
  return parse(render_metrics(agent_metrics(status)));
}

TEST(Metrics, AreWellFormedWhateverTheNames) {
  AgentStatus status = some_status();
  status.sources[0].name = "a\"b\\c\nd";
  const Parsed parsed = parsed_metrics(status);
  EXPECT_EQ(parsed.samples.at(R"(plasmite_source_stored_total{source="a\"b\\c\nd",type="tap"})"),
            "1234567");
}

TEST(Metrics, SayWhatStatusSays) {
  const auto samples = parsed_metrics(some_status()).samples;
  EXPECT_EQ(samples.at("plasmite_agent_info{version=\"" PLASMITE_VERSION "\"}"), "1");
  EXPECT_EQ(samples.at("plasmite_agent_start_time_seconds"), "1799992800.000");
  EXPECT_EQ(samples.at(R"(plasmite_source_received_total{source="web",type="tap"})"), "1234670");
  EXPECT_EQ(
      samples.at(R"(plasmite_source_dropped_total{source="web",type="tap",reason="overflow"})"),
      "3");
  EXPECT_EQ(
      samples.at(R"(plasmite_source_rejected_total{source="web",type="tap",reason="oversize"})"),
      "20");
  EXPECT_EQ(samples.at(R"(plasmite_source_state{source="web",type="tap",state="running"})"), "1");
  EXPECT_EQ(samples.at(R"(plasmite_source_state{source="web",type="tap",state="failed"})"), "0");
  EXPECT_EQ(samples.at(R"(plasmite_source_last_event_timestamp_seconds{source="web",type="tap"})"),
            "1799999997.000");
  EXPECT_EQ(samples.at(R"(plasmite_pool_newest_seq{pool="p"})"), "110");
  EXPECT_EQ(samples.at("plasmite_rejects_lost_total"), "1");
}

TEST(Metrics, CountersEndInTotalAndGaugesDoNot) {
  for (const auto& [name, type] : parsed_metrics(some_status()).types)
    EXPECT_EQ(type == "counter", name.ends_with("_total")) << name;
}

TEST(Metrics, TheSetOfNamesAndLabelsIsFixed) {
  AgentStatus later = some_status();
  later.sources[0].snapshot = {};
  later.sources[0].snapshot.state = SourceState::failed;
  later.pools[0].error = Error(ErrorKind::Io, "x");
  std::set<std::string> names;
  for (const auto& [name, type] : parsed_metrics(later).types) names.insert(name);
  for (const auto& [name, type] : parsed_metrics(some_status()).types)
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(Metrics, WithoutAnythingThereIsStillTheAgent) {
  EXPECT_TRUE(parsed_metrics(AgentStatus{}).samples.contains("plasmite_agent_healthy"));
}

}  // namespace
}  // namespace plasmite
