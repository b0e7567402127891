#include "sources/json_values.h"

#include "tests/support/framing_fixture.h"

namespace plasmite {
namespace {

class JsonValuesTest : public FramingTest {};

TEST_F(JsonValuesTest, ASequenceIsCutAtItsSeparators) {
  const FramingRun run =
      skip("\x1E{\"a\":1}\n\x1E{\n \"b\": 2\n}\n\x1E{\"c\":3}", Framing::sequence);
  EXPECT_EQ(run.stored, (Texts{"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"}));
  EXPECT_EQ(run.failed, 0u);
}

TEST_F(JsonValuesTest, TheFirstSeparatorIsOptionalAndEmptyRecordsAreNone) {
  const FramingRun run = skip("{\"a\":1}\x1E\x1E\n\x1E \t\x1E{\"b\":2}\n\x1E", Framing::sequence);
  EXPECT_EQ(run.stored, (Texts{"{\"a\":1}", "{\"b\":2}"}));
  EXPECT_EQ(run.records, 2u);
}

TEST_F(JsonValuesTest, ATruncatedRecordOfASequenceCostsItselfOnly) {
  for (const std::string cut :
       {"{\"a\":", "{\"a\":1", "{\"a\":\"x", "{\"a\":tr", "{\"a\":\"\\", "[1,", "{"}) {
    const FramingRun run = skip("\x1E" + cut + "\x1E{\"b\":2}\n\x1E" + cut, Framing::sequence);
    EXPECT_EQ(run.stored, Texts{"{\"b\":2}"}) << cut;
    ASSERT_EQ(run.skipped.size(), 2u) << cut;
    EXPECT_NE(run.skipped[0].find("the text ends too early"), std::string::npos) << run.skipped[0];
    EXPECT_NE(run.skipped[0].find("#1 line - at 1 seq Parse"), std::string::npos) << run.skipped[0];
    EXPECT_NE(run.skipped[0].find("<" + cut + ">"), std::string::npos) << run.skipped[0];
  }
}

TEST_F(JsonValuesTest, ANumberThatMayBeCutOffIsToldFromAWholeOne) {
  const FramingRun run = skip(
      "\x1E"
      "12\x1E"
      "12\n\x1E{}\x1E"
      "12",
      Framing::sequence);
  ASSERT_EQ(run.skipped.size(), 3u);
  EXPECT_NE(run.skipped[0].find("may be cut off"), std::string::npos);
  EXPECT_NE(run.skipped[1].find("data must be object"), std::string::npos);
  EXPECT_NE(run.skipped[2].find("may be cut off"), std::string::npos);
}

TEST_F(JsonValuesTest, ABrokenRecordOfASequenceEndsAtTheNextSeparator) {
  const FramingRun run =
      skip("\x1E{oops} {\"no\":1}\n\x1E{\"a\":1} junk\n{}\x1E{\"b\":2}\n", Framing::sequence);
  EXPECT_EQ(run.stored, (Texts{"{\"a\":1}", "{\"b\":2}"}));
  EXPECT_EQ(run.failed, 2u);
}

TEST_F(JsonValuesTest, BytesThatAreNotUtf8AreReplacedInASequence) {
  const FramingRun run =
      stop("\x1E{\"a\":\"x\xFF\"}\n\x1E{\"b\":\"\xE2\x82\"}\x1E\xFF", Framing::sequence);
  EXPECT_EQ(run.stored, (Texts{"{\"a\":\"x\xEF\xBF\xBD\"}", "{\"b\":\"\xEF\xBF\xBD\"}"}));
  EXPECT_EQ(run.error.substr(0, 25), "Usage invalid json input ");
}

TEST_F(JsonValuesTest, StopSaysWhichRecordAndWhere) {
  const FramingRun run = stop("\x1E{\"a\":1}\n\x1E{\"b\" 2}\n\x1E{\"c\":3}\n", Framing::sequence);
  EXPECT_EQ(run.stored, Texts{"{\"a\":1}"});
  EXPECT_TRUE(run.error.starts_with(
      "Usage invalid json input at 10; record 2: ':' is expected after a key at byte 5; "))
      << run.error;
}

TEST_F(JsonValuesTest, ConcatenatedValuesNeedNothingBetween) {
  const FramingRun run =
      stop("{\"a\":1}{\"b\":{}}\n{\n\"c\":[\n]}\t{\"d\":\"}{\"}", Framing::values);
  EXPECT_EQ(run.stored, (Texts{"{\"a\":1}", "{\"b\":{}}", "{\"c\":[]}", "{\"d\":\"}{\"}"}));
  EXPECT_EQ(run.error, "");
}

TEST_F(JsonValuesTest, ValuesThatAreNoObjectsAreRefusedOneByOne) {
  const FramingRun run = skip("1 true[2]\"x\"{\"a\":1}null -3{}4", Framing::values);
  EXPECT_EQ(run.stored, (Texts{"{\"a\":1}", "{}"}));
  EXPECT_EQ(run.failed, 7u);
}

TEST_F(JsonValuesTest, AfterABrokenValueNothingCanBeTrusted) {
  const FramingRun run = skip("{\"a\":1} {\"b\":} {\"c\":3}", Framing::values);
  EXPECT_EQ(run.stored, Texts{"{\"a\":1}"});
  EXPECT_EQ(run.failed, 1u);
}

TEST_F(JsonValuesTest, BadUtf8AmongConcatenatedValuesIsABadValue) {
  EXPECT_EQ(stop("{\"a\":\"\xFF\"}", Framing::values).error.substr(0, 24),
            "Usage invalid json input");
  EXPECT_EQ(stop("{\"a\":\"\xFF\"}", Framing::value).error.substr(0, 24),
            "Io input is not UTF-8 at");
  EXPECT_EQ(stop("{\"a\":1\xC3\xA4}", Framing::value).error.substr(0, 24),
            "Usage invalid json input");
  EXPECT_EQ(stop("{\"a\":1\xFF}", Framing::value).error.substr(0, 24), "Io input is not UTF-8 at");
}

TEST_F(JsonValuesTest, ASingleValueIsTheWholeInput) {
  EXPECT_EQ(stop("\n {\n\"a\" : 1\n}\n\n", Framing::value).stored, Texts{"{\"a\":1}"});
  EXPECT_EQ(stop(" \n", Framing::value).records, 0u);
  const FramingRun two = stop("{\"a\":1}\n{\"b\":2}\n", Framing::value);
  EXPECT_EQ(two.stored, Texts{});
  EXPECT_NE(two.error.find("more text follows the value"), std::string::npos);
  EXPECT_NE(two.error.find("--in jq"), std::string::npos);
  EXPECT_EQ(skip("{\"a\":1} x {\"b\":2} y", Framing::value).failed, 1u);
  EXPECT_EQ(skip("{\"a\":", Framing::value).failed, 1u);
}

TEST_F(JsonValuesTest, AnOversizedValueCostsItselfOnly) {
  const std::string large = "{\"a\":\"" + std::string(100, 'x') + "\"}";
  const std::string fits = "{\"a\":\"" + std::string(24, 'x') + "\"}";
  ASSERT_EQ(fits.size(), 32u);
  for (const Framing framing : {Framing::values, Framing::sequence}) {
    const std::string separator = framing == Framing::sequence ? "\x1E" : "";
    const FramingRun run =
        skip(separator + fits + separator + large + separator + "{\"b\":2}\n", framing, 32);
    EXPECT_EQ(run.stored, (Texts{fits, "{\"b\":2}"}));
    ASSERT_EQ(run.skipped.size(), 1u);
    EXPECT_NE(run.skipped[0].find("Oversize: record exceeds size limit"), std::string::npos);
    EXPECT_NE(run.skipped[0].find("<" + large.substr(0, 33) + ">"), std::string::npos);
  }
  EXPECT_EQ(skip(large + " {} x", Framing::value, 32).failed, 1u);
}

TEST_F(JsonValuesTest, NestingIsLimitedBeforeTheValueEnds) {
  const FramingRun run = skip("\x1E" + std::string(50'000, '[') + "\x1E{}", Framing::sequence);
  EXPECT_EQ(run.stored, Texts{"{}"});
  ASSERT_EQ(run.skipped.size(), 1u);
  EXPECT_NE(run.skipped[0].find("containers are nested too deep at byte 128"), std::string::npos);
}

// The closing bracket is enough: a slow producer's record does not wait for its next one.
TEST_F(JsonValuesTest, ARecordIsStoredAtItsClosingBracket) {
  for (const Framing framing : {Framing::sequence, Framing::values}) {
    const std::string record = framing == Framing::sequence ? "\x1E{\"a\":1}" : "{\"a\":1}";
    int fds[2];
    ASSERT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    const UniqueFd read_end(fds[0]), write_end(fds[1]);
    Appender appender(*pool_, {});
    JsonSource source(appender, framing, {});
    for (uint64_t n = 1; n <= 3; ++n) {
      ASSERT_EQ(::write(write_end.get(), record.data(), record.size()),
                static_cast<ssize_t>(record.size()));
      ASSERT_TRUE(source.pump(read_end.get()));
      EXPECT_EQ(appender.records_committed(), n);
    }
  }
}

}  // namespace
}  // namespace plasmite
