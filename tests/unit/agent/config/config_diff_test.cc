#include "agent/config/config_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plasmite {
namespace {

using ::testing::ElementsAre;

AgentConfig base() {
  AgentConfig config;
  config.pool_dir = "/pools";
  config.socket = "/socket";
  config.pools = {{.name = "a"}, {.name = "b"}};
  config.sources = {{.name = "one", .pool = "a", .kind = JournaldConfig{}},
                    {.name = "three", .pool = "b", .kind = StdinConfig{}},
                    {.name = "two", .pool = "b", .kind = TapConfig{.command = {"x"}}}};
  return config;
}

TEST(ConfigDiff, IsEmptyForTheSameConfiguration) {
  AgentConfig other = base();
  other.files = {"/etc/elsewhere.toml"};
  EXPECT_TRUE(diff_configs(base(), other).empty());
}

TEST(ConfigDiff, NamesSourcesThatCameWentAndChanged) {
  AgentConfig after = base();
  after.sources[0].tags = {"new"};
  after.sources.erase(after.sources.begin() + 1);
  after.sources.push_back({.name = "zero", .pool = "a", .kind = JournaldConfig{}});
  const ConfigDiff diff = diff_configs(base(), after);
  EXPECT_EQ(diff, (ConfigDiff{.sources_added = {"zero"},
                              .sources_removed = {"three"},
                              .sources_changed = {"one"}}));
}

TEST(ConfigDiff, SeesEveryMemberOfASource) {
  const auto changed = [](auto change) {
    AgentConfig after = base();
    change(after.sources[2]);
    return diff_configs(base(), after).sources_changed == std::vector<std::string>{"two"};
  };
  EXPECT_TRUE(changed([](SourceConfig& source) { source.pool = "a"; }));
  EXPECT_TRUE(changed([](SourceConfig& source) { source.overflow = Overflow::drop; }));
  EXPECT_TRUE(changed([](SourceConfig& source) { source.on_bad_record = OnBadRecord::stop; }));
  EXPECT_TRUE(changed([](SourceConfig& source) { source.max_record_bytes = 4096; }));
  EXPECT_TRUE(changed([](SourceConfig& source) { source.kind = StdinConfig{}; }));
  EXPECT_TRUE(changed(
      [](SourceConfig& source) { std::get<TapConfig>(source.kind).environment = {{"A", "1"}}; }));
  EXPECT_TRUE(
      changed([](SourceConfig& source) { std::get<TapConfig>(source.kind).stop_signal = SIGINT; }));
}

TEST(ConfigDiff, NamesPoolsThatCameWentAndChanged) {
  AgentConfig after = base();
  after.pools[0].size_bytes *= 2;
  after.pools[1].name = "c";
  const ConfigDiff diff = diff_configs(base(), after);
  EXPECT_EQ(diff,
            (ConfigDiff{.pools_added = {"c"}, .pools_removed = {"b"}, .pools_changed = {"a"}}));
}

TEST(ConfigDiff, CountsSourcesAsChangedWhosePoolHasAnotherDurability) {
  AgentConfig after = base();
  after.pools[1].durability = Durability::flush;
  after.sources[1].tags = {"also"};
  const ConfigDiff diff = diff_configs(base(), after);
  EXPECT_THAT(diff.sources_changed, ElementsAre("three", "two"));
  EXPECT_THAT(diff.pools_changed, ElementsAre("b"));
}

TEST(ConfigDiff, TellsKeysThatNeedARestartFromThoseThatDoNot) {
  AgentConfig after = base();
  after.drain_timeout *= 2;
  after.log_level = "debug";
  after.reject_pool = "a";
  after.group = "g";
  after.pool_dir = "/elsewhere";
  after.socket = "/other";
  const ConfigDiff diff = diff_configs(base(), after);
  EXPECT_THAT(diff.agent_changed, ElementsAre("drain_timeout", "log_level", "reject_pool"));
  EXPECT_THAT(diff.agent_restart, ElementsAre("group", "pools", "socket"));
}

}  // namespace
}  // namespace plasmite
