#include "sources/framing.h"

#include "tests/support/framing_fixture.h"

namespace plasmite {
namespace {

TEST(DetectFraming, DecidesAtTheFirstByteThatTells) {
  const std::pair<const char*, Framing> inputs[] = {
      {"{", Framing::joined_lines},      {" \n\r\n\t[", Framing::joined_lines},
      {"x", Framing::joined_lines},      {"\x1E", Framing::sequence},
      {" \n \x1E{", Framing::sequence},  {":", Framing::events},
      {"data:", Framing::events},        {"\r\revent:", Framing::events},
      {"\nid:", Framing::events},        {"retry:", Framing::events},
      {"datum", Framing::joined_lines},  {"data\n", Framing::joined_lines},
      {" data:", Framing::joined_lines}, {"Data:", Framing::joined_lines},
      {"\"data:", Framing::joined_lines}};
  for (const auto& [text, framing] : inputs) {
    const std::string_view whole = text;
    EXPECT_EQ(detect_framing(whole, /*is_all=*/false), framing) << text;
    for (size_t length = 0; length < whole.size(); ++length) {
      const auto early = detect_framing(whole.substr(0, length), /*is_all=*/false);
      EXPECT_TRUE(!early || *early == framing) << text << length;
    }
  }
}

TEST(DetectFraming, AtTheEndOfInputOrOfTheWindowItDecides) {
  EXPECT_EQ(detect_framing("", true), Framing::joined_lines);
  EXPECT_EQ(detect_framing("dat", true), Framing::joined_lines);
  EXPECT_EQ(detect_framing("dat", false), std::nullopt);
  const std::string blank(kDetectionBytes, '\n');
  EXPECT_EQ(detect_framing(blank.substr(1), false), std::nullopt);
  EXPECT_EQ(detect_framing(blank, false), Framing::joined_lines);
  EXPECT_EQ(detect_framing(blank + "\x1E", false), Framing::joined_lines);
}

class DetectionTest : public FramingTest {
 protected:
  // The number of records stored after each chunk.
  std::vector<uint64_t> stored_after(const Texts& chunks) {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    const UniqueFd read_end(fds[0]), write_end(fds[1]);
    Appender appender(*pool_, {});
    JsonSource source(appender, Framing::detect, {});
    std::vector<uint64_t> counts;
    for (const std::string& chunk : chunks) {
      EXPECT_EQ(::write(write_end.get(), chunk.data(), chunk.size()),
                static_cast<ssize_t>(chunk.size()));
      EXPECT_TRUE(source.pump(read_end.get()));
      counts.push_back(appender.records_committed());
    }
    return counts;
  }
};

TEST_F(DetectionTest, NothingCompleteIsWithheld) {
  EXPECT_EQ(stored_after({"{\"a\":1}\n", "{\"a\":\n", "2}\n", "{}\n"}),
            (std::vector<uint64_t>{1, 1, 2, 3}));
  EXPECT_EQ(stored_after({"\x1E{}", "\n\x1E{\"a\"", ":1}"}), (std::vector<uint64_t>{1, 1, 2}));
  EXPECT_EQ(stored_after({"d", "ata: {}\r", "\r", "data: {}\n\n"}),
            (std::vector<uint64_t>{0, 0, 1, 2}));
  EXPECT_EQ(stored_after({"\xEF", "\xBB", "\xBF{}\n"}), (std::vector<uint64_t>{0, 0, 1}));
  EXPECT_EQ(stored_after({"{\"a\":1}", "\x1E", "{}"}), (std::vector<uint64_t>{0, 1, 2}));
}

TEST_F(DetectionTest, ASeparatorWithinTheWindowMakesASequenceOfLines) {
  EXPECT_EQ(stop("{\"a\":1}\n\x1E{\"b\":2}\n\x1E{\"c\":3}", Framing::detect).stored,
            (Texts{"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"}));
  EXPECT_EQ(stop("{\"a\":\n1}\x1E{\"b\":2}{", Framing::detect).stored,
            (Texts{"{\"a\":1}", "{\"b\":2}"}));
  const FramingRun cut = skip("{}\n{\"a\":\n\x1E{\"b\":2}\n", Framing::detect);
  EXPECT_EQ(cut.stored, (Texts{"{}", "{\"b\":2}"}));
  ASSERT_EQ(cut.skipped.size(), 1u);
  EXPECT_TRUE(cut.skipped[0].starts_with("#2 line - at 3 seq Parse")) << cut.skipped[0];
}

TEST_F(DetectionTest, ASeparatorBehindTheWindowIsABadByteInALine) {
  std::string eight;
  for (int i = 0; i < 8; ++i) eight += "{}\n";
  for (const std::string& before : {eight, "{\"a\":\"" + std::string(8192, 'x') + "\"}\n"}) {
    const FramingRun run = skip(before + "\x1E{\"b\":2}\n{\"c\":3}\n", Framing::detect);
    EXPECT_EQ(run.failed, 1u);
    EXPECT_EQ(run.stored.back(), "{\"c\":3}");
  }
}

}  // namespace
}  // namespace plasmite
