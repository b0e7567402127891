#include "core/filter/filter.h"

#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/filter/compile_error.h"

namespace plasmite {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using enum FilterVerdict;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PLASMITE_SANITIZED 1
#endif
#endif

constexpr FilterLimits kSmall{.memory_bytes = 128u << 20,
                              .cpu_time = std::chrono::milliseconds(200)};
constexpr auto kForever = std::chrono::steady_clock::time_point::max();

Filter filter_of(std::vector<std::string> programs, const FilterLimits& limits = {}) {
  auto filter = Filter::create(std::move(programs), FilterReach::host, limits);
  EXPECT_TRUE(filter) << filter.error().causes().front();
  return std::move(*filter);
}

Error compile_failure(const std::string& program, const FilterLimits& limits = {}) {
  auto filter = Filter::create({program}, FilterReach::host, limits);
  return filter ? Error(ErrorKind::Internal, "it compiles: " + program) : filter.error();
}

// Verdicts up to the end of the batch, or to an error.
struct Judged {
  std::vector<FilterVerdict> verdicts;
  std::optional<Error> error;
};
Judged judge(Filter& filter) {
  Judged all;
  while (filter.undecided() > 0) {
    const auto some = filter.judge(kForever);
    if (!some) {
      all.error = some.error();
      break;
    }
    all.verdicts.insert(all.verdicts.end(), some->begin(), some->end());
  }
  return all;
}
Judged judge(Filter& filter, const std::vector<std::string>& texts) {
  for (size_t i = 0; i < texts.size(); ++i) filter.add(i + 1, texts[i]);
  return judge(filter);
}
FilterVerdict verdict(const std::string& program, const std::string& text) {
  Filter filter = filter_of({program});
  const Judged judged = judge(filter, {text});
  EXPECT_FALSE(judged.error) << judged.error->message();
  return judged.verdicts.size() == 1 ? judged.verdicts[0] : failed;
}
Error judging_failure(const std::string& program, const FilterLimits& limits = kSmall) {
  Filter filter = filter_of({program}, limits);
  const Judged judged = judge(filter, {R"({"data":{},"seq":1})"});
  return judged.error ? *judged.error : Error(ErrorKind::Internal, "no error: " + program);
}

TEST(Filter, TrueMatchesFalseNullAndNothingDoNot) {
  EXPECT_EQ(verdict("true", "{}"), match);
  EXPECT_EQ(verdict("false", "{}"), no);
  EXPECT_EQ(verdict("null", "{}"), no);
  EXPECT_EQ(verdict(".missing", "{}"), no);
  EXPECT_EQ(verdict("empty", "{}"), no);
  EXPECT_EQ(verdict(".tags[] == \"a\"", R"({"tags":["b","a","c"]})"), match) << "one is enough";
  EXPECT_EQ(verdict(".tags[] == \"a\"", R"({"tags":["b"]})"), no);
}

TEST(Filter, AllOfJqIsThere) {
  for (const char* program :
       {R"(.m | test("pa+nic"))", R"(.m | ascii_downcase | contains("a paan"))",
        R"([.n[] | select(. > 1)] | length == 2)", R"(any(.n[]; . == 3))",
        R"(has("m") and (has("x") | not))", R"(.n | map(. * 2) | add == 12)", R"(.missing == null)",
        R"(def f: 1; f == 1)", R"(.m as $m | $m | type == "string")",
        R"(reduce .n[] as $x (0; . + $x) == 6)", R"(try error("x") catch true)",
        R"(.n | IN([1,2,3]))", R"(input_filename == null)", R"($__loc__.line == 1)",
        R"([inputs] == [])", R"(true, halt)", R"("x" | debug | stderr | . == "x")"})
    EXPECT_EQ(verdict(program, R"({"m":"A paanic","n":[1,2,3]})"), match) << program;
}

TEST(Filter, ARuntimeErrorIsNoMatchWhateverCameBefore) {
  for (const char* program : {".a.b", "error(\"x\")", "true, error(\"x\")", "input",
                              R"("x" | test("("))", "true, [] | has(\"a\")"})
    EXPECT_EQ(verdict(program, R"({"a":"text"})"), failed) << program;
  EXPECT_EQ(verdict("halt", "{}"), no);
  EXPECT_EQ(verdict("halt_error", "{}"), no);
}

TEST(Filter, TheFirstRuntimeErrorIsToldOnce) {
  Filter filter = filter_of({".a", ".b.c == 1"});
  EXPECT_THAT(
      judge(filter, {R"({"a":false})", R"({"a":true,"b":"s"})", R"({"a":true,"b":7})"}).verdicts,
      ElementsAre(no, failed, failed));
  const auto error = filter.take_first_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->seq, 2u);
  EXPECT_EQ(error->program, ".b.c == 1");
  EXPECT_EQ(error->text, "Cannot index string with string \"c\"");
  EXPECT_FALSE(filter.take_first_error());
  judge(filter, {R"({"a":true,"b":"s"})"});
  EXPECT_FALSE(filter.take_first_error());
}

TEST(Filter, AllProgramsMustHoldAndTheFirstThatDoesNotIsTheLast) {
  Filter filter = filter_of({".a", ".b", "if .c then error(\"seen\") else true end"});
  EXPECT_THAT(judge(filter, {R"({"a":true,"b":true})", R"({"a":true,"b":false,"c":true})",
                             R"({"a":false,"b":true,"c":true})", R"({"a":true,"b":true,"c":true})"})
                  .verdicts,
              ElementsAre(match, no, no, failed));
}

TEST(Filter, AnythingElseThanABooleanIsUsageAtThatMessage) {
  Filter filter = filter_of({".a"});
  const Judged judged =
      judge(filter, {R"({"a":true})", R"({"a":null})", R"({"a":{"x":1}})", R"({"a":true})"});
  EXPECT_THAT(judged.verdicts, ElementsAre(match, no)) << "what comes before it is judged";
  ASSERT_TRUE(judged.error);
  EXPECT_EQ(judged.error->kind(), ErrorKind::Usage);
  EXPECT_EQ(judged.error->message(), "filter expression must yield booleans");
  EXPECT_EQ(judged.error->seq(), 3u);
  EXPECT_THAT(judged.error->causes(), ElementsAre(R"(`.a` yields {"x":1})"));
  EXPECT_THAT(judged.error->hint(), HasSubstr("=="));
  for (const char* program :
       {"", ".", "1", "\"x\"", "[]", "select(true)", ".a = 1", "#", "true, 1"})
    EXPECT_EQ(judging_failure(program).message(), "filter expression must yield booleans")
        << program;
}

TEST(Filter, WhatDoesNotCompileIsUsage) {
  for (const char* program :
       {".a ==", "foo(1)", "$x", ")", "{", "\"", "import \"nowhere\" as x; true",
        "include \"nowhere\"; true", "break", "$__prog_args", "true;", "[.a"}) {
    const Error error = compile_failure(program);
    EXPECT_EQ(error.kind(), ErrorKind::Usage) << program;
    EXPECT_EQ(error.message(), "invalid filter expression") << program;
    EXPECT_THAT(error.causes().front(), HasSubstr(program));
  }
  EXPECT_THAT(compile_failure(".a |\n foo(1)").causes(),
              ElementsAre("`.a |\n foo(1)`: foo/1 is not defined at line 2: foo(1)"));
}

TEST(Filter, NumbersAreDoubles) {
  EXPECT_EQ(verdict(".n == 9007199254740993", R"({"n":9007199254740992})"), match);
  EXPECT_EQ(verdict(".n == 1e400", R"({"n":1e400})"), match);
  EXPECT_EQ(verdict(".n == 0.1", R"({"n":0.1})"), match);
  EXPECT_EQ(
      verdict(".n > 18446744073709551615", R"({"n":340282366920938463463374607431768211456})"),
      match);
}

TEST(Filter, JudgesBatchAfterBatch) {
  Filter filter = filter_of({".n % 3 == 0"});
  for (int batch = 0; batch < 5; ++batch) {
    for (int i = 0; i < 3000; ++i) filter.add(1, "{\"n\":" + std::to_string(i) + "}");
    EXPECT_EQ(filter.undecided(), 3000u);
    const Judged judged = judge(filter);
    ASSERT_THAT(judged.verdicts, SizeIs(3000));
    for (size_t i = 0; i < 3000; ++i) EXPECT_EQ(judged.verdicts[i], i % 3 == 0 ? match : no);
  }
}

TEST(Filter, TakesMessagesOfEverySize) {
  Filter filter = filter_of({".n | length > 2"});
  std::vector<std::string> texts;
  for (const size_t size : {0u, 1u, 2u, 3u, 64u, 65'536u, 200'000u, 4'000'000u, 3u})
    texts.push_back(R"({"n":")" + std::string(size, 'x') + "\"}");
  EXPECT_THAT(judge(filter, texts).verdicts,
              ElementsAre(no, no, no, match, match, match, match, match, match));
}

TEST(Filter, TextThatIsNotJsonFailsAndHarmsNoOther) {
  Filter filter = filter_of({"true"});
  EXPECT_THAT(judge(filter, {"{}", "{", "", "\xff", "{}"}).verdicts,
              ElementsAre(match, failed, failed, failed, match));
  EXPECT_THAT(filter.take_first_error()->text, HasSubstr("not JSON"));
}

TEST(Filter, ADeadlineThatPassesGivesNoVerdict) {
  Filter filter = filter_of({"last(range(300000)) > 1"});
  filter.add(1, "{}");
  const auto none = filter.judge(std::chrono::steady_clock::now());
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(filter.undecided(), 1u);
  EXPECT_THAT(judge(filter).verdicts, ElementsAre(match));
}

TEST(Filter, SlowVerdictsComeOneByOne) {
  Filter filter = filter_of({"last(range(200000)) > 1"});
  for (uint64_t i = 1; i <= 8; ++i) filter.add(i, "{}");
  const auto first = filter.judge(kForever);
  ASSERT_TRUE(first);
  EXPECT_THAT(*first, Each(match));
  EXPECT_LT(first->size(), 8u) << "all of them were waited for";
  EXPECT_THAT(judge(filter).verdicts, SizeIs(8 - first->size()));
}

TEST(Filter, WhatNeverEndsIsUsageAtThatMessage) {
  for (const char* program :
       {"def f: f; f", "repeat(true)", "last(range(1e9)) == 1", R"("abc" | gsub("^"; "x") == "")",
        "[limit(1; repeat(empty))] == []", "until(false; .)"}) {
    const Error error = judging_failure(program);
    EXPECT_EQ(error.kind(), ErrorKind::Usage) << program;
    EXPECT_EQ(error.message(), "filter expression took too long") << program;
    EXPECT_EQ(error.seq(), 1u);
    EXPECT_THAT(error.causes(), ElementsAre("`" + std::string(program) +
                                            "` took more than 0.2 s of processor time"));
  }
}

TEST(Filter, MessagesBeforeTheOneThatNeverEndsAreJudged) {
  Filter filter = filter_of({"if .n == 3 then last(range(1e9)) == 1 else true end"}, kSmall);
  const Judged judged = judge(filter, {R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})"});
  EXPECT_THAT(judged.verdicts, ElementsAre(match, match));
  ASSERT_TRUE(judged.error);
  EXPECT_EQ(judged.error->seq(), 3u);
}

TEST(Filter, SlowMessagesDoNotAddUp) {
  Filter filter = filter_of({"last(range(100000)) > 1"},
                            {.memory_bytes = 128u << 20, .cpu_time = std::chrono::seconds(1)});
  std::vector<std::string> texts(200, "{}");
  const Judged judged = judge(filter, texts);
  EXPECT_FALSE(judged.error);
  EXPECT_THAT(judged.verdicts, SizeIs(200));
}

TEST(Filter, WhatIsTooMuchToCompileIsUsage) {
  for (const char* part : {"[", "(", "{a:", "-", "def f: ", "if true then ", "\"\\("}) {
    std::string program;
    while (program.size() < kMaxFilterProgramBytes - 20) program += part;
    const Error error = compile_failure(program, kSmall);
    EXPECT_EQ(error.kind(), ErrorKind::Usage) << error.message();
    EXPECT_FALSE(error.seq());
  }
}

#ifndef PLASMITE_SANITIZED
TEST(Filter, WhatEatsMemoryIsUsageAtThatMessage) {
  for (const char* program : {"[range(1e9)] == []", "null | .[100000000] = 1 | false",
                              "def f: 1 + f; f == 1", R"("abc" | indices("") == [])"}) {
    FilterLimits limits = kSmall;
    limits.cpu_time = std::chrono::seconds(60);
    const Error error = judging_failure(program, limits);
    EXPECT_EQ(error.message(), "filter expression needs too much memory") << program;
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_EQ(error.seq(), 1u);
    EXPECT_THAT(error.causes().front(), HasSubstr("128 MiB"));
  }
}

TEST(Filter, AMessageThatDoesNotFitIsUsageAtThatMessage) {
  Filter filter = filter_of({"true"}, kSmall);
  const Judged judged = judge(filter, {"{}", "\"" + std::string(200u << 20, 'x') + "\"", "{}"});
  ASSERT_TRUE(judged.error);
  EXPECT_EQ(judged.error->message(), "filter expression needs too much memory");
  EXPECT_EQ(judged.error->seq(), 1u) << "of the batch that did not fit";
}
#endif

TEST(Filter, WhatCrashesLibjqIsUsageAtThatMessage) {
  FilterLimits limits;
  limits.cpu_time = std::chrono::seconds(60);
  const Error error = judging_failure("reduce range(2000000) as $i (null; [.]) | false", limits);
  EXPECT_EQ(error.kind(), ErrorKind::Usage);
  EXPECT_EQ(error.message(), "filter expression made jq crash");
  EXPECT_EQ(error.seq(), 1u);
}

pid_t only_child() {
  pid_t child = 0;
  std::ifstream("/proc/thread-self/children") >> child;
  EXPECT_GT(child, 0);
  return child;
}

// Only a message that breaks a fresh process is to blame.
TEST(Filter, AProcessThatDiesIsReplacedAndNothingIsJudgedTwiceOrLost) {
  Filter filter = filter_of({".n > 1"});
  EXPECT_THAT(judge(filter, {R"({"n":2})"}).verdicts, ElementsAre(match));
  for (int round = 0; round < 3; ++round) {
    kill(only_child(), SIGKILL);
    EXPECT_THAT(judge(filter, {R"({"n":1})", R"({"n":2})", R"({"n":3})"}).verdicts,
                ElementsAre(no, match, match));
  }
}

TEST(Filter, AProcessThatDiesWithinABatchIsReplacedBehindTheLastVerdict) {
  Filter filter = filter_of({"last(range(200000)) > 1 and .n % 3 == 0"});
  std::vector<FilterVerdict> expected;
  for (uint64_t n = 1; n <= 8; ++n) {
    filter.add(n, R"({"pad":")" + std::string(n, 'x') + R"(","n":)" + std::to_string(n) + "}");
    expected.push_back(n % 3 == 0 ? match : no);
  }
  const auto some = filter.judge(kForever);
  ASSERT_TRUE(some);
  std::vector<FilterVerdict> verdicts(some->begin(), some->end());
  ASSERT_LT(verdicts.size(), expected.size());
  kill(only_child(), SIGKILL);
  const Judged rest = judge(filter);
  EXPECT_FALSE(rest.error);
  verdicts.insert(verdicts.end(), rest.verdicts.begin(), rest.verdicts.end());
  EXPECT_EQ(verdicts, expected);
}

TEST(Filter, LeavesNoProcessBehind) {
  {
    Filter filter = filter_of({"true"});
  }
  {
    compile_failure(")");
  }
  {
    judging_failure("1");
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace plasmite
