#include "core/filter/compile_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plasmite {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

TEST(CompileError, SaysWhatJqSaysAndWhere) {
  const Error error = compile_error(".a ==",
                                    "jq: error: syntax error, unexpected $end (Unix shell quoting "
                                    "issues?) at <top-level>, line 1:\n"
                                    ".a ==      \0jq: 1 compile error\0"s,
                                    FilterReach::host);
  EXPECT_EQ(error.kind(), ErrorKind::Usage);
  EXPECT_EQ(error.message(), "invalid filter expression");
  EXPECT_THAT(error.causes(),
              ElementsAre("`.a ==`: syntax error, unexpected end of expression at line 1: .a =="));
  EXPECT_THAT(error.hint(), HasSubstr("--where"));
}

TEST(CompileError, HasACauseForEachMessage) {
  const Error error =
      compile_error("x",
                    "jq: error: foo/0 is not defined at <top-level>, line 1:\nfoo\0"
                    "jq: error: bar/1 is not defined at <top-level>, line 2:\nbar(1)\0"
                    "jq: 2 compile errors\0"s,
                    FilterReach::host);
  EXPECT_THAT(error.causes(), ElementsAre("`x`: foo/0 is not defined at line 1: foo",
                                          "bar/1 is not defined at line 2: bar(1)"));
}

TEST(CompileError, NeverLacksACause) {
  EXPECT_EQ(compile_error("x", "", FilterReach::host).causes().size(), 1u);
  EXPECT_EQ(compile_error("x", "\0\0"s, FilterReach::host).causes().size(), 1u);
}

TEST(CompileError, NamesWhatIsOutOfReach) {
  const std::string messages =
      "jq: error: __refused_env/0 is not defined at <top-level>, line 1:\nenv\0"
      "jq: error: syntax error, unexpected import, expecting $end at <top-level>, line 2:\nimport\0"
      "jq: error: __refused_other/0 is not defined at <top-level>, line 1:\n__refused_other\0"s;
  const Error error = compile_error("x", messages, FilterReach::message);
  EXPECT_THAT(error.causes(), ElementsAre("`x`: env is not available here",
                                          "import is not available here", HasSubstr("line 1")));
  EXPECT_THAT(error.hint(), HasSubstr("nothing else"));
  EXPECT_THAT(compile_error("x", messages, FilterReach::host).causes(), Each(HasSubstr("line ")));
}

TEST(CompileError, ShowsTheBeginningOfALongProgram) {
  EXPECT_EQ(shown("."), "`.`");
  EXPECT_EQ(shown(std::string(199, 'x') + "é"), "`" + std::string(199, 'x') + "…`");
}

TEST(CheckPrograms, RefusesWhatJqWouldReadOtherwise) {
  EXPECT_TRUE(check_programs({}, FilterReach::host));
  EXPECT_TRUE(check_programs({".a", "", "é"}, FilterReach::host));
  EXPECT_FALSE(check_programs({"true\0.a"s}, FilterReach::host));
  EXPECT_FALSE(check_programs({"\"\xff\""}, FilterReach::host));
  EXPECT_TRUE(
      check_programs(std::vector<std::string>(kMaxFilterPrograms, "true"), FilterReach::host));
  EXPECT_FALSE(
      check_programs(std::vector<std::string>(kMaxFilterPrograms + 1, "true"), FilterReach::host));
  EXPECT_FALSE(check_programs({std::string(kMaxFilterProgramBytes + 1, ' ')}, FilterReach::host));
}

}  // namespace
}  // namespace plasmite
