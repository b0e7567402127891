// Arbitrary bytes as JSON Lines, in arbitrary reads, into a real pool: exactly the good lines are
// stored, in order, whole; exactly the others are reported (skip), or end it at the first (stop).
#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/unique_fd.h"
#include "core/pool/pool.h"
#include "core/record/json_grammar.h"
#include "sources/json_source.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/plain_json.h"
#include "tests/fuzz/scratch_pool.h"

namespace plasmite {
namespace {

constexpr size_t kMaxRecord = 64;

// One line as the rules say: none for a blank one, an empty string for a bad one.
std::optional<std::string> record_of(std::string_view line, bool first) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (first && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return std::nullopt;
  if (line.size() > kMaxRecord || find_json_defect(line)) return "";
  const std::string record = without_space_outside_strings(line);
  return record.starts_with('{') ? record : "";
}

std::vector<std::string> records_of(std::string_view text) {
  std::vector<std::string> records;
  bool first = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (auto record = record_of(text.substr(0, end), first)) records.push_back(std::move(*record));
    text.remove_prefix(std::min(end + 1, text.size()));
    first = false;
  }
  return records;
}

// Writes the text into a pipe in pieces and pumps after each, to the end or the first error.
Result<void> feed(JsonSource& lines, std::string_view text, uint32_t seed) {
  int fds[2];
  PLASMITE_CHECK(::pipe2(fds, O_CLOEXEC) == 0);
  const UniqueFd read_end(fds[0]);
  UniqueFd write_end(fds[1]);
  std::minstd_rand random(seed);
  const size_t longest = 1 + random() % 200;
  for (;;) {
    const size_t bytes = std::min<size_t>(text.size(), 1 + random() % longest);
    PLASMITE_CHECK(::write(write_end.get(), text.data(), bytes) == static_cast<ssize_t>(bytes));
    text.remove_prefix(bytes);
    if (text.empty()) write_end.reset();
    if (text.empty() && bytes > 0) {
      if (auto last = lines.pump(read_end.get()); !last) return std::unexpected(last.error());
    }
    const auto progress = lines.pump(read_end.get());
    if (!progress) return std::unexpected(progress.error());
    if (*progress == JsonSource::Progress::end) return {};
    PLASMITE_CHECK(!text.empty());
  }
}

void check(FuzzInput input) {
  static const ScratchDir dir;
  static Pool pool = create_scratch_pool(dir, 1u << 20);
  const uint8_t flags = input.byte();
  const bool skip = flags & 1;
  const uint32_t seed = input.number<uint16_t>();
  const std::string_view text = input.rest().substr(0, 16384);

  auto cursor = pool.cursor(Start::newest());
  PLASMITE_CHECK(cursor.has_value());
  Appender appender(pool, {});
  IntakeOptions options{.max_record_bytes = kMaxRecord};
  if (skip) options.on_bad_record = OnBadRecord::skip;
  std::vector<uint64_t> skipped;
  options.on_skip = [&](const SkippedRecord& record) {
    PLASMITE_CHECK(record.snippet.size() <= 200 && record.offset < text.size());
    skipped.push_back(record.index);
  };
  JsonSource lines(appender, Framing::lines, std::move(options));
  const Result<void> fed = feed(lines, text, seed);

  uint64_t index = 0, bad = 0;
  for (const std::string& record : records_of(text)) {
    ++index;
    if (record.empty()) {
      ++bad;
      if (!skip) break;
      PLASMITE_CHECK(bad <= skipped.size() && skipped[bad - 1] == index);
      continue;
    }
    const auto stored = cursor->next();
    PLASMITE_CHECK(stored && *stored && (*stored)->body == record && (*stored)->tags.empty());
  }
  const auto more = cursor->next();
  PLASMITE_CHECK(more && !*more && !cursor->take_gap());
  PLASMITE_CHECK(fed.has_value() == (skip || bad == 0));
  PLASMITE_CHECK(lines.records() == index && lines.failed() == (skip ? bad : 0));
  PLASMITE_CHECK(skipped.size() == (skip ? bad : 0));
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
