// Files: which are read, which are refused; what init writes, what check prints.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config/config_init.h"
#include "agent/config/config_loader.h"
#include "agent/config/config_report.h"
#include "agent/config/config_surroundings.h"

namespace plasmite {
namespace {

using ::testing::HasSubstr;

class ConfigFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/plasmite-config-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directory(folder_ / "conf.d");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text,
                              mode_t mode = 0640) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  std::string main_file() const { return (folder_ / "agent.toml").string(); }

  // What is wrong, one per line.
  std::string problems() {
    const auto config = load_config(main_file(), &warnings_);
    std::string text;
    if (!config)
      for (const ConfigProblem& problem : config.error()) text += describe(problem) + "\n";
    return text;
  }

  std::filesystem::path folder_;
  std::vector<ConfigProblem> warnings_;
};

TEST_F(ConfigFiles, OfTheFolderBesideAreReadInTheOrderOfTheirNames) {
  write("agent.toml", "[pools.a]\n[agent]\nlog_level = \"debug\"\npools = \"p\"\n");
  write("conf.d/20.toml", "[agent]\nlog_level = \"error\"\n");
  write("conf.d/10.toml", "[agent]\nlog_level = \"warning\"\n");
  write("conf.d/.hidden.toml", "no toml\n");
  write("conf.d/30.toml~", "no toml\n");
  const auto config = load_config(main_file());
  ASSERT_TRUE(config) << problems();
  EXPECT_EQ(config->log_level, "error");
  EXPECT_EQ(config->pool_dir, folder_ / "p");
  EXPECT_THAT(config->files,
              ::testing::ElementsAre(folder_ / "agent.toml", folder_ / "conf.d/10.toml",
                                     folder_ / "conf.d/20.toml"));
}

TEST_F(ConfigFiles, ThatAreMissingSayHowToMakeOne) {
  EXPECT_THAT(problems(), HasSubstr("(`plasmite agent init --config " + main_file() + "`"));
}

TEST_F(ConfigFiles, ThatEverybodyMayWriteAreRefused) {
  write("agent.toml", "[pools.a]\n", 0646);
  EXPECT_THAT(problems(), HasSubstr("agent.toml: everybody may write to it"));
  EXPECT_THAT(problems(), HasSubstr("chmod o-w"));
  write("agent.toml", "[pools.a]\n");
  write("conf.d/a.toml", "", 0666);
  EXPECT_THAT(problems(), HasSubstr("conf.d/a.toml: everybody may write to it"));
  write("conf.d/a.toml", "", 0644);
  ::chmod((folder_ / "conf.d").c_str(), 0777);
  EXPECT_THAT(problems(), HasSubstr("conf.d: everybody may put files there"));
  ::chmod((folder_ / "conf.d").c_str(), 0755);
  EXPECT_EQ(problems(), "");
}

TEST_F(ConfigFiles, ThatTheGroupMayWriteAreWarnedOf) {
  write("agent.toml", "[pools.a]\n[sources.s]\ntype = \"journald\"\npool = \"a\"\n", 0660);
  EXPECT_EQ(problems(), "");
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_THAT(describe(warnings_[0]), HasSubstr("its group may write"));
}

TEST_F(ConfigFiles, AreRefusedInAFolderWhereEverybodyMayReplaceThem) {
  write("agent.toml", "[pools.a]\n");
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  EXPECT_THAT(problems(), HasSubstr("everybody may put another file in the place"));
  ASSERT_EQ(::chmod(folder_.c_str(), 01777), 0);
  EXPECT_EQ(problems(), "");
}

TEST_F(ConfigFiles, OfConfDThatLeadNowhereHaveAFixOfTheirOwn) {
  write("agent.toml", "[pools.a]\n");
  std::filesystem::create_symlink("/nowhere", folder_ / "conf.d" / "x.toml");
  EXPECT_THAT(problems(), HasSubstr("Remove this link"));
}

TEST_F(ConfigFiles, ThatAreTooLargeOrNoFilesAreRefused) {
  write("agent.toml", std::string((1u << 20) + 1, '#'));
  EXPECT_THAT(problems(), HasSubstr("larger than 1048576 bytes"));
  write("agent.toml", std::string(1u << 20, '#'));
  EXPECT_EQ(problems(), "");
  std::filesystem::remove(main_file());
  ASSERT_EQ(::mkfifo(main_file().c_str(), 0600), 0);  // and nobody waits for a writer
  EXPECT_THAT(problems(), HasSubstr("not a regular file"));
  std::filesystem::remove(main_file());
  std::filesystem::create_directory(main_file());
  EXPECT_THAT(problems(), HasSubstr("not a regular file"));
}

TEST_F(ConfigFiles, AreAtMost64) {
  write("agent.toml", "[pools.a]\n");
  for (int i = 0; i < 63; ++i) write("conf.d/" + std::to_string(100 + i) + ".toml", "");
  EXPECT_EQ(problems(), "");
  write("conf.d/999.toml", "");
  EXPECT_THAT(problems(), HasSubstr("999.toml: more than 64 files"));
}

TEST_F(ConfigFiles, OfSecretsAreReadWithoutTheirLineEnd) {
  const auto token = write("token", "s3cret\n", 0600);
  write("agent.toml",
        "[pools.a]\n[sources.s]\ntype = \"tap\"\npool = \"a\"\ncommand = [\"x\"]\nenvironment_from "
        "= { T = \"" +
            token.string() + "\" }\n");
  const auto config = load_config(main_file());
  ASSERT_TRUE(config) << problems();
  const auto& tap = std::get<TapConfig>(config->sources.at(0).kind);
  EXPECT_THAT(tap.environment, ::testing::ElementsAre(::testing::Pair("T", "s3cret")));
}

TEST_F(ConfigFiles, ThatDidNotChangeCompareEqual) {
  write("agent.toml",
        "[pools.a]\n[sources.s]\ntype = \"journald\"\npool = \"a\"\nsince = \"2h\"\n");
  const auto first = load_config(main_file());
  const auto second = load_config(main_file());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
}

TEST_F(ConfigFiles, ThatInitWritesAreGoodOnThisMachine) {
  const std::filesystem::path path = folder_ / "new" / "folder" / "agent.toml";
  const auto written = write_initial_config(path, false);
  ASSERT_TRUE(written) << written.error().message();
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  std::vector<ConfigProblem> warnings;
  const auto config = load_config(path, &warnings);
  ASSERT_TRUE(config) << describe(config.error().at(0));
  EXPECT_EQ(config->pool_dir, path.parent_path() / "pools");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}), 1);
}

TEST_F(ConfigFiles, AreNotReplacedByInitUnlessForced) {
  write("agent.toml", "mine");
  const auto written = write_initial_config(main_file(), false);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), ErrorKind::AlreadyExists);
  EXPECT_THAT(written.error().hint(), HasSubstr("--force"));
  std::ifstream kept(main_file());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), "mine");
  EXPECT_TRUE(write_initial_config(main_file(), true));
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}),
            2);  // nothing is left beside it
}

TEST(InitialConfig, IsGoodForEveryKindOfMachine) {
  const ConfigSurroundings here = [] {
    ConfigSurroundings surroundings = ConfigSurroundings::of_this_process();
    surroundings.group_exists = [](const std::string&) { return true; };
    return surroundings;
  }();
  for (int bits = 0; bits < 8; ++bits) {
    const MachineFacts facts{
        .has_journal = (bits & 1) != 0, .has_group = (bits & 2) != 0, .of_system = (bits & 4) != 0};
    const std::string text = initial_config(facts);
    const std::vector<ConfigText> files = {{"agent.toml", text}};
    const auto config = parse_config(files, "/etc/plasmite", here);
    ASSERT_TRUE(config) << describe(config.error().at(0)) << text;
    EXPECT_EQ(config->sources.size(), facts.has_journal ? 1u : 0u);
    EXPECT_EQ(config->group, facts.has_group && facts.of_system ? "plasmite" : "");
    EXPECT_EQ(config->pool_dir,
              facts.of_system ? "/var/lib/plasmite/pools" : "/etc/plasmite/pools");
  }
}

// Each example is good once its comment signs are gone.
TEST(InitialConfig, HasExamplesThatWork) {
  std::string text = initial_config({.has_journal = true, .has_group = true, .of_system = true});
  const size_t examples = text.find("#[pools.app]");
  ASSERT_NE(examples, std::string::npos);
  std::string active = text.substr(0, examples);
  std::istringstream lines(text.substr(examples));
  for (std::string line; std::getline(lines, line);)
    active += line.starts_with("# ") ? "\n" : line.substr(line.starts_with("#")) + "\n";
  ConfigSurroundings surroundings = ConfigSurroundings::of_this_process();
  surroundings.group_exists = [](const std::string&) { return true; };
  surroundings.secret = [](const std::filesystem::path&) {
    return Result<SecretFile>(SecretFile{.value = "x"});
  };
  const std::vector<ConfigText> files = {{"agent.toml", active}};
  const auto config = parse_config(files, "/etc/plasmite", surroundings);
  ASSERT_TRUE(config) << describe(config.error().at(0)) << active;
  EXPECT_EQ(config->sources.size(), 3u);
}

TEST(ConfigReport, HasTwoLinesForEachProblemWhateverIsInThem) {
  const std::vector<ConfigProblem> problems = {{.file = "a.toml",
                                                .line = 3,
                                                .key = "pools.x",
                                                .message = "is\nwrong \x1b[31m",
                                                .fix = "Correct it."},
                                               {.file = "b.toml", .message = "cannot be read"}};
  EXPECT_EQ(
      problems_as_text(problems),
      "a.toml:3: pools.x: is\\nwrong \\x1b[31m\n  fix: Correct it.\nb.toml: cannot be read\n");
  EXPECT_THAT(problems_as_text(problems, "warning: "),
              HasSubstr("b.toml: warning: cannot be read\n"));
}

}  // namespace
}  // namespace plasmite
