// Cases named after the files of web-platform-tests/eventsource (format-*) that ask the same.
#include "sources/event_stream.h"

#include "tests/support/framing_fixture.h"

namespace plasmite {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// The events as "type|data", and the stream itself.
struct Parsed {
  Texts events;
  std::string id;
  std::optional<uint64_t> retry;
};

Parsed parse(std::string_view text, bool finish = false) {
  Parsed parsed;
  EventStream stream(1 << 20, {.offset = 0, .line = 1}, [&](const EventStream::Event& event) {
    parsed.events.push_back(std::string(event.type) + "|" + std::string(event.data));
    return Result<void>();
  });
  for (const char c : text) EXPECT_TRUE(stream.push({&c, 1}));
  if (finish) EXPECT_TRUE(stream.finish());
  parsed.id = stream.last_event_id();
  parsed.retry = stream.retry_ms();
  return parsed;
}

TEST(EventStream, FormatNewlines) {
  EXPECT_EQ(parse("data:test\r\ndata\ndata:test\r\n\r").events, Texts{"|test\n\ntest"});
  EXPECT_EQ(parse("data:a\r\rdata:b\n\ndata:c\r\n\r\n").events, (Texts{"|a", "|b", "|c"}));
}

TEST(EventStream, ACarriageReturnDispatchesAtOnce) {
  EXPECT_EQ(parse("data:a\r\r").events, Texts{"|a"});
  EXPECT_EQ(parse("data:a\n\r").events, Texts{"|a"});
}

TEST(EventStream, FormatComments) {
  const std::string comment = ":" + std::string(2049, 'x');
  EXPECT_EQ(parse("data:1\r:\0\n:\r\ndata:2\n"s + comment + "\rdata:3\n:data:fail\r" + comment +
                  "\ndata:4\n\n")
                .events,
            Texts{"|1\n2\n3\n4"});
}

TEST(EventStream, FormatFieldDataAndDataBeforeFinalEmptyLine) {
  EXPECT_EQ(parse("data:\n\ndata\ndata\n\ndata:test\n\n").events, (Texts{"|", "|\n", "|test"}));
  EXPECT_EQ(parse("retry:1000\ndata:test1\n\nid:test\ndata:test2").events, Texts{"|test1"});
  EXPECT_EQ(parse("data:test2", /*finish=*/true).events, Texts{"|test2"});
}

TEST(EventStream, FormatFieldEvent) {
  EXPECT_EQ(parse("event:test\ndata:x\n\ndata:x\n\n").events, (Texts{"test|x", "|x"}));
  EXPECT_EQ(parse("event: \ndata:data\n\n").events, Texts{"|data"});
  EXPECT_EQ(parse("event:test\n\ndata:x\n\n").events, Texts{"|x"});
}

TEST(EventStream, FormatFieldId) {
  EXPECT_EQ(parse("data:1\nid:\xE2\x80\xA6\n\n").id, "\xE2\x80\xA6");
  EXPECT_EQ(parse("id: 1\ndata:1\n\ndata:2\n\n").id, "1");
  EXPECT_EQ(parse("id: 1\ndata:1\n\nid\ndata:2\n\n").id, "");
  EXPECT_EQ(parse("id: 7\n\n").id, "7");
}

TEST(EventStream, FormatFieldIdNull) {
  EXPECT_EQ(parse(std::string("id:a\0\ndata:x\n\n", 14)).id, "");
  EXPECT_EQ(parse(std::string("id:a\n\nid:\0b\ndata:x\n\n", 20)).id, "a");
}

TEST(EventStream, FormatFieldParsing) {
  EXPECT_EQ(parse("data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\n"
                  "data:3\rdata:\r\n data:32\ndata:4\n\n"sv)
                .events,
            Texts{"|\0\n 2\n1\n3\n\n4"s});
}

TEST(EventStream, FormatFieldRetry) {
  EXPECT_EQ(parse("retry:03000\ndata:x\n\n").retry, 3000u);
  EXPECT_EQ(parse("retry:3000\nretry:1000x\ndata:x\n").retry, 3000u);
  EXPECT_EQ(parse("retry\ndata:test\n\n").retry, std::nullopt);
  EXPECT_EQ(parse("retry:-1\nretry:99999999999999999999\n").retry, std::nullopt);
}

TEST(EventStream, FormatFieldUnknownAndLeadingSpace) {
  EXPECT_EQ(
      parse("data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n")
          .events,
      Texts{"|test\n\ntest"});
  EXPECT_EQ(parse("data:\ttest\rdata: \ndata:test\n\n").events, Texts{"|\ttest\n\ntest"});
}

TEST(EventStream, FormatNullCharacterAndUtf8) {
  EXPECT_EQ(parse(std::string("data:\0\n\n\n\n", 10)).events, Texts{std::string("|\0", 2)});
  EXPECT_EQ(parse("data:ok\xE2\x80\xA6\n\n").events, Texts{"|ok\xE2\x80\xA6"});
}

TEST(EventStream, WhatDoesNotMatterIsNotHeld) {
  const std::string_view words[] = {"", ":", "unknown: ", "id: ", "event: ", "da"};
  const std::string megabyte(1 << 20, 'x');
  for (const std::string_view word : words) {
    EventStream stream(64, {}, [](const EventStream::Event&) { return Result<void>(); });
    ASSERT_TRUE(stream.push(word));
    for (int i = 0; i < 64; ++i) ASSERT_TRUE(stream.push(megabyte));
    ASSERT_TRUE(stream.push("\ndata: x\n\n"));
    EXPECT_EQ(stream.last_event_id(), "") << word;
  }
}

class EventRecordsTest : public FramingTest {};

TEST_F(EventRecordsTest, TheDataOfAnEventAreARecord) {
  const FramingRun run = stop(
      ": hi\nretry: 50\n\nid: 1\nevent: x\ndata: {\"a\":\ndata: 1}\n\ndata:\n\ndata: "
      "\t\n\ndata:{}\r\n\r\n"
      "data: {\"b\":2}",
      Framing::detect);
  EXPECT_EQ(run.stored, (Texts{"{\"a\":1}", "{}", "{\"b\":2}"}));
  EXPECT_EQ(run.records, 3u);
}

TEST_F(EventRecordsTest, ABadEventCostsItselfOnlyWhateverIsWrong) {
  const std::string large(300, 'x');
  const FramingRun run =
      skip("data: [DONE]\n\ndata: {\"a\":1}\n\ndata: " + large + "\ndata: " + large +
               "\n\ndata: {\"a\":\"\xFF\"}\n\n\ndata: [1]\n\ndata: {\"b\":2}\n\n",
           Framing::events, 64);
  EXPECT_EQ(run.stored, (Texts{"{\"a\":1}", "{\"b\":2}"}));
  ASSERT_EQ(run.skipped.size(), 4u);
  EXPECT_TRUE(run.skipped[0].starts_with("#1 line 1 at 0 event Parse")) << run.skipped[0];
  EXPECT_TRUE(run.skipped[1].starts_with("#3 line 5 at 29 event Oversize")) << run.skipped[1];
  EXPECT_TRUE(run.skipped[2].starts_with("#4 line 8 at 644 event Parse")) << run.skipped[2];
  EXPECT_TRUE(run.skipped[3].starts_with("#5 line 11 at 662 event Parse")) << run.skipped[3];
}

TEST_F(EventRecordsTest, StopSaysWhichLine) {
  const FramingRun run = stop("data: {}\n\n: c\ndata: {\ndata: x}\n\n", Framing::events);
  EXPECT_EQ(run.stored, Texts{"{}"});
  EXPECT_TRUE(run.error.starts_with("Usage invalid json input at 14; line 4: ")) << run.error;
  EXPECT_TRUE(stop("data: \xFF\n\n", Framing::events)
                  .error.starts_with("Io input is not UTF-8 at 0; line 1"));
}

TEST_F(EventRecordsTest, LineEndsBetweenDataLinesCountForTheLimit) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "data\n";
  EXPECT_EQ(skip(text + "\ndata: {}\n\n", Framing::events, 64).failed, 1u);
}

}  // namespace
}  // namespace plasmite
