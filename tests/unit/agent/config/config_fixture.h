// Configurations in memory, with surroundings that tests choose.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config/config_loader.h"
#include "agent/config/config_surroundings.h"

namespace plasmite {

// One pool and, as a beginning, what every source needs.
inline const std::string kTwoPools = "[pools.logs]\n[pools.app]\n";

class ConfigFixture : public ::testing::Test {
 protected:
  using Loaded = std::expected<AgentConfig, std::vector<ConfigProblem>>;

  Loaded parse(const std::string& text) {
    return parse(std::vector<ConfigText>{{"agent.toml", text}});
  }

  Loaded parse(const std::vector<ConfigText>& files) {
    const ConfigSurroundings surroundings{
        .variable = [this](const std::string& name) -> std::optional<std::string> {
          const auto found = variables.find(name);
          if (found == variables.end()) return std::nullopt;
          return found->second;
        },
        .group_exists = [this](const std::string& name) { return groups.contains(name); },
        .secret = [this](const std::filesystem::path& path) -> Result<SecretFile> {
          const auto found = secrets.find(path.string());
          if (found != secrets.end()) return found->second;
          return std::unexpected(errno_error(EACCES, "cannot read", path.string()));
        },
        .is_directory = [](const std::filesystem::path& path) { return path == "/srv"; },
        .is_executable = [](const std::filesystem::path& path) { return path == "/bin/sh"; },
        .now_ns = now_ns};
    return parse_config(files, "/etc/plasmite", surroundings, &warnings);
  }

  AgentConfig good(const std::string& text) {
    Loaded config = parse(text);
    if (config) return *config;
    for (const ConfigProblem& problem : config.error()) ADD_FAILURE() << describe(problem);
    return {};
  }

  std::vector<ConfigProblem> bad(const std::string& text) {
    Loaded config = parse(text);
    if (!config) return config.error();
    ADD_FAILURE() << "is taken:\n" << text;
    return {};
  }

  // The one problem of `text`: where, which key, and a part of the message; it has a fix.
  void expect_problem(const std::string& text, uint32_t line, const std::string& key,
                      const std::string& message) {
    SCOPED_TRACE(text);
    const std::vector<ConfigProblem> problems = bad(text);
    for (const ConfigProblem& problem : problems) SCOPED_TRACE(describe(problem));
    ASSERT_EQ(problems.size(), 1u) << (problems.empty() ? "" : describe(problems.back()));
    EXPECT_EQ(problems[0].file, "agent.toml");
    EXPECT_EQ(problems[0].line, line);
    EXPECT_EQ(problems[0].key, key);
    EXPECT_THAT(problems[0].message, ::testing::HasSubstr(message));
    EXPECT_NE(problems[0].fix, "");
  }

  // A tap source on line 3, after two pools; `keys` begins on line 7.
  static std::string tap(const std::string& keys) {
    return kTwoPools + "[sources.s]\ntype = \"tap\"\npool = \"app\"\ncommand = [\"make\"]\n" + keys;
  }
  // The same of journald, whose `keys` begin on line 6.
  static std::string journald(const std::string& keys) {
    return kTwoPools + "[sources.s]\ntype = \"journald\"\npool = \"logs\"\n" + keys;
  }
  static std::string input(const std::string& keys) {
    return kTwoPools + "[sources.s]\ntype = \"stdin\"\npool = \"app\"\n" + keys;
  }

  std::map<std::string, std::string> variables;
  std::set<std::string> groups = {"plasmite"};
  std::map<std::string, SecretFile> secrets;
  int64_t now_ns = 1'800'000'000'000'000'000;
  std::vector<ConfigProblem> warnings;
};

}  // namespace plasmite
