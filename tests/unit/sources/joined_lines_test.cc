// JSON Lines where a record may span lines, as `--in auto` reads them.
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstring>

#include "sources/json_lines.h"
#include "tests/support/framing_fixture.h"

namespace plasmite {
namespace {

class JoinedLinesTest : public FramingTest {
 protected:
  FramingRun skip_lines(const std::string& text, size_t limit = kMaxRecordBytes) {
    return skip(text, Framing::joined_lines, limit);
  }
};

TEST_F(JoinedLinesTest, ARecordMaySpanLines) {
  const FramingRun run = stop(
      "{\n  \"a\": [\n    {\"b\": 1},\n\n    {}\n  ]\n}\n{\"c\":2}\n{\r\n\"d\":3}\r\n  {\"e\":\n4} "
      " ",
      Framing::joined_lines);
  EXPECT_EQ(run.stored, (Texts{"{\"a\":[{\"b\":1},{}]}", "{\"c\":2}", "{\"d\":3}", "{\"e\":4}"}));
  EXPECT_EQ(run.error, "");
}

TEST_F(JoinedLinesTest, RowsThatAreNotIndentedBelongToTheirRecord) {
  const FramingRun run =
      stop("{\"rows\":[\n{\"id\":1},\n{\"id\":2}\n]}\n{}\n", Framing::joined_lines);
  EXPECT_EQ(run.stored, (Texts{"{\"rows\":[{\"id\":1},{\"id\":2}]}", "{}"}));
}

TEST_F(JoinedLinesTest, ATruncatedRecordDoesNotTakeItsNeighbourAlong) {
  for (const std::string cut :
       {"{\"a\":", "{\"a\":[", "{\"a\":[1,", "{\"a\":1,", "{\"a\":1", "{", "[", "{\"a"}) {
    const FramingRun run = skip_lines("{\"n\":0}\n" + cut + "\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    EXPECT_EQ(run.stored, (Texts{"{\"n\":0}", "{\"n\":1}", "{\"n\":2}", "{\"n\":3}"})) << cut;
    ASSERT_EQ(run.skipped.size(), 1u) << cut;
    EXPECT_TRUE(run.skipped[0].starts_with("#2 line 2 at 8 jsonl Parse")) << run.skipped[0];
    EXPECT_NE(run.skipped[0].find("<" + cut + ">"), std::string::npos) << run.skipped[0];
  }
}

TEST_F(JoinedLinesTest, SoDoManyTruncatedRecordsAndTheEndOfInput) {
  const FramingRun run =
      skip_lines("{\"a\":\n{\"b\":\n{\"n\":1}\n{\"c\":\n{\"n\":2}\n\n{\"d\":\n{\"n\":3}");
  EXPECT_EQ(run.stored, (Texts{"{\"n\":1}", "{\"n\":2}", "{\"n\":3}"}));
  EXPECT_EQ(run.failed, 4u);
  EXPECT_TRUE(run.skipped[3].starts_with("#6 line 7 at ")) << run.skipped[3];
}

TEST_F(JoinedLinesTest, PiecesOfABrokenRecordAreNoRecords) {
  for (const char* defect : {"NaN", "", "1 2", "'x'"}) {
    const FramingRun run = skip_lines(std::string("{\n  \"x\": ") + defect +
                                      ",\n  \"list\": [\n    {\"id\": 1},\n    {\"id\": 2}\n  ],\n"
                                      "  \"more\":\n  {\n    \"id\": 3\n  }\n}\n{\"ok\":1}\n");
    EXPECT_EQ(run.stored, Texts{"{\"ok\":1}"}) << defect;
    EXPECT_EQ(run.failed, 1u) << defect;
  }
  EXPECT_EQ(skip_lines("{\"x\": NaN,\n  \"list\": [\n    {\"id\": 1}\n  ]\n}\n{\"ok\":1}\n").stored,
            Texts{"{\"ok\":1}"});
}

TEST_F(JoinedLinesTest, ABadLineThatIsClosedIsOneLine) {
  const FramingRun run = skip_lines("{\"a\" 1}\nnope\n{\"b\":2} {}\n[1]\n{\"c\":3}\n");
  EXPECT_EQ(run.stored, Texts{"{\"c\":3}"});
  EXPECT_EQ(run.failed, 4u);
}

TEST_F(JoinedLinesTest, StopKnowsABadRecordAtTheLineThatBreaksIt) {
  const FramingRun run =
      stop("{\"n\":1}\n{\n \"a\": 1,\n \"b\" 2\n}\n{\"n\":2}\n", Framing::joined_lines);
  EXPECT_EQ(run.stored, Texts{"{\"n\":1}"});
  EXPECT_TRUE(run.error.starts_with(
      "Usage invalid json input at 8; line 2: ':' is expected after a key at byte 16"))
      << run.error;
  EXPECT_TRUE(
      stop("[\n1\n]\n", Framing::joined_lines).error.starts_with("Usage data must be object at 0"));
  EXPECT_TRUE(
      stop("{\"a\":\n", Framing::joined_lines)
          .error.starts_with("Usage invalid json input at 0; line 1: the text ends too early"));
}

TEST_F(JoinedLinesTest, TheLimitCountsForAllLinesTogether) {
  const std::string x(20, 'x');
  const std::string fits = "{\"a\":1,\n\"b\":\"" + x + "\"}";
  const std::string large =
      "{\"a\":\"" + x + "\",\n \"b\":\"" + x + "\",\n \"c\":[\n {\"no\":1}\n ]\n}";
  const FramingRun run = skip_lines(fits + "\n" + large + "\n" + fits + "\n", fits.size());
  EXPECT_EQ(run.stored, Texts(2, "{\"a\":1,\"b\":\"" + x + "\"}"));
  ASSERT_EQ(run.skipped.size(), 1u);
  EXPECT_TRUE(run.skipped[0].starts_with("#2 line 3 at 36 jsonl Oversize")) << run.skipped[0];
}

TEST_F(JoinedLinesTest, ALongLineMayBeginOrGoOnARecordThatIsTooLong) {
  const std::string x(400'000, 'x');  // more than a LineBuffer hands out in one piece
  const std::string long_first = "{\"a\":\"" + x + "\",\n\"b\":{\n\"c\":1\n}}\n";
  const std::string long_later = "{\"a\":\n\"" + x + "\",\n\"b\":1}\n";
  const std::string cut_before = "{\"a\":\n{\"n\":1}\n{\"b\":\"" + x + "\"}\n";
  const std::string cut_long = "{\"a\":\"" + x + "\n{\"n\":2}\n";
  const std::string text = long_first + long_later + cut_before + cut_long + "{\"n\":3}\n";
  const UniqueFd file(::memfd_create("joined_lines_test", MFD_CLOEXEC));
  ASSERT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  Appender appender(*pool_, {});
  std::vector<std::string> skipped;
  JsonSource source(
      appender, Framing::joined_lines,
      {.on_bad_record = OnBadRecord::skip,
       .max_record_bytes = 1000,
       .on_skip = [&](const SkippedRecord& record) {
         skipped.push_back(std::to_string(record.index) + " " + std::string(record.error_kind));
       }});
  auto progress = source.pump(file.get());
  while (progress && *progress == JsonSource::Progress::data) progress = source.pump(file.get());
  ASSERT_TRUE(progress);
  EXPECT_EQ(skipped, (Texts{"1 Oversize", "2 Oversize", "3 Parse", "5 Oversize", "6 Oversize"}));
  EXPECT_EQ(appender.records_committed(), 3u);
}

// The work is counted, not timed: lines that a waiting record already has are not looked at again.
TEST_F(JoinedLinesTest, TheCostIsLinear) {
  Appender appender(*pool_, {});
  const auto cost = [&](const std::string& text) {
    RecordIntake intake(appender, {.on_bad_record = OnBadRecord::skip});
    JsonLines lines(intake, /*joins_lines=*/true);
    LineBuffer buffer(kMaxRecordBytes, text.size());
    const UniqueFd file(::memfd_create("joined_lines_test", MFD_CLOEXEC));
    EXPECT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    EXPECT_TRUE(buffer.fill(file.get()));
    while (const auto piece = buffer.next())
      EXPECT_TRUE(lines.take(*piece, {.offset = buffer.offset(), .line = buffer.line_number()}));
    EXPECT_TRUE(lines.finish());
    EXPECT_TRUE(intake.commit());
    return lines.bytes_scanned();
  };
  std::string rows = "{\"rows\":[\n", pretty = "{\n", openers;
  for (int i = 0; i < 30'000; ++i) {
    rows += "{\"id\":" + std::to_string(i) + "},\n";
    pretty += "  \"k" + std::to_string(i) + "\": [\n 1\n ],\n";
    openers += "{\"a\":\n";
  }
  EXPECT_LE(cost(rows + "{}]}\n"), rows.size() + 10);
  EXPECT_LE(cost(pretty + "\"z\":1}\n"), pretty.size() + 10);
  // Broken at the very end: the rows are taken again, once.
  EXPECT_LE(cost(rows + "}\n"), 2 * rows.size() + 10);
  EXPECT_LE(cost(rows), 2 * rows.size() + 10);
  // The worst there is: each line begins a record inside of the one before.
  EXPECT_LE(cost(openers), (kMaxJsonDepth + 1) * openers.size());
}

TEST_F(JoinedLinesTest, MemoryStaysBoundedWhateverHasNoEnd) {
  const auto peak_kib = [] {
    rusage usage;
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const std::pair<const char*, const char*> endless[] = {{"{\"a\":\"", "xxxxxxxxxxxxxxxx"},
                                                         {"{\"a\":[\n1", ",\n1, 1, 1, 1, 1, 1"},
                                                         {"\x1E{\"a\":\"", "xxxxxxxxxxxxxxxx"},
                                                         {"data: {\"a\":\"", "xxxxxxxxxxxxxxxx"},
                                                         {"data: 1\n", "data: 1\ndata:\n"},
                                                         {":", "xxxxxxxxxxxxxxxx"},
                                                         {"{", "\n\n\n\n        \n"},
                                                         {"[", "[[[[[[[[[[[[[["},
                                                         {"\n", "                "},
                                                         {"{\"a\":\n", "{\"a\":\n{\"b\":1}\n"}};
  for (const auto& [begin, repeated] : endless) {
    // 64 MiB: one block, many times.
    std::string block;
    while (block.size() < (64u << 10)) block += repeated;
    int fds[2];
    ASSERT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    ::fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
    const UniqueFd read_end(fds[0]);
    UniqueFd write_end(fds[1]);
    Appender appender(*pool_, {});
    JsonSource source(appender, Framing::detect, {.on_bad_record = OnBadRecord::skip});
    ASSERT_GT(::write(write_end.get(), begin, std::strlen(begin)), 0);
    ASSERT_TRUE(source.pump(read_end.get()));
    long before = 0;
    for (size_t written = 0; written < (64u << 20); written += block.size()) {
      ASSERT_EQ(::write(write_end.get(), block.data(), block.size()),
                static_cast<ssize_t>(block.size()));
      ASSERT_TRUE(source.pump(read_end.get())) << begin;
      if (written < (8u << 20)) before = peak_kib();
    }
    write_end.reset();
    ASSERT_TRUE(source.pump(read_end.get())) << begin;
    EXPECT_LT(peak_kib() - before, 16 << 10) << begin;
  }
}

}  // namespace
}  // namespace plasmite
