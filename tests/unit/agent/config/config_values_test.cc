// What a good configuration becomes.
#include "tests/unit/agent/config/config_fixture.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class ConfigValues : public ConfigFixture {};

TEST_F(ConfigValues, AreDefaultsWhereNothingIsSaid) {
  const AgentConfig config = good(tap(""));
  EXPECT_EQ(config.pool_dir, "/var/lib/plasmite/pools");
  EXPECT_EQ(config.socket, "/run/plasmite/agent.sock");
  EXPECT_EQ(config.group, "");
  EXPECT_EQ(config.reject_pool, "");
  EXPECT_EQ(config.log_level, "info");
  EXPECT_EQ(config.drain_timeout, milliseconds(10000));
  ASSERT_EQ(config.pools.size(), 2u);
  EXPECT_EQ(config.pools[0], (PoolConfig{.name = "app", .size_bytes = 64u << 20}));
  ASSERT_EQ(config.sources.size(), 1u);
  const SourceConfig expected{.name = "s", .pool = "app", .kind = TapConfig{.command = {"make"}}};
  EXPECT_EQ(config.sources[0], expected);
  EXPECT_THAT(config.files, ElementsAre("agent.toml"));
  EXPECT_TRUE(warnings.empty());
}

TEST_F(ConfigValues, OfTheAgentAndOfPoolsAreTaken) {
  const AgentConfig config = good(
      "[agent]\npools = \"/srv/pools\"\nsocket = \"/run/a.sock\"\ngroup = "
      "\"plasmite\"\nreject_pool = \"r\"\n"
      "log_level = \"debug\"\ndrain_timeout = \"1500ms\"\n"
      "[pools.r]\nsize = 65536\n[pools.b]\nsize = \"2G\"\ndurability = \"flush\"\ngroup = "
      "\"plasmite\"\n");
  EXPECT_EQ(config.pool_dir, "/srv/pools");
  EXPECT_EQ(config.socket, "/run/a.sock");
  EXPECT_EQ(config.group, "plasmite");
  EXPECT_EQ(config.reject_pool, "r");
  EXPECT_EQ(config.log_level, "debug");
  EXPECT_EQ(config.drain_timeout, milliseconds(1500));
  EXPECT_THAT(config.pools, ElementsAre(PoolConfig{.name = "b",
                                                   .size_bytes = 2ull << 30,
                                                   .durability = Durability::flush,
                                                   .group = "plasmite"},
                                        PoolConfig{.name = "r", .size_bytes = 65536}));
}

TEST_F(ConfigValues, OfATapAreTaken) {
  secrets["/secret"] = {.value = "s3cret"};
  const AgentConfig config =
      good(tap("restart = \"always\"\nrestart_delay = \"2s\"\nmax_restart_delay = "
               "\"1m\"\ndirectory = \"/srv\"\n"
               "stop_signal = \"SIGINT\"\nstop_timeout = \"3s\"\ntags = [\"a\", \"b\"]\noverflow = "
               "\"drop\"\n"
               "errors = \"stop\"\nmax_record = \"2M\"\nenvironment = { B = \"2\", A = \"1\" }\n"
               "environment_from = { T = \"/secret\" }\n"));
  ASSERT_EQ(config.sources.size(), 1u);
  const SourceConfig& source = config.sources[0];
  EXPECT_THAT(source.tags, ElementsAre("a", "b"));
  EXPECT_EQ(source.overflow, Overflow::drop);
  EXPECT_EQ(source.on_bad_record, OnBadRecord::stop);
  EXPECT_EQ(source.max_record_bytes, 2u << 20);
  const auto& tap = std::get<TapConfig>(source.kind);
  EXPECT_EQ(tap.restart, TapConfig::Restart::always);
  EXPECT_EQ(tap.restart_delay, milliseconds(2000));
  EXPECT_EQ(tap.max_restart_delay, milliseconds(60000));
  EXPECT_EQ(tap.working_directory, "/srv");
  EXPECT_EQ(tap.stop_signal, SIGINT);
  EXPECT_EQ(tap.stop_timeout, milliseconds(3000));
  EXPECT_THAT(tap.environment, ElementsAre(Pair("B", "2"), Pair("A", "1"), Pair("T", "s3cret")));
}

TEST_F(ConfigValues, OfJournaldAreTaken) {
  const AgentConfig config =
      good(journald("directory = \"j\"\nunits = [\"ssh\"]\nidentifiers = [\"sudo\"]\npriority = "
                    "\"warning\"\nboot = \"current\"\n"
                    "matches = [\"_UID=0\", \"MESSAGE=a=b\"]\nstart = \"oldest\"\n"));
  const auto& journal = std::get<JournaldConfig>(config.sources.at(0).kind).journal;
  EXPECT_EQ(journal.place.kind, JournalPlace::Kind::directory);
  EXPECT_THAT(journal.place.paths, ElementsAre("/etc/plasmite/j"));
  EXPECT_THAT(journal.matches.units, ElementsAre("ssh"));
  EXPECT_THAT(journal.matches.identifiers, ElementsAre("sudo"));
  EXPECT_EQ(journal.matches.max_priority, 4);
  EXPECT_EQ(journal.matches.boot, "current");
  EXPECT_THAT(journal.matches.fields, ElementsAre(Pair("_UID", "0"), Pair("MESSAGE", "a=b")));
  EXPECT_EQ(journal.start.kind, JournalStart::Kind::oldest);
}

TEST_F(ConfigValues, OfJournaldPlacesAndPrioritiesMayBeWrittenInSeveralWays) {
  const auto journal = [&](const std::string& keys) {
    return std::get<JournaldConfig>(good(journald(keys)).sources.at(0).kind).journal;
  };
  EXPECT_EQ(journal("").place, JournalPlace{});
  EXPECT_EQ(journal("namespace = \"+app\"").place.name_space, "+app");
  EXPECT_THAT(journal("files = [\"/a.journal\", \"b.journal\"]").place.paths,
              ElementsAre("/a.journal", "/etc/plasmite/b.journal"));
  EXPECT_EQ(journal("priority = 0").matches.max_priority, 0);
  EXPECT_EQ(journal("priority = \"7\"").matches.max_priority, 7);
  EXPECT_EQ(journal("priority = \"err\"").matches.max_priority, 3);
  EXPECT_EQ(journal("boot = \"0123456789ABCDEF0123456789abcdef\"").matches.boot,
            "0123456789abcdef0123456789abcdef");
}

TEST_F(ConfigValues, OfSinceIsATimeThatStaysOrAnAgeThatStays) {
  const auto start = [&](const std::string& value) {
    return std::get<JournaldConfig>(good(journald("since = " + value)).sources.at(0).kind)
        .journal.start;
  };
  const JournalStart time = start("\"2026-05-04T10:11:12Z\"");
  EXPECT_EQ(time.kind, JournalStart::Kind::time);
  EXPECT_EQ(time.time_us, 1'777'889'472'000'000);
  EXPECT_EQ(start("2026-05-04T10:11:12Z"), time);  // TOML has times of its own
  const JournalStart age = start("\"1h30m\"");
  EXPECT_EQ(age.kind, JournalStart::Kind::age);
  EXPECT_EQ(age.age_us, 5'400'000'000);
  now_ns += 12'345'678'901;
  EXPECT_EQ(start("\"1h30m\""), age);
}

TEST_F(ConfigValues, OfStdinAreTheFramingsOfFeedAndText) {
  const auto framing = [&](const std::string& keys) {
    return std::get<StdinConfig>(good(input(keys)).sources.at(0).kind);
  };
  EXPECT_EQ(framing(""), (StdinConfig{.is_text = false, .framing = Framing::detect}));
  EXPECT_EQ(framing("framing = \"auto\""), framing(""));
  EXPECT_EQ(framing("framing = \"jsonl\"").framing, Framing::lines);
  EXPECT_EQ(framing("framing = \"json\"").framing, Framing::value);
  EXPECT_EQ(framing("framing = \"seq\"").framing, Framing::sequence);
  EXPECT_EQ(framing("framing = \"jq\"").framing, Framing::values);
  EXPECT_TRUE(framing("framing = \"text\"").is_text);
  EXPECT_EQ(good(input("framing = \"jsonl\"\noverflow = \"drop\"")).sources[0].overflow,
            Overflow::drop);
  EXPECT_EQ(good(input("framing = \"text\"\noverflow = \"drop\"")).sources[0].overflow,
            Overflow::drop);
}

TEST_F(ConfigValues, MayHaveVariablesInStringsAndArraysOfStrings) {
  variables = {{"NAME", "app"}, {"EMPTY", ""}, {"TOML", "\"]\n[x]"}};
  const AgentConfig config =
      good(tap("directory = \"/${NAME}/x\"\ntags = [\"${NAME}\", \"${EMPTY}.\", \"${NO:-d}\", "
               "\"${EMPTY:-e}\", \"$$\", \"$HOME\", \"$${NAME}\", \"${TOML}\"]\n"));
  EXPECT_THAT(config.sources.at(0).tags,
              ElementsAre("app", ".", "d", "e", "$", "$HOME", "${NAME}", "\"]\n[x]"));
  EXPECT_EQ(std::get<TapConfig>(config.sources[0].kind).working_directory, "/app/x");
}

TEST_F(ConfigValues, OfRelativePathsStartAtTheFolderOfTheMainFile) {
  const AgentConfig config =
      good("[agent]\npools = \"pools\"\nsocket = \"./run/../a.sock\"\n[pools.a]\n");
  EXPECT_EQ(config.pool_dir, "/etc/plasmite/pools");
  EXPECT_EQ(config.socket, "/etc/plasmite/a.sock");
}

TEST_F(ConfigValues, ComeFromSeveralFilesAndTheLastOneDecidesForTheAgent) {
  const Loaded config =
      parse({{"agent.toml", "[agent]\nlog_level = \"debug\"\ndrain_timeout = \"1s\"\n[pools.a]\n"},
             {"conf.d/1.toml", "[pools.b]\n[agent]\nlog_level = \"error\"\n"},
             {"conf.d/2.toml", "[sources.s]\ntype = \"tap\"\npool = \"a\"\ncommand = [\"x\"]\n"}});
  ASSERT_TRUE(config) << describe(config.error().at(0));
  EXPECT_EQ(config->log_level, "error");
  EXPECT_EQ(config->drain_timeout, milliseconds(1000));
  EXPECT_EQ(config->pools.size(), 2u);
  EXPECT_EQ(config->sources.size(), 1u);
  EXPECT_THAT(config->files, ElementsAre("agent.toml", "conf.d/1.toml", "conf.d/2.toml"));
}

TEST_F(ConfigValues, OfSecretsWithoutAPathAreLookedForAmongTheCredentials) {
  variables["CREDENTIALS_DIRECTORY"] = "/run/credentials/plasmite.service";
  secrets["/run/credentials/plasmite.service/token"] = {.value = "x"};
  const AgentConfig config = good(tap("environment_from = { T = \"token\" }"));
  EXPECT_THAT(std::get<TapConfig>(config.sources.at(0).kind).environment,
              ElementsAre(Pair("T", "x")));
}

TEST_F(ConfigValues, ThatAreOddAreWarnedOf) {
  const auto warning = [&](const std::string& text) {
    good(text);
    return warnings.size() == 1 ? describe(warnings[0])
                                : std::to_string(warnings.size()) + " warnings";
  };
  EXPECT_THAT(warning("[pools.a]\n"), HasSubstr("there are no sources"));
  EXPECT_THAT(warning(tap("directory = \"/nowhere\"")),
              HasSubstr("agent.toml:7: sources.s.directory"));
  EXPECT_THAT(
      warning(
          "[pools.a]\n[sources.s]\ntype = \"tap\"\npool = \"a\"\ncommand = [\"/bin/nothing\"]\n"),
      HasSubstr("no program '/bin/nothing'"));
  EXPECT_THAT(
      warning("[pools.a]\n[sources.s]\ntype = \"tap\"\npool = \"a\"\ncommand = [\"make -k\"]\n"),
      HasSubstr("no shell"));
  EXPECT_THAT(warning("[pools.a]\nsize = \"64K\"\n[sources.s]\ntype = \"tap\"\npool = "
                      "\"a\"\ncommand = [\"x\"]\n"),
              HasSubstr("takes no records above"));
  secrets["/secret"] = {.value = "x", .readable_by_all = true};
  EXPECT_THAT(warning(tap("stop_timeout = \"10s\"")),
              AllOf(HasSubstr("agent.toml:7: sources.s.stop_timeout"), HasSubstr("drain_timeout")));
  EXPECT_THAT(warning("[agent]\ndrain_timeout = \"3s\"\n" + tap("")),
              HasSubstr("agent.toml:5: sources.s.stop_timeout"))
      << "also the default";
  EXPECT_EQ(warning(tap("stop_timeout = \"9999ms\"")), "0 warnings");
  EXPECT_EQ(warning(tap("stop_timeout = \"1h\"\nstop_signal = \"KILL\"")), "0 warnings");
  EXPECT_THAT(warning(tap("environment_from = { T = \"/secret\" }")),
              HasSubstr("read by everybody"));
}

}  // namespace
}  // namespace plasmite
