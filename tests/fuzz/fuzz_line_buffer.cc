// Arbitrary bytes in arbitrary reads: the pieces do not depend on how the input was cut, are never
// longer than the limit, and put together they are the input.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/unique_fd.h"
#include "sources/line_buffer.h"
#include "tests/fuzz/fuzz_input.h"

namespace plasmite {
namespace {

struct Seen {
  std::string text;
  bool starts_line, ends_line, terminated;
  uint64_t line, offset;
  bool operator==(const Seen&) const = default;
};

class Pieces {
 public:
  explicit Pieces(size_t limit, size_t read_bytes) : lines_(limit, read_bytes) {}

  bool fill(int fd) {
    const auto filled = lines_.fill(fd);
    PLASMITE_CHECK(filled && *filled != LineBuffer::Fill::again);
    const bool end = *filled == LineBuffer::Fill::end;
    while (const auto piece = lines_.next()) see(*piece);
    while (end) {
      const auto piece = lines_.take_rest();
      if (!piece) break;
      see(*piece);
    }
    return !end;
  }
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  void see(const LineBuffer::Piece& piece) {
    seen_.push_back({std::string(piece.text.text), piece.starts_line, piece.ends_line,
                     piece.terminated, lines_.line_number(), lines_.offset()});
  }

  LineBuffer lines_;
  std::vector<Seen> seen_;
};

std::vector<Seen> in_one_read(std::string_view text, size_t limit) {
  static const UniqueFd file(::memfd_create("fuzz", MFD_CLOEXEC));
  PLASMITE_CHECK(::ftruncate(file.get(), 0) == 0);
  PLASMITE_CHECK(::pwrite(file.get(), text.data(), text.size(), 0) ==
                 static_cast<ssize_t>(text.size()));
  PLASMITE_CHECK(::lseek(file.get(), 0, SEEK_SET) == 0);
  Pieces pieces(limit, text.size() + 1);
  while (pieces.fill(file.get())) continue;
  return pieces.seen();
}

std::vector<Seen> in_many_reads(std::string_view text, size_t limit, uint32_t seed) {
  int fds[2];
  PLASMITE_CHECK(::pipe2(fds, O_CLOEXEC) == 0);
  const UniqueFd read_end(fds[0]);
  UniqueFd write_end(fds[1]);
  std::minstd_rand random(seed);
  const size_t longest = 1 + random() % 64;
  Pieces pieces(limit, 4096);
  while (!text.empty()) {
    const size_t bytes = std::min<size_t>(text.size(), 1 + random() % longest);
    PLASMITE_CHECK(::write(write_end.get(), text.data(), bytes) == static_cast<ssize_t>(bytes));
    text.remove_prefix(bytes);
    pieces.fill(read_end.get());
  }
  write_end.reset();
  while (pieces.fill(read_end.get())) continue;
  return pieces.seen();
}

void check(FuzzInput input) {
  const size_t limit = 4 + input.byte() % 64;
  const auto seed = input.number<uint16_t>();
  const std::string_view text = input.rest();
  const std::vector<Seen> whole = in_one_read(text, limit);
  PLASMITE_CHECK(whole == in_many_reads(text, limit, seed));
  std::string joined;
  for (const Seen& piece : whole) {
    PLASMITE_CHECK(piece.offset == joined.size() && piece.text.size() <= limit);
    PLASMITE_CHECK(!piece.text.contains('\n') && (!piece.terminated || piece.ends_line));
    joined += piece.text;
    if (piece.terminated) joined += '\n';
  }
  PLASMITE_CHECK(joined == text);
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
