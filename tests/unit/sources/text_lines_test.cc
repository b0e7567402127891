#include "sources/text_lines.h"

#include <gtest/gtest.h>
#include <simdjson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/pool/pool.h"

namespace plasmite {
namespace {

std::string base64_decode(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    group = group << 6 | static_cast<uint32_t>(kAlphabet.find(c));
    bits += 6;
    if (bits >= 8) bytes += static_cast<char>(group >> (bits -= 8) & 0xff);
  }
  return bytes;
}

// Rebuilds what was printed from the records, as text_lines.h says.
class Decoder {
 public:
  explicit Decoder(std::string_view usual_end) : usual_end_(usual_end) {}

  void take(std::string_view record) {
    const simdjson::padded_string padded(record);
    const simdjson::dom::object object = parser_.parse(padded);
    EXPECT_TRUE(keys_ascend(object)) << record;
    EXPECT_EQ(std::string_view(object["kind"]), "line");
    EXPECT_EQ(std::string_view(object["stream"]), "stdout");
    std::string_view text = object["line"];
    std::string exact;
    if (object["line_base64"].get(text) == simdjson::SUCCESS) {
      exact = base64_decode(text);
      text = exact;
    }
    bytes += text;
    simdjson::dom::object part;
    if (object["part"].get(part) == simdjson::SUCCESS) {
      EXPECT_EQ(uint64_t(part["n"]), next_part_);
      if (next_part_ > 0) EXPECT_EQ(std::string_view(part["id"]), part_id_);
      part_id_ = std::string_view(part["id"]);
      next_part_ = bool(part["last"]) ? 0 : next_part_ + 1;
      if (!bool(part["last"])) return;
    } else {
      EXPECT_EQ(next_part_, 0u) << "a line in parts was not ended";
    }
    std::string_view ending = usual_end_;
    if (object["eol"].get(ending) == simdjson::SUCCESS) {
      EXPECT_NE(ending, usual_end_);
    }
    bytes += ending;
  }

  std::string bytes;

 private:
  static bool keys_ascend(simdjson::dom::object object) {
    std::vector<std::string_view> keys;
    for (const auto& field : object) keys.push_back(field.key);
    return std::ranges::is_sorted(keys);
  }

  std::string_view usual_end_;
  simdjson::dom::parser parser_;
  std::string part_id_;
  uint64_t next_part_ = 0;
};

class TextLinesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "text_lines.XXXXXX";
    dir_ = ::mkdtemp(name.data());
    auto pool = Pool::create(dir_ / "lines.plasmite", {.size_bytes = 8u << 20});
    ASSERT_TRUE(pool) << pool.error().message();
    pool_ = std::make_unique<Pool>(std::move(*pool));
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  // What `bytes` become when each read(2) brings at most read_bytes.
  std::vector<std::string> records(std::string_view bytes, size_t read_bytes = 256u << 10,
                                   size_t max_record_bytes = kMinTextLineRecordBytes) {
    const UniqueFd input(::memfd_create("input", MFD_CLOEXEC));
    EXPECT_EQ(::write(input.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ::lseek(input.get(), 0, SEEK_SET);
    std::vector<std::string> bodies;
    Appender appender(*pool_, {.durability = Durability::fast,
                               .on_committed = [&](const AppendReceipt&, auto batch) {
                                 for (const RecordView& record : batch)
                                   bodies.emplace_back(record.body);
                               }});
    TextLines lines({.stream = "stdout",
                     .max_record_bytes = max_record_bytes,
                     .tags = nullptr,
                     .part_id_prefix = "run-",
                     .from_terminal = from_terminal_});
    LineBuffer buffer(line_limit_.value_or(lines.max_line_bytes()), read_bytes);
    for (bool at_end = false; !at_end;) {
      const auto filled = buffer.fill(input.get());
      EXPECT_TRUE(filled);
      at_end = *filled == LineBuffer::Fill::end;
      const auto added = lines.add_all(buffer, appender, at_end);
      EXPECT_TRUE(added) << added.error().message();
    }
    line_count_ = lines.lines();
    return bodies;
  }

  std::string round_trip(std::string_view bytes, size_t read_bytes = 256u << 10,
                         size_t max_record_bytes = kMinTextLineRecordBytes) {
    Decoder decoder(from_terminal_ ? "\r\n" : "\n");
    for (const std::string& record : records(bytes, read_bytes, max_record_bytes)) {
      EXPECT_LE(record.size(), max_record_bytes);
      decoder.take(record);
    }
    return decoder.bytes;
  }

  std::filesystem::path dir_;
  std::unique_ptr<Pool> pool_;
  uint64_t line_count_ = 0;
  bool from_terminal_ = false;
  std::optional<size_t> line_limit_;  // of the LineBuffer, when not the one that fits
};

using Records = std::vector<std::string>;

TEST_F(TextLinesTest, AnOrdinaryLineHasNoExtraKeys) {
  EXPECT_EQ(records("hello\n\n\"q\" \\ \t\x01 grün\n"),
            (Records{R"({"kind":"line","line":"hello","stream":"stdout"})",
                     R"({"kind":"line","line":"","stream":"stdout"})",
                     R"({"kind":"line","line":"\"q\" \\ \t\u0001 grün","stream":"stdout"})"}));
}

TEST_F(TextLinesTest, TheUnterminatedLastLineIsKeptAndMarked) {
  EXPECT_EQ(records("a\nb"), (Records{R"({"kind":"line","line":"a","stream":"stdout"})",
                                      R"({"eol":"","kind":"line","line":"b","stream":"stdout"})"}));
}

TEST_F(TextLinesTest, CarriageReturnsBeforeTheEndAreStrippedAndTold) {
  EXPECT_EQ(records("a\r\nb\r\r\nc\rd\ne\r"),
            (Records{R"({"eol":"\r\n","kind":"line","line":"a","stream":"stdout"})",
                     R"({"eol":"\r\r\n","kind":"line","line":"b","stream":"stdout"})",
                     R"({"kind":"line","line":"c\rd","stream":"stdout"})",
                     R"({"eol":"\r","kind":"line","line":"e","stream":"stdout"})"}));
}

TEST_F(TextLinesTest, OnATerminalCarriageReturnAndLineFeedAreTheUsualEnd) {
  from_terminal_ = true;
  EXPECT_EQ(records("a\r\nb\n\r\n\nc\r\r\nd\re\r\nf\r"),
            (Records{R"({"kind":"line","line":"a","stream":"stdout"})",
                     R"({"eol":"\n","kind":"line","line":"b","stream":"stdout"})",
                     R"({"kind":"line","line":"","stream":"stdout"})",
                     R"({"eol":"\n","kind":"line","line":"","stream":"stdout"})",
                     R"({"eol":"\r\r\n","kind":"line","line":"c","stream":"stdout"})",
                     R"({"kind":"line","line":"d\re","stream":"stdout"})",
                     R"({"eol":"\r","kind":"line","line":"f","stream":"stdout"})"}));
}

TEST_F(TextLinesTest, BytesThatAreNotUtf8AreReadableAndExact) {
  EXPECT_EQ(
      records("caf\xe9!\n"),
      (Records{"{\"kind\":\"line\",\"line\":\"caf\xEF\xBF\xBD!\",\"line_base64\":\"Y2Fm6SE=\","
               "\"stream\":\"stdout\"}"}));
}

TEST_F(TextLinesTest, AReplacementCharacterInTheTextIsText) {
  EXPECT_EQ(records("\xEF\xBF\xBD\n"),
            (Records{"{\"kind\":\"line\",\"line\":\"\xEF\xBF\xBD\",\"stream\":\"stdout\"}"}));
}

TEST_F(TextLinesTest, ALongLineBecomesPartsWithOneId) {
  const Records parts = records(std::string(1000, 'x') + "\nshort\n");
  ASSERT_GE(parts.size(), 4u);
  EXPECT_TRUE(parts[0].ends_with(R"("part":{"id":"run-1","n":0,"last":false},"stream":"stdout"})"));
  EXPECT_TRUE(parts[1].contains(R"("part":{"id":"run-1","n":1,"last":false})"));
  EXPECT_TRUE(parts[parts.size() - 2].contains(R"("last":true})"));
  EXPECT_EQ(parts.back(), R"({"kind":"line","line":"short","stream":"stdout"})");
  EXPECT_EQ(line_count_, 2u);
}

TEST_F(TextLinesTest, ALineThatFitsIsOneRecordWhateverItsEscapes) {
  for (const std::string_view unit : {"x", "\"", "\x01", "ü", "\xe9"}) {
    std::string line;
    while (line.size() < 60'000) line += unit;
    const Records whole = records(line + "\n", 256u << 10, kMaxRecordBytes);
    EXPECT_EQ(whole.size(), 1u) << unit;
  }
}

TEST_F(TextLinesTest, PartsOfPlainTextAreFull) {
  const Records parts = records(std::string(1'500, 'x') + "\n");
  ASSERT_GT(parts.size(), 3u);
  for (size_t i = 0; i + 2 < parts.size(); ++i)
    EXPECT_EQ(parts[i].size(), parts[i + 1].size()) << "part " << i;
}

TEST_F(TextLinesTest, ALineBufferWithAnotherLimitLosesNothing) {
  std::string bytes;
  for (int i = 0; i < 400; ++i) bytes += i % 7 == 0 ? "\xfe" : "日";
  bytes += "\r\nnext";
  for (size_t limit = 4; limit < 700; limit += 3) {
    line_limit_ = limit;
    ASSERT_EQ(round_trip(bytes), bytes) << "limit " << limit;
  }
}

TEST_F(TextLinesTest, PartsAreCutBetweenCharacters) {
  std::string line;
  for (int i = 0; i < 500; ++i) line += i % 3 == 0 ? "日" : "é";
  for (const std::string& part : records(line + "\n"))
    EXPECT_FALSE(part.contains("line_base64")) << part;
}

TEST_F(TextLinesTest, DecodingGivesBackTheBytesForEveryReadSize) {
  std::string bytes = "plain\r\n\n\r\n\r\r\rx\n";
  bytes += std::string("nul \0 inside\n", 13) + "bad \xff\xc3 bytes\r\n";
  bytes += std::string(700, '\x01') + "\n" + std::string(700, '\xfe') + "\r\n";
  bytes += std::string(600, '\r') + "\n" + std::string(511, 'a') + "\n" + std::string(512, 'b') +
           "\n" + std::string(513, 'c') + "\n";
  for (int i = 0; i < 300; ++i) bytes += "日本";
  bytes += "\nend without newline \xe6\x97";
  for (size_t read_bytes = 1; read_bytes <= bytes.size(); read_bytes += 1 + read_bytes / 40)
    ASSERT_EQ(round_trip(bytes, read_bytes), bytes) << "reads of " << read_bytes;
}

TEST_F(TextLinesTest, RecordsDoNotDependOnTheSizeOfReads) {
  std::mt19937 random(5);
  std::string bytes(5'000, '\0');
  for (char& c : bytes) c = random() % 40 == 0 ? '\n' : static_cast<char>(random());
  const Records expected = records(bytes);
  for (const size_t read_bytes : {1, 2, 3, 7, 64, 511, 512, 513, 4096})
    ASSERT_EQ(records(bytes, read_bytes), expected) << "reads of " << read_bytes;
}

TEST_F(TextLinesTest, RandomBytesOfEveryKindComeBackExactly) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::string bytes(random() % 4'000, '\0');
    const uint32_t mode = random() % 4;
    for (char& c : bytes) {
      switch (mode) {
        case 0:
          c = static_cast<char>(random());
          break;
        case 1:
          c = "ab\n\r\"\xc3\xa9"[random() % 7];
          break;
        case 2:
          c = random() % 900 == 0 ? '\n' : "z\x01\xff"[random() % 3];
          break;
        default:
          c = random() % 3 == 0 ? '\n' : '\r';
      }
    }
    const size_t read_bytes = 1 + random() % 2'000;
    const size_t max_record = kMinTextLineRecordBytes + random() % 1'000;
    from_terminal_ = random() % 2 == 0;
    ASSERT_EQ(round_trip(bytes, read_bytes, max_record), bytes) << "seed " << seed;
  }
}

TEST_F(TextLinesTest, AMebibyteOfTheWorstBytesKeepsWithinTheLimit) {
  for (const std::string_view unit : {"\x01", "\xff", "\x01\xff", "\r"}) {
    std::string bytes;
    while (bytes.size() < (3u << 20)) bytes += unit;
    EXPECT_TRUE(round_trip(bytes, 256u << 10, kMaxRecordBytes) == bytes) << unit;
  }
}

TEST_F(TextLinesTest, TagsAreThoseOfTheOptions) {
  const TagBlock tags = *TagBlock::encode({"ci", "linux"});
  Appender appender(*pool_, {.durability = Durability::fast, .on_committed = nullptr});
  TextLines lines({.stream = "stdout",
                   .max_record_bytes = kMaxRecordBytes,
                   .tags = &tags,
                   .part_id_prefix = ""});
  std::string padded = "text" + std::string(kJsonPadding, ' ');
  ASSERT_TRUE(lines.add({.text = {.text = std::string_view(padded).substr(0, 4)},
                         .starts_line = true,
                         .ends_line = true,
                         .terminated = true},
                        appender));
  ASSERT_TRUE(appender.commit());
  const auto message = pool_->get(1);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->view().tags.to_vector(), (std::vector<std::string>{"ci", "linux"}));
}

}  // namespace
}  // namespace plasmite
