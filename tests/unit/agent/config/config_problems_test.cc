// What is wrong in a file: each kind of problem with its line, its key and a fix.
#include "tests/unit/agent/config/config_fixture.h"

namespace plasmite {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ConfigProblems : public ConfigFixture {};

TEST_F(ConfigProblems, OfTomlAreReportedWithTheirLine) {
  expect_problem("[agent]\n\nlog_level = \"info\n", 3, "", "no TOML");
  expect_problem("[pools.a]\n[pools.a]\n", 2, "", "no TOML");
  expect_problem("[pools.a]\nsize = \"1M\"\nsize = \"1M\"\n", 3, "", "no TOML");
  expect_problem(std::string("a = \"\0\"\n", 9), 1, "", "no TOML");
  expect_problem("a = \"\xff\"\n", 1, "", "no TOML");
}

TEST_F(ConfigProblems, OfDepthAreFoundBeforeTheParserSeesThem) {
  std::string dots = "\nx";
  for (int i = 0; i < 100'000; ++i) dots += ".x";
  expect_problem(dots + " = 1\n", 2, "", "too deep");
  expect_problem("a = " + std::string(100'000, '['), 1, "", "too deep");
  good("[pools.a] # . . . . . . . . . . . . . . . . . . . . . . . [[[[[[[[[[[[[[[[[[[[[[[[\n");
  good(tap("tags = [\"................................\", '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[']"));
  good(tap("tags = [\"\"\"\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"\"\"\"\"\"]\n"));
}

TEST_F(ConfigProblems, OfUnknownKeysSayWhatWasMeant) {
  expect_problem("[agnet]\n", 1, "agnet", "unknown key");
  expect_problem("[agent]\nlog_levle = \"info\"\n", 2, "agent.log_levle", "unknown key");
  EXPECT_THAT(bad("[agent]\nlog_levle = \"info\"\n").at(0).fix, HasSubstr("`log_level`"));
  expect_problem("[pools.a]\nsice = \"1M\"\n", 2, "pools.a.sice", "unknown key");
  expect_problem(tap("units = [\"a\"]\n"), 7, "sources.s.units", "unknown key");
  EXPECT_THAT(bad(tap("units = [\"a\"]\n")).at(0).fix, HasSubstr("journald"));
  expect_problem("[pools.a]\n\"b c\" = 1\n", 2, "pools.a.\"b c\"", "unknown key");
}

TEST_F(ConfigProblems, OfTypesNameTheRightOne) {
  expect_problem("[agent]\npools = 1\n", 2, "agent.pools", "must be a string, not a whole number");
  expect_problem("[agent]\nlog_level = true\n", 2, "agent.log_level",
                 "must be a string, not a boolean");
  expect_problem("agent = 1\n", 1, "agent", "must be a table");
  expect_problem("pools = [1]\n", 1, "pools", "must be a table");
  expect_problem("[pools]\na = 1\n", 2, "pools.a", "must be a table");
  expect_problem("[pools.a]\nsize = 1.5\n", 2, "pools.a.size", "must be a string, not a number");
  expect_problem(tap("tags = \"a\"\n"), 7, "sources.s.tags", "must be an array of strings");
  expect_problem(tap("tags = [\n\"a\",\n1]\n"), 9, "sources.s.tags",
                 "must be a string, not a whole number");
  expect_problem(tap("environment = [\"A=1\"]\n"), 7, "sources.s.environment",
                 "must be a table of strings");
  expect_problem(tap("environment = { A = 1 }\n"), 7, "sources.s.environment.A",
                 "must be a string");
  expect_problem(tap("stop_timeout = 10\n"), 7, "sources.s.stop_timeout", "must be a string");
  variables["N"] = "65536";
  expect_problem(journald("priority = [\"${N}\"]\n"), 6, "sources.s.priority",
                 "must be a string, not an array");
}

TEST_F(ConfigProblems, OfValuesNameTheRange) {
  expect_problem("[agent]\nlog_level = \"inf\"\n", 2, "agent.log_level", "'inf' is not known here");
  EXPECT_THAT(bad("[agent]\nlog_level = \"inf\"\n").at(0).fix, HasSubstr("Did you mean `info`?"));
  expect_problem("[agent]\ndrain_timeout = \"2h\"\n", 2, "agent.drain_timeout", "out of range");
  expect_problem("[agent]\ndrain_timeout = \"soon\"\n", 2, "agent.drain_timeout",
                 "invalid duration");
  expect_problem("[agent]\npools = \"\"\n", 2, "agent.pools", "must not be empty");
  expect_problem("[pools.a]\nsize = \"63K\"\n", 2, "pools.a.size", "out of range");
  expect_problem("[pools.a]\nsize = \"17T\"\n", 2, "pools.a.size", "out of range");
  expect_problem("[pools.a]\nsize = \"big\"\n", 2, "pools.a.size", "invalid size");
  expect_problem("[pools.a]\nsize = -1\n", 2, "pools.a.size", "negative");
  expect_problem("[pools.a]\ndurability = \"slow\"\n", 2, "pools.a.durability", "not known");
  expect_problem(tap("overflow = \"dorp\"\n"), 7, "sources.s.overflow", "not known");
  expect_problem(tap("errors = \"ignore\"\n"), 7, "sources.s.errors", "not known");
  expect_problem(tap("max_record = \"1\"\n"), 7, "sources.s.max_record", "out of range");
  expect_problem(tap("max_record = \"17M\"\n"), 7, "sources.s.max_record", "out of range");
  expect_problem(tap("restart = \"sometimes\"\n"), 7, "sources.s.restart", "not known");
  expect_problem(tap("restart_delay = \"1ms\"\n"), 7, "sources.s.restart_delay", "out of range");
  expect_problem(tap("max_restart_delay = \"500ms\"\n"), 7, "sources.s.max_restart_delay",
                 "shorter");
  expect_problem(tap("stop_signal = \"STOP\"\n"), 7, "sources.s.stop_signal", "no signal");
  expect_problem(tap("stop_timeout = \"2h\"\n"), 7, "sources.s.stop_timeout", "out of range");
  expect_problem(tap("tags = [\"" + std::string(256, 'x') + "\"]\n"), 7, "sources.s.tags", "tag");
  expect_problem(input("framing = \"xml\"\n"), 6, "sources.s.framing", "not known");
}

TEST_F(ConfigProblems, OfMissingKeysAreThoseOfTheSource) {
  expect_problem("[pools.a]\n[sources.s]\npool = \"a\"\n", 2, "sources.s.type", "is missing");
  expect_problem("[pools.a]\n[sources.s]\npool = \"a\"\ntype = \"tab\"\n", 4, "sources.s.type",
                 "not known");
  expect_problem("[pools.a]\n[sources.s]\ntype = \"journald\"\n", 2, "sources.s.pool",
                 "is missing");
  expect_problem("[pools.a]\n[sources.s]\ntype = \"journald\"\npool = \"\"\n", 4, "sources.s.pool",
                 "empty");
  expect_problem("[pools.a]\n[sources.s]\npool = \"a\"\ntype = \"tap\"\n", 2, "sources.s.command",
                 "is missing");
  expect_problem("[pools.a]\n[sources.s]\npool = \"a\"\ntype = \"tap\"\ncommand = []\n", 5,
                 "sources.s.command", "names no program");
}

TEST_F(ConfigProblems, OfJournaldNameTheKey) {
  expect_problem(journald("directory = \"/a\"\nfiles = [\"/b\"]\n"), 7, "sources.s.files",
                 "exclude each other");
  expect_problem(journald("namespace = \"a\"\ndirectory = \"/b\"\n"), 7, "sources.s.directory",
                 "exclude each other");
  expect_problem(journald("files = []\n"), 6, "sources.s.files", "must name files");
  expect_problem(journald("namespace = \"a/b\"\n"), 6, "sources.s.namespace", "no name");
  expect_problem(journald("priority = 8\n"), 6, "sources.s.priority", "no priority");
  expect_problem(journald("priority = \"loud\"\n"), 6, "sources.s.priority", "no priority");
  expect_problem(journald("boot = \"last\"\n"), 6, "sources.s.boot", "no boot");
  expect_problem(journald("matches = [\"_UID\"]\n"), 6, "sources.s.matches", "no match");
  expect_problem(journald("matches = [\"uid=0\"]\n"), 6, "sources.s.matches", "no match");
  expect_problem(journald("units = [\"ssh*\"]\n"), 6, "sources.s.units", "patterns");
  expect_problem(journald("units = [\"\"]\n"), 6, "sources.s.units", "empty");
  expect_problem(journald("start = \"newest\"\n"), 6, "sources.s.start", "not known");
  expect_problem(journald("start = \"now\"\nsince = \"1h\"\n"), 7, "sources.s.since",
                 "exclude each other");
  expect_problem(journald("since = \"long ago\"\n"), 6, "sources.s.since", "no time");
  expect_problem(journald("since = \"+1h\"\n"), 6, "sources.s.since", "in the future");
  expect_problem(journald("since = \"yesterday\"\n"), 6, "sources.s.since",
                 "another time every day");
  expect_problem(journald("since = \"10:15\"\n"), 6, "sources.s.since", "another time every day");
}

TEST_F(ConfigProblems, OfOverflowAreThoseWhereNothingCanBeDropped) {
  expect_problem(journald("overflow = \"drop\"\n"), 6, "sources.s.overflow", "journald keeps");
  for (const char* framing : {"json", "jq", "seq", "auto"}) {
    expect_problem(input("framing = \"" + std::string(framing) + "\"\noverflow = \"drop\"\n"), 7,
                   "sources.s.overflow", "only lines");
  }
}

TEST_F(ConfigProblems, OfNamesAreThoseThatAreNoFileNames) {
  for (const char* name : {"a/b", "..", ".a", "-a", "a b", "", "${X}", "\\u0000", "é"})
    expect_problem("[pools.\"" + std::string(name) + "\"]\n", 1,
                   bad("[pools.\"" + std::string(name) + "\"]\n").at(0).key, "name");
  expect_problem("[pools." + std::string(65, 'a') + "]\n", 1, "pools." + std::string(65, 'a'),
                 "longer than 64");
  expect_problem("[pools.\"a.plasmite\"]\n", 1, "pools.\"a.plasmite\"", "ends in .plasmite");
  expect_problem("[pools.a]\n[sources.\"../a\"]\ntype = \"journald\"\npool = \"a\"\n", 2,
                 "sources.\"../a\"", "name");
  good("[pools." + std::string(64, 'a') + "]\n[pools.\"a.b\"]\n[pools.A-9_]\n");
}

TEST_F(ConfigProblems, OfPoolsThatNobodyDeclaredSayWhatWasMeant) {
  const std::string text = "[pools.logs]\n[sources.s]\ntype = \"journald\"\npool = \"log\"\n";
  expect_problem(text, 4, "sources.s.pool", "there is no pool 'log'");
  EXPECT_THAT(bad(text).at(0).fix, HasSubstr("Did you mean `logs`? Declare it: [pools.log]"));
  expect_problem("[agent]\nreject_pool = \"r\"\n[pools.a]\n", 2, "agent.reject_pool",
                 "there is no pool 'r'");
}

TEST_F(ConfigProblems, OfTheRejectPoolAreSourcesThatWriteToIt) {
  expect_problem("agent.reject_pool = \"app\"\n" + tap(""), 6, "sources.s.pool",
                 "is the reject pool (agent.toml:1)");
}

TEST_F(ConfigProblems, OfASecondReaderOfStdinNameTheFirst) {
  const std::string text = input("") + "[sources.a]\ntype = \"stdin\"\npool = \"logs\"\n";
  expect_problem(text, 7, "sources.a.type", "s reads it (agent.toml:3)");
}

TEST_F(ConfigProblems, OfPoolsThatAreTooSmallNameASizeThatIsEnough) {
  const auto text = [](const std::string& size, const std::string& record) {
    return "[pools.a]\nsize = \"" + size +
           "\"\n[sources.s]\ntype = \"journald\"\npool = \"a\"\nmax_record = \"" + record + "\"\n";
  };
  expect_problem(text("1M", "1M"), 6, "sources.s.max_record", "too small");
  EXPECT_THAT(bad(text("1M", "1M")).at(0).fix, HasSubstr("size = \"5M\" (agent.toml:2)"));
  good(text("5M", "1M"));
  good(text("65M", "16M"));
}

TEST_F(ConfigProblems, OfMoreSourcesThanAPoolHasCheckpointsNameBothNumbers) {
  std::string text = "[pools.a]\nsize = \"64K\"\n";
  for (int i = 0; i < 4; ++i)
    text +=
        "[sources.s" + std::to_string(i) + "]\ntype = \"tap\"\npool = \"a\"\ncommand = [\"x\"]\n";
  good(text);
  text += "[sources.s4]\ntype = \"tap\"\npool = \"a\"\ncommand = [\"x\"]\n";
  expect_problem(text, 21, "sources.s4.pool", "positions of 4 sources, and 5 write to it");
  EXPECT_THAT(bad(text).at(0).fix, HasSubstr("agent.toml:2"));
  text.replace(text.find("64K"), 3, "1M");
  good(text);
  for (int i = 5; i < 33; ++i)
    text +=
        "[sources.s" + std::to_string(i) + "]\ntype = \"tap\"\npool = \"a\"\ncommand = [\"x\"]\n";
  EXPECT_THAT(bad(text).at(0).fix, HasSubstr("several pools"));
}

TEST_F(ConfigProblems, OfTooManyPartsAreSaidOnce) {
  std::string pools;
  for (int i = 0; i < 300; ++i) pools += "[pools.p" + std::to_string(i) + "]\n";
  EXPECT_THAT(bad(pools).at(0).message, HasSubstr("more than 256 pools"));
  std::string sources = "[pools.a]\n";
  for (int i = 0; i < 200; ++i)
    sources += "[sources.s" + std::to_string(i) + "]\ntype = \"journald\"\npool = \"a\"\n";
  EXPECT_THAT(describe(bad(sources).back()), HasSubstr("more than 128 sources"));
}

TEST_F(ConfigProblems, OfGroupsNameTheGroup) {
  expect_problem("[agent]\ngroup = \"nobodies\"\n[pools.a]\n", 2, "agent.group",
                 "there is no group 'nobodies'");
  expect_problem("[pools.a]\ngroup = \"nobodies\"\n", 2, "pools.a.group",
                 "there is no group 'nobodies'");
}

TEST_F(ConfigProblems, OfTheSocketAreItsLength) {
  const std::string longest = "/" + std::string(106, 's');
  good("[agent]\nsocket = \"" + longest + "\"\n");
  expect_problem("[agent]\nsocket = \"" + longest + "s\"\n", 2, "agent.socket",
                 "107 bytes, this one 108");
}

TEST_F(ConfigProblems, OfVariablesNameThemButNotTheirValues) {
  expect_problem(tap("directory = \"${NOWHERE}\"\n"), 7, "sources.s.directory",
                 "NOWHERE is not set");
  expect_problem(tap("tags = [\"a\",\n\"${NOWHERE}\"]\n"), 8, "sources.s.tags",
                 "NOWHERE is not set");
  expect_problem(tap("directory = \"${A\"\n"), 7, "sources.s.directory", "without its `}`");
  expect_problem(tap("directory = \"${#A}\"\n"), 7, "sources.s.directory",
                 "names no environment variable");
  expect_problem("[pools.a]\nsize = \"${SIZE}\"\n", 2, "pools.a.size", "SIZE is not set");
  variables["LARGE"] = std::string(600u << 10, 'x');
  expect_problem(tap("environment = { A = \"${LARGE}${LARGE}\" }\n"), 7, "sources.s.environment.A",
                 "longer than 1 MiB");
  expect_problem(
      tap("environment = { A = \"${LARGE}\", B = \"${LARGE}\", C = \"${LARGE}\", D = \"${LARGE}\", "
          "E = \"${LARGE}\", F = \"${LARGE}\", G = \"${LARGE}\" }\n"),
      7, "sources.s.environment.G", "too long together");
}

TEST_F(ConfigProblems, OfSecretsNameTheFileAndNeverTheValue) {
  expect_problem(tap("environment_from = { T = \"/secret\" }\n"), 7, "sources.s.environment_from.T",
                 "unreadable secret /secret: cannot read");
  expect_problem(tap("environment_from = { T = \"token\" }\n"), 7, "sources.s.environment_from.T",
                 "$CREDENTIALS_DIRECTORY is not set");
  secrets["/secret"] = {.value = std::string("s3c\0ret", 7)};
  expect_problem(tap("environment_from = { T = \"/secret\" }\n"), 7, "sources.s.environment_from.T",
                 "NUL");
  EXPECT_THAT(describe(bad(tap("environment_from = { T = \"/secret\" }\n")).at(0)),
              Not(HasSubstr("s3c")));
  secrets["/secret"] = {.value = "s3cret"};
  expect_problem(tap("environment = { T = \"x\" }\nenvironment_from = { T = \"/secret\" }\n"), 8,
                 "sources.s.environment_from.T", "is in environment, too");
  expect_problem(tap("environment = { \"A=B\" = \"s3cret\" }\n"), 7,
                 "sources.s.environment.\"A=B\"", "no name");
}

TEST_F(ConfigProblems, OfNamesInTwoFilesNameBothPlaces) {
  const Loaded config =
      parse({{"agent.toml", "\n[pools.a]\n"}, {"conf.d/x.toml", "[pools.a]\nsize = \"1M\"\n"}});
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 1u);
  EXPECT_EQ(describe(config.error()[0]),
            "conf.d/x.toml:1: pools.a: is defined twice, before at agent.toml:2 (Remove or rename "
            "one of the two.)");
}

TEST_F(ConfigProblems, AreAllReportedInTheOrderOfFilesAndLines) {
  const Loaded config = parse(
      {{"agent.toml", "[sources.s]\ntype = \"tap\"\npool = \"x\"\nfoo = 1\n[agent]\nbar = 1\n"},
       {"b.toml", "[pools.a]\nsize = 1\n"}});
  ASSERT_FALSE(config);
  std::string places;
  for (const ConfigProblem& problem : config.error())
    places += problem.file + ":" + std::to_string(problem.line) + " " + problem.key + "\n";
  EXPECT_EQ(
      places,
      "agent.toml:1 sources.s.command\nagent.toml:3 sources.s.pool\nagent.toml:4 sources.s.foo\n"
      "agent.toml:6 agent.bar\nb.toml:2 pools.a.size\n");
}

TEST_F(ConfigProblems, OfOneFileThatIsNoTomlDoNotMakeOthersLookWrong) {
  const Loaded config =
      parse({{"agent.toml", "[pools.a\n"},
             {"b.toml", "[sources.s]\ntype = \"journald\"\npool = \"a\"\nx = 1\n"}});
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 2u);
  EXPECT_EQ(config.error()[0].file, "agent.toml");
  EXPECT_EQ(config.error()[1].key, "sources.s.x");
}

}  // namespace
}  // namespace plasmite
