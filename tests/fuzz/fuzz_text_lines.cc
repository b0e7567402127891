// Arbitrary bytes as a process's output, in arbitrary reads, into a real pool: every record is
// valid JSON within its limit, and together they give back the exact bytes.
#include <fcntl.h>
#include <simdjson.h>
#include <unistd.h>

#include <random>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/unique_fd.h"
#include "core/pool/pool.h"
#include "core/record/json_grammar.h"
#include "sources/text_lines.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/plain_json.h"
#include "tests/fuzz/scratch_pool.h"

namespace plasmite {
namespace {

constexpr size_t kMaxRecord = kMinTextLineRecordBytes;

// The rules of sources/text_lines.h, read backwards.
class Decoder {
 public:
  void take(std::string_view record) {
    PLASMITE_CHECK(record.size() <= kMaxRecord && !find_json_defect(record));
    const simdjson::padded_string padded(record);
    simdjson::dom::object object;
    PLASMITE_CHECK(!parser_.parse(padded).get(object));
    std::string_view text;
    PLASMITE_CHECK(!object["line"].get(text));
    std::string exact;
    if (!object["line_base64"].get(text)) text = exact = base64_decode(text);
    bytes_ += text;
    simdjson::dom::object part;
    const bool in_parts = !object["part"].get(part);
    bool last = true;
    if (in_parts) {
      uint64_t number = 0;
      PLASMITE_CHECK(!part["n"].get(number) && !part["last"].get(last));
      PLASMITE_CHECK(number == next_part_);
      next_part_ = last ? 0 : number + 1;
    } else {
      PLASMITE_CHECK(next_part_ == 0);
    }
    std::string_view ending = "\n";
    if (object["eol"].get(ending)) ending = "\n";
    if (last) bytes_ += ending;
  }
  const std::string& bytes() const { return bytes_; }
  bool in_a_line() const { return next_part_ != 0; }

 private:
  simdjson::dom::parser parser_;
  std::string bytes_;
  uint64_t next_part_ = 0;
};

void feed(TextLines& lines, Appender& appender, std::string_view text, uint32_t seed) {
  int fds[2];
  PLASMITE_CHECK(::pipe2(fds, O_CLOEXEC) == 0);
  const UniqueFd read_end(fds[0]);
  UniqueFd write_end(fds[1]);
  std::minstd_rand random(seed);
  const size_t longest = 1 + random() % 1000;
  LineBuffer buffer(lines.max_line_bytes(), 4096);
  while (!text.empty()) {
    const size_t bytes = std::min<size_t>(text.size(), 1 + random() % longest);
    PLASMITE_CHECK(::write(write_end.get(), text.data(), bytes) == static_cast<ssize_t>(bytes));
    text.remove_prefix(bytes);
    PLASMITE_CHECK(*buffer.fill(read_end.get()) == LineBuffer::Fill::data);
    PLASMITE_CHECK(lines.add_all(buffer, appender, /*at_end=*/false).has_value());
  }
  write_end.reset();
  PLASMITE_CHECK(*buffer.fill(read_end.get()) == LineBuffer::Fill::end);
  PLASMITE_CHECK(lines.add_all(buffer, appender, /*at_end=*/true).has_value());
}

void check(FuzzInput input) {
  static const ScratchDir dir;
  static Pool pool = create_scratch_pool(dir, 4u << 20);
  const auto seed = input.number<uint16_t>();
  // A small input may be a long line: some of it over and over.
  const uint8_t times = input.byte() % 16;
  std::string text(input.rest().substr(0, 4096));
  const std::string again = text.substr(0, 64);
  for (uint8_t i = 0; i < times; ++i) text += again;

  auto cursor = pool.cursor(Start::newest());
  PLASMITE_CHECK(cursor.has_value());
  Appender appender(pool, {});
  TextLines lines({.stream = "stdout",
                   .max_record_bytes = kMaxRecord,
                   .tags = nullptr,
                   .part_id_prefix = "p-"});
  feed(lines, appender, text, seed);

  Decoder decoder;
  for (auto message = cursor->next(); message && *message; message = cursor->next())
    decoder.take((*message)->body);
  PLASMITE_CHECK(!cursor->take_gap() && !decoder.in_a_line());
  PLASMITE_CHECK(decoder.bytes() == text);
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
