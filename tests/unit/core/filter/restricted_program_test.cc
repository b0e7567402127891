// Programs that see their message and nothing else, as a table: what is refused, by which name, and
// what only looks as if it should be.
#include "core/filter/restricted_program.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/filter/filter.h"

namespace plasmite {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

Result<Filter> create(const std::string& program) {
  return Filter::create({program}, FilterReach::message);
}

// "match", "no", "failed" or the message of an error.
std::string outcome(const std::string& program, const std::string& text,
                    FilterReach reach = FilterReach::message) {
  auto filter = Filter::create({program}, reach);
  if (!filter) return filter.error().message() + ": " + filter.error().causes().front();
  filter->add(1, text);
  const auto verdicts = filter->judge(std::chrono::steady_clock::time_point::max());
  if (!verdicts) return verdicts.error().message();
  constexpr const char* kWords[] = {"no", "match", "failed"};
  return kWords[static_cast<size_t>(verdicts->front())];
}

// A program, and what it is refused for.
const std::vector<std::pair<std::string, std::string>> kRefused = {
    {"env", "env"},
    {"env.HOME == 1", "env"},
    {"$ENV.PATH == null", "$ENV"},
    {"$ENV", "$ENV"},
    {"$ ENV | true", "$ENV"},
    {"$ # \" a comment\n\t# another\n ENV | true", "$ENV"},
    {"{$ENV} | true", "$ENV"},
    {"\"\\($ENV)\" == \"\"", "$ENV"},
    {". as $ENV | true", "$ENV"},  // its own, yes; nobody needs that name
    {". as [$ENV] | true", "$ENV"},
    {"\"\\(env)\" == \"\"", "env"},
    {"\"a\\(\"b\\(env.PATH)\")\" == \"\"", "env"},
    {"@base64 \"x\\(env)\" == \"\"", "env"},
    {".\"a\\(env)\" == 1", "env"},
    {".[\"a\\(env)\"] == 1", "env"},
    {"{(env|tojson):1} | true", "env"},
    {"{a:env} | true", "env"},
    {"[.[] | env] == []", "env"},
    {"path(env) == []", "env"},
    {"env?", "env"},
    {"try env catch true", "env"},
    {"-env", "env"},
    {"if true then true else env end", "env"},
    {"reduce env as $x (0; 1) == 1", "env"},
    {"foreach .[] as $x (env; .; true)", "env"},
    {"def f: env; f", "env"},
    {"def f(x): x; f(env)", "env"},
    {"def f: def env: 1; env; f | env", "env"},
    {"# env\nenv", "env"},
    {"env#", "env"},
    {"true or (env | halt)", "env"},
    {"def __refused_env: 1; env", "env"},
    {"input", "input"},
    {"first(inputs)", "inputs"},
    {"[limit(1; inputs)] == []", "inputs"},
    {"input_filename == null", "input_filename"},
    {"input_line_number == 0", "input_line_number"},
    {"debug | true", "debug"},
    {"stderr | true", "stderr"},
    {"true, halt", "halt"},
    {"halt_error", "halt_error"},
    {"halt_error(1)", "halt_error"},
    {"get_search_list == []", "get_search_list"},
    {"get_jq_origin == 1", "get_jq_origin"},
    {"get_prog_origin == 1", "get_prog_origin"},
    {"\"a\" | modulemeta | true", "modulemeta"},
    {"import \"a\" as a; true", "import"},
    {"import \"a\" as $a; true", "import"},
    {"\n # x\n import \"a\" as a; true", "import"},
    {"include \"a\"; true", "include"},
    {"module {\"name\":\"a\"}; true", "module"},
};

TEST(RestrictedProgram, IsRefusedByTheNameOfWhatItUses) {
  for (const auto& [program, name] : kRefused) {
    const auto filter = create(program);
    ASSERT_FALSE(filter) << program;
    const Error& error = filter.error();
    EXPECT_EQ(error.kind(), ErrorKind::Usage) << program;
    EXPECT_EQ(error.message(), "invalid filter expression") << program;
    EXPECT_EQ(error.causes().front(), "`" + program + "`: " + name + " is not available here");
    EXPECT_THAT(error.hint(), HasSubstr("nothing else")) << program;
  }
}

TEST(RestrictedProgram, MayNameThingsAsItLikes) {
  for (const char* program : {
           "def env: 1; env == 1",
           "def input: 1; def inputs: 2, input; [inputs] == [2, 1]",
           "def f(env): env; f(true)",
           "def halt_error($x): $x; halt_error(true)",
           "def f: env; true",  // nobody calls it
           ".env == 7",
           ".\"env\" == 7",
           ".[\"env\"] == 7",
           "getpath([\"env\"]) == 7",
           "{env:1}.env == 1",
           "{env}.env == 7",
           "{import:1, include:2, module:3} | .import == 1",
           ".import == null",
           ". as $env | $env.env == 7",
           ". as {env:$x} | $x == 7",
           "\"$ENV env \\\\(env) input\" != \"\"",
           "\"env\" | ascii_downcase == \"env\"",
           "true # env $ENV \" input",
           ".ENV == null",
           "[1,2] | .[0] as $ENVIRON | $ENVIRON == 1",
           "$__loc__ == {\"file\":\"<top-level>\",\"line\":1}",
           "\n$__loc__.line == 2",
           "@base64 \"\\(.env)\" == \"Nw==\" and (\"Nw==\" | @base64d == \"7\")",
           "@sh \"\\(.env)\" == \"7\"",
           "label $env | (true, break $env)",
           "[limit(3; repeat(1))] == [1,1,1]",
           "now > 0",
           "(0 | gmtime | mktime) == 0",
           "\"a,b\" | [splits(\",\")] == [\"a\",\"b\"]",
           "builtins | length > 100",
           "error(\"x\")? // true",
       })
    EXPECT_EQ(outcome(program, R"({"env":7})"), "match") << program;
}

TEST(RestrictedProgram, SeesNoEnvironmentOfTheHost) {
  ASSERT_EQ(setenv("TZ", "XXX-14", 1), 0);
  EXPECT_EQ(outcome("(0 | localtime | .[3]) == 14", "{}", FilterReach::host), "match");
  EXPECT_EQ(outcome("(0 | localtime | .[3]) == 0", "{}"), "match");
  ASSERT_EQ(unsetenv("TZ"), 0);
}

TEST(RestrictedProgram, ThatCrashesLibjqHarmsNobodyElse) {
  const FilterLimits limits{.memory_bytes = 1u << 30, .cpu_time = std::chrono::seconds(60)};
  auto filter =
      Filter::create({"if .deep then reduce range(2000000) as $i (null; [.]) else . end == {}"},
                     FilterReach::message, limits);
  ASSERT_TRUE(filter);
  filter->add(1, R"({"deep":true})");
  const auto verdicts = filter->judge(std::chrono::steady_clock::time_point::max());
  ASSERT_FALSE(verdicts);
  EXPECT_EQ(verdicts.error().message(), "filter expression made jq crash");
  EXPECT_EQ(outcome("true", "{}"), "match");
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PLASMITE_SANITIZED 1
#endif
#endif

#ifndef PLASMITE_SANITIZED
TEST(RestrictedProgram, RunsInAProcessThatCanOpenNothing) {
  const auto filter = create("true");
  ASSERT_TRUE(filter);
  std::string process;
  std::ifstream("/proc/thread-self/children") >> process;
  std::ifstream limits("/proc/" + process + "/limits");
  std::string line;
  while (std::getline(limits, line) && !line.starts_with("Max open files")) continue;
  EXPECT_THAT(line, MatchesRegex("Max open files +0 +0 +files *"));
}

// The largest value that a message of 1 MiB can become: 120 ms and 190 MiB here, but three times
// that under a sanitizer.
TEST(RestrictedProgram, GetsTheWorstMessageThatIsStoredByDefault) {
  std::string text = R"({"data":{"a":[{})";
  while (text.size() < (1u << 20) - 10) text += ",{}";
  EXPECT_EQ(outcome("(.data.a | length) > 1000", text + "]}}"), "match");
}
#endif

TEST(RestrictedProgram, FailsLikeAnyOther) {
  EXPECT_EQ(outcome(".a |\n foo(1)", "{}"),
            "invalid filter expression: `.a |\n foo(1)`: foo/1 is not defined at line 2: foo(1)");
  EXPECT_EQ(outcome("foo", "{}"),
            "invalid filter expression: `foo`: foo/0 is not defined at line 1: foo");
  EXPECT_EQ(outcome("$env", "{}"),
            "invalid filter expression: `$env`: $env is not defined at line 1: $env");
  EXPECT_THAT(outcome("1 +", "{}"), HasSubstr("unexpected end of expression at line 1: 1 +"));
  EXPECT_EQ(outcome("", "{}"), "filter expression must yield booleans");
  EXPECT_EQ(outcome("# env", "{}"), "filter expression must yield booleans");
  EXPECT_EQ(outcome("def f: 1;", "{}"), "filter expression must yield booleans");
  EXPECT_EQ(outcome(".a.b", R"({"a":1})"), "failed");
}

TEST(RestrictedProgram, IsHeldToSmallerLimits) {
  EXPECT_EQ(outcome("def f: f; f", "{}"), "filter expression took too long");
  EXPECT_EQ(outcome("\"abc\" | gsub(\"^\"; \"x\") == \"\"", "{}"),
            "filter expression took too long");
  const FilterLimits host = limits_for(FilterReach::host);
  const FilterLimits message = limits_for(FilterReach::message);
  EXPECT_LT(message.memory_bytes, host.memory_bytes);
  EXPECT_LT(message.cpu_time, host.cpu_time);
}

// What lexers and parsers may disagree about: where a string, a comment or an interpolation ends.
TEST(RestrictedProgram, MentionsTheEnvironmentAsAVariableOnly) {
  for (const char* program :
       {"$ENV", "[$ENV]", "1$ENV", "\"\"$ENV", "\"\\\"\"|$ENV", "\"\\\\\"|$ENV", "\"\\u\"|$ENV",
        "\"\\(\"\")\\($ENV)\"", "\"\\((1)|$ENV)\"", "#\n$ENV", "$\r\n\tENV", "$#\\\nENV", ")$ENV",
        "\"\\(1)\"|$ENV", "@sh\"\\($ENV)\"", "$ENV::x"})
    EXPECT_TRUE(mentions_environment(program)) << program;
  for (const char* program :
       {"", "ENV", ".ENV", "$ENVx", "$xENV", "$env", "\"$ENV\"", "#$ENV", "\"\\\"$ENV\"", "@ENV",
        "\"\\(1)$ENV\"", "\"\\(\"$ENV\")\"", "$|ENV", "$1 ENV", "$\"\"ENV", "$.ENV", "$$x ENV"})
    EXPECT_FALSE(mentions_environment(program)) << program;
}

TEST(RestrictedProgram, IsOnOneLineWithWhatRestrictsIt) {
  EXPECT_EQ(restricting_definitions().find('\n'), std::string::npos);
  EXPECT_THAT(restricting_definitions(), StartsWith("def "));
}

}  // namespace
}  // namespace plasmite
