// Every way to cut an input into reads gives the same records, the same notices and the same error.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/pool/pool.h"
#include "tests/support/framing_run.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

constexpr size_t kMaxRecord = 48;

std::string nested(size_t depth) {
  return "{\"d\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
}

// Recorded inputs of every kind, with LF as their line ends; '^' stands for a record separator.
// long: a table.
std::vector<std::string> recorded() {
  using namespace std::string_literals;
  std::vector<std::string> inputs = {
      "{}",
      "{}\n",
      "{\"a\":1}\n{\"b\":2}\n",
      "\n\n {\"a\":1} \n\t\n{\"b\":2}",
      "{\"a\":\"x y\"}\n{\"a\":\"\\\"}{\\\\\"}\n{\"a\":\"\\u00e4\\ud834\\udd1e\"}\n",
      "{\n  \"a\": 1,\n  \"b\": [\n    {\"c\": 2},\n    {}\n  ]\n}\n{\"d\":4}\n",
      "{\n\"a\":\n{\n\"b\":1\n}\n}\n{\"c\":2}\n",
      "{\"rows\":[\n{\"id\":1},\n{\"id\":2}\n]}\n{\"z\":0}\n",
      "{\"a\":\n{\"b\":2}\n{\"c\":3}\n",
      "{\"a\":[\n{\"b\":2}\n{\"c\":3}\n{\"d\":4}\n",
      "{\"a\":\n{\"b\":\n{\"c\":\n{\"d\":4}\n{\"e\":5}\n",
      "{\"a\":1,\n",
      "{\"a\":1,\n\n\n}\n{}\n",
      "{oops\nnope\n{\"n\":1}\n",
      "{oops}\nnope\n{\"n\":1}\n",
      "  {\n  NaN\n  {}\n }\n {\"x\":1}\n",
      "{\"x\":NaN,\n  \"l\":[\n    {\"id\":1},\n    {}\n  ]\n}\n{\"ok\":1}\n",
      "[1,\n2]\n{\"a\":1}\n",
      "[1]\n12\ntrue\n\"s\"\n{\"a\":1}\n",
      "{\"a\":1} {\"b\":2}\n{}\n",
      "{\"a\":1}{\"b\":2}\n {\"c\":3}{}",
      "{\"a\" 1}\n{\"b\":2}",
      "{\"a\":1}}\n{\"b\":2}",
      "1 2 {\"a\":3}",
      "12{\"a\":3}-",
      "truefalse{}",
      "nul",
      "tru\n{}",
      "{\"a\":t\nrue}\n{}\n",
      "{\"n\":1e400,\"m\":-0.0e-7,\"k\":123456789012345678901234567890}\n",
      "{\"n\":01}\n{\"n\":1.}\n{\"n\":+1}\n{\"n\":-}\n{\"n\":1}\n",
      "{\"a\":1,\"a\":2,\"a\":{\"a\":3,\"a\":4}}\n",
      "{\"a\":\"\xC3\xA4\xE2\x82\xAC\xF0\x9D\x84\x9E\"}\n",
      "{\"a\":\"\xFF\"}\n{\"b\":1}\n",
      "{\"a\":\"\xE2\x82\"}\n{\"b\":1}\n",
      "\xC3\xA4\n{}\n",
      "{\xC3\xA4}\n{}\n",
      "\xFF\n{\"a\":1}\n",
      "\xEF\xBB",
      "\xEF\xBB{}\n",
      "\xEF\xBB\xBF\xEF\xBB\xBF{}\n",
      "{\"a\":\"\0\"}\n\0\n{\"b\":1}\0{}\n"s,
      "{\"a\":\"\x01\"}\n{\"b\":1}\n",
      "^{\"a\":1}\n^{\"b\":2}\n",
      "^{\"a\":1}^{\"b\":2}^",
      "^^\n^ ^{\"a\":1}\n\n^",
      "{\"a\":1}\n^{\"b\":2}\n",
      "{\"a\":1}^{\"b\":2}",
      "{\"a\":\n1}^{\"b\":2}\n",
      "{\"a\":\n^{\"b\":2}\n",
      "{\n{\n\n^{\"b\":2}\n",
      "^{\"a\":^{\"b\":2}\n^{\"c\":\"x^{\"d\":4}",
      "^12^13\n^true^{\"a\":1}",
      "^{\"a\":1}x\n{}^{\"b\":2}",
      "^{\"a\":tr^{\"b\":2}\n^{\"c\":\"\xFF\xE2\x82\"}\n",
      "^{\n \"a\": [\n1,\n2]\n}\n^{}\n",
      "^{\"a\" 1}\n{}^{}",
      "{}\n{}\n{}\n{}\n{}\n{}\n{}\n^{\"a\":1}\n",
      "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n^{\"a\":1}\n",
      "data: {\"a\":1}\n\ndata: {\"b\":2}\n\n",
      ":hello\n\nevent: x\nid: 7\ndata:{\"a\":\ndata:1}\n\n",
      "retry: 50\n\nid: 1\ndata: {\"a\":1}\n\ndata: {\"par",
      "data\n\ndata:\n\ndata: \n\ndata:{}",
      "data: {\"a\":1}\nfoo: bar\nda: 1\ndataa: 2\n data: 3\ndata: \n\n\n\n: c\n\n",
      "data: [DONE]\n\ndata: {}\n\n",
      "id: a\nid\nevent\nretry: x\nretry: 12\ndata: {\"x\"\ndata: :1}\n\n",
      "dat",
      "data",
      "i",
      "event: x\n\n\n",
      "data: {\"a\":\"\xFF\"}\n\ndata: {\"b\":1}\n\n",
      "datum\n{}\n",
      "idle\n{}\n",
      "\n\n data: {}\n\n",
      "\n\ndata: {}\n\n",
      nested(127) + "\n{}\n",
      nested(128) + "\n{}\n",
      "{\"a\":\n" + nested(127) + "}\n{}\n",
  };
  const std::string x(kMaxRecord, 'x');
  for (const std::string& large :
       {"{\"a\":\"" + x + "\"}", x, "[\"" + x + x + x + "\"]",
        "{\n \"a\":\"" + x + "\",\n \"b\":1\n}", "{\"a\":\n" + x + "\n", "{\"a\":\"" + x,
        std::string(60, ' ') + "{}", "{\"a\":1" + std::string(60, ' ') + "}",
        "{\"a\":\n{\"b\":\"" + x + "\"}"}) {
    inputs.push_back("{\"b\":1}\n" + large + "\n{\"b\":2}\n");
    inputs.push_back("^{\"b\":1}\n^" + large + "\n^{\"b\":2}\n");
    inputs.push_back("data: {\"b\":1}\n\ndata: " + large + "\ndata: x\n\ndata: {\"b\":2}\n\n");
  }
  for (std::string& input : inputs)
    for (char& c : input)
      if (c == '^') c = kRecordSeparator;
  return inputs;
}

std::string with_line_ends(const std::string& text, std::string_view line_end) {
  std::string result;
  for (const char c : text) {
    if (c == '\n')
      result += line_end;
    else
      result += c;
  }
  return result;
}

class FramingCutsTest : public testing::TestWithParam<Framing> {
 protected:
  FramingCutsTest() {
    auto pool = Pool::create(dir_.path() / "pool.plasmite", {.size_bytes = 1u << 20});
    EXPECT_TRUE(pool.has_value());
    pool_.emplace(std::move(*pool));
  }

  // Cut at each place alone, everywhere, and at random.
  void check(const std::string& input, OnBadRecord policy) {
    const FramingSetting setting{.framing = GetParam(),
                                 .on_bad_record = policy,
                                 .max_record_bytes = input.size() > 200 ? 400 : kMaxRecord};
    const std::string_view text = input;
    const FramingRun whole = run_framing(*pool_, {text}, setting);
    ASSERT_EQ(whole.records, whole.failed + whole.stored.size() + (whole.error.empty() ? 0 : 1));
    std::vector<std::string_view> bytes;
    for (size_t cut = 0; cut < text.size(); ++cut) {
      bytes.push_back(text.substr(cut, 1));
      if (cut == 0) continue;
      compare(run_framing(*pool_, {text.substr(0, cut), text.substr(cut)}, setting), whole, input,
              cut);
    }
    compare(run_framing(*pool_, bytes, setting), whole, input, 0);
    for (int i = 0; i < 4; ++i) {
      std::vector<std::string_view> chunks;
      for (size_t at = 0; at < text.size();) {
        chunks.push_back(text.substr(at, 1 + random_() % 9));
        at += chunks.back().size();
      }
      compare(run_framing(*pool_, chunks, setting), whole, input, 0);
    }
  }

  static void compare(const FramingRun& cut, const FramingRun& whole, const std::string& input,
                      size_t at) {
    const std::string where = testing::PrintToString(input) + " cut at " + std::to_string(at);
    ASSERT_EQ(cut.stored, whole.stored) << where;
    ASSERT_EQ(cut.skipped, whole.skipped) << where;
    ASSERT_EQ(cut.error, whole.error) << where;
    ASSERT_TRUE(cut == whole) << where;
  }

  ScratchDir dir_;
  std::optional<Pool> pool_;
  std::minstd_rand random_{1};
};

TEST_P(FramingCutsTest, EveryWayToCutTheInputGivesTheSame) {
  size_t variants = 0;
  for (const std::string& text : recorded()) {
    for (const std::string& input :
         {text, with_line_ends(text, "\r\n"), with_line_ends(text, "\r"), "\xEF\xBB\xBF" + text}) {
      ++variants;
      for (const OnBadRecord policy : {OnBadRecord::stop, OnBadRecord::skip}) {
        check(input, policy);
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GE(variants, 200u);
}

std::string name_of(const testing::TestParamInfo<Framing>& info) {
  constexpr const char* kNames[] = {"Detect",   "Lines",  "Value",      "Values",
                                    "Sequence", "Events", "JoinedLines"};
  return kNames[static_cast<size_t>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(AllFramings, FramingCutsTest,
                         testing::Values(Framing::detect, Framing::lines, Framing::joined_lines,
                                         Framing::value, Framing::values, Framing::sequence,
                                         Framing::events),
                         name_of);

}  // namespace
}  // namespace plasmite
