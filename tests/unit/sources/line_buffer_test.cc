#include "sources/line_buffer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/unique_fd.h"

namespace plasmite {
namespace {

struct Seen {
  std::string text;
  bool starts_line, ends_line, terminated;
  uint64_t line, offset;
  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << '"' << seen.text << '"' << (seen.starts_line ? "" : " goes on")
       << (seen.ends_line ? "" : " to be continued") << (seen.terminated ? " LF" : "") << " line "
       << seen.line << " at " << seen.offset;
}

struct Pipe {
  Pipe() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    read_end = UniqueFd(fds[0]);
    write_end = UniqueFd(fds[1]);
  }
  void write(std::string_view bytes) {
    ASSERT_EQ(::write(write_end.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  UniqueFd read_end, write_end;
};

void take_all(LineBuffer& lines, std::vector<Seen>& seen, bool end) {
  auto take = [&](const LineBuffer::Piece& piece) {
    // The parser looks behind the text: the bytes there must be readable.
    char behind[kJsonPadding];
    std::memcpy(behind, piece.text.text.data() + piece.text.text.size(), kJsonPadding);
    seen.push_back({std::string(piece.text.text), piece.starts_line, piece.ends_line,
                    piece.terminated, lines.line_number(), lines.offset()});
  };
  while (const auto piece = lines.next()) take(*piece);
  if (!end) return;
  while (const auto piece = lines.take_rest()) take(*piece);
}

// Feeds the chunks, one read for each.
std::vector<Seen> pieces_of(const std::vector<std::string>& chunks, size_t max_line_bytes) {
  LineBuffer lines(max_line_bytes, 4096);
  Pipe pipe;
  std::vector<Seen> seen;
  for (const std::string& chunk : chunks) {
    pipe.write(chunk);
    EXPECT_EQ(*lines.fill(pipe.read_end.get()), LineBuffer::Fill::data);
    EXPECT_EQ(lines.last_read(), chunk);
    take_all(lines, seen, false);
  }
  EXPECT_EQ(*lines.fill(pipe.read_end.get()), LineBuffer::Fill::again);
  pipe.write_end.reset();
  EXPECT_EQ(*lines.fill(pipe.read_end.get()), LineBuffer::Fill::end);
  take_all(lines, seen, true);
  return seen;
}

std::string joined(const std::vector<Seen>& pieces) {
  std::string text;
  for (const Seen& piece : pieces) {
    EXPECT_EQ(piece.offset, text.size());
    text += piece.text;
    if (piece.terminated) text += '\n';
  }
  return text;
}

std::vector<std::string> cut(const std::string& text, uint64_t cuts) {
  std::vector<std::string> chunks(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (i > 0 && (cuts >> (i - 1) & 1)) chunks.emplace_back();
    chunks.back() += text[i];
  }
  if (chunks.back().empty()) chunks.pop_back();
  return chunks;
}

TEST(LineBuffer, HandsOutLinesWithoutTheirEnds) {
  EXPECT_EQ(pieces_of({"ab\n\ncd\r\n"}, 100),
            (std::vector<Seen>{{"ab", true, true, true, 1, 0},
                               {"", true, true, true, 2, 3},
                               {"cd\r", true, true, true, 3, 4}}));
}

TEST(LineBuffer, KeepsTheUnterminatedLastLine) {
  EXPECT_EQ(pieces_of({"ab\ncd"}, 100),
            (std::vector<Seen>{{"ab", true, true, true, 1, 0}, {"cd", true, true, false, 2, 3}}));
  EXPECT_EQ(pieces_of({}, 100), std::vector<Seen>{});
}

TEST(LineBuffer, PutsALineTogetherFromManyReads) {
  EXPECT_EQ(pieces_of({"a", "b", "c\nd", "e", "\n"}, 100),
            (std::vector<Seen>{{"abc", true, true, true, 1, 0}, {"de", true, true, true, 2, 4}}));
}

TEST(LineBuffer, HandsOutALineOverTheLimitInParts) {
  // Exactly the limit is one piece; one more is two.
  EXPECT_EQ(pieces_of({"12345\n"}, 5), (std::vector<Seen>{{"12345", true, true, true, 1, 0}}));
  EXPECT_EQ(pieces_of({"123456\nx\n"}, 5), (std::vector<Seen>{{"12345", true, false, false, 1, 0},
                                                              {"6", false, true, true, 1, 5},
                                                              {"x", true, true, true, 2, 7}}));
  EXPECT_EQ(pieces_of({"1234567890"}, 5), (std::vector<Seen>{{"12345", true, false, false, 1, 0},
                                                             {"67890", false, true, false, 1, 5}}));
}

TEST(LineBuffer, DoesNotCutACharacterInTwo) {
  const std::string euro = "\xE2\x82\xAC";
  EXPECT_EQ(pieces_of({"123" + euro + "4\n"}, 5),
            (std::vector<Seen>{{"123", true, false, false, 1, 0},
                               {euro + "4", false, true, true, 1, 3}}));
}

TEST(LineBuffer, GivesTheSamePiecesHoweverTheInputIsCut) {
  for (const std::string& text : std::vector<std::string>{
           "ab\n\ncd\r\nefghi", "\n\n\n\n\n\n", "0123456789a\nb", "0123\n4567\n89",
           "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xF0\x9F\x98\x80",
           "\xF0\x9F\xF0\x9F\x98\xC3\nx\xFF\xE2\x82"}) {
    const std::vector<Seen> whole = pieces_of({text}, 4);
    ASSERT_EQ(joined(whole), text);
    for (uint64_t cuts = 0; cuts < uint64_t{1} << (text.size() - 1); ++cuts)
      ASSERT_EQ(pieces_of(cut(text, cuts), 4), whole) << text << " cut as " << cuts;
  }
}

TEST(LineBuffer, GivesTheSamePiecesForRandomCutsOfLongInput) {
  std::mt19937_64 random(20260506);
  for (int round = 0; round < 200; ++round) {
    std::string text(1 + random() % 3000, ' ');
    for (char& c : text) c = "abc\n\n\xC3\xA4\xE2\x82\xAC\r\xFF"[random() % 11];
    const size_t limit = 4 + random() % 40;
    const std::vector<Seen> whole = pieces_of({text}, limit);
    ASSERT_EQ(joined(whole), text);
    for (const Seen& piece : whole) ASSERT_LE(piece.text.size(), limit);
    std::vector<std::string> chunks;
    for (size_t at = 0; at < text.size();) {
      chunks.push_back(text.substr(at, 1 + random() % (random() % 2 ? 10 : 500)));
      at += chunks.back().size();
    }
    ASSERT_EQ(pieces_of(chunks, limit), whole) << "round " << round;
  }
}

TEST(LineBuffer, ReadsAFileToItsEnd) {
  char name[] = "/tmp/line_buffer_test.XXXXXX";
  const UniqueFd file(::mkostemp(name, O_CLOEXEC));
  ASSERT_TRUE(file);
  ::unlink(name);
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i) + "\n";
  ASSERT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  LineBuffer lines(64, 1000);
  std::vector<Seen> seen;
  Result<LineBuffer::Fill> filled = LineBuffer::Fill::data;
  while ((filled = lines.fill(file.get())) && *filled == LineBuffer::Fill::data)
    take_all(lines, seen, false);
  ASSERT_EQ(*filled, LineBuffer::Fill::end);
  take_all(lines, seen, true);
  EXPECT_EQ(seen.size(), 20000u);
  EXPECT_EQ(joined(seen), text);
}

TEST(LineBuffer, AFailedReadIsAnIoError) {
  LineBuffer lines(64);
  for (int fd : {-1, ::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC)}) {
    const auto filled = lines.fill(fd);
    ASSERT_FALSE(filled);
    EXPECT_EQ(filled.error().kind(), ErrorKind::Io);
    EXPECT_EQ(filled.error().causes().size(), 1u);
    if (fd >= 0) ::close(fd);
  }
}

}  // namespace
}  // namespace plasmite
