#include "sources/json_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/pool/pool.h"

namespace plasmite {
namespace {

struct Skipped {
  uint64_t index, line, offset;
  std::string error_kind, message, snippet;
};

class JsonLinesTest : public testing::Test {
 protected:
  JsonLinesTest() {
    char name[] = "/tmp/json_lines_test.XXXXXX";
    dir_ = ::mkdtemp(name);
    open_pool(kDefaultPoolBytes);
  }
  ~JsonLinesTest() override {
    std::error_code error;
    std::filesystem::remove_all(dir_, error);
  }

  void open_pool(uint64_t size_bytes) {
    pool_.reset();
    std::filesystem::remove(pool_path());
    auto pool = Pool::create(pool_path(), {.size_bytes = size_bytes});
    ASSERT_TRUE(pool) << pool.error().message();
    pool_ = std::make_unique<Pool>(std::move(*pool));
  }
  std::filesystem::path pool_path() const { return dir_ / "pool.plasmite"; }

  // Feeds the chunks, one read for each, to the end or the first error.
  Result<void> feed(const std::vector<std::string>& chunks, IntakeOptions options = {}) {
    Appender appender(*pool_, {.on_committed = [&](const AppendReceipt& receipt, auto) {
      batches_.push_back(receipt.count);
    }});
    options.on_skip = [&](const SkippedRecord& record) {
      skipped_.push_back({record.index, record.line.value_or(0), record.offset,
                          std::string(record.error_kind), record.message, record.snippet});
    };
    JsonSource lines(appender, Framing::lines, std::move(options));
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    const UniqueFd read_end(fds[0]);
    UniqueFd write_end(fds[1]);
    for (const std::string& chunk : chunks) {
      EXPECT_EQ(::write(write_end.get(), chunk.data(), chunk.size()),
                static_cast<ssize_t>(chunk.size()));
      const auto progress = lines.pump(read_end.get());
      if (!progress) return std::unexpected(progress.error());
      EXPECT_EQ(*progress, JsonSource::Progress::data);
    }
    EXPECT_EQ(*lines.pump(read_end.get()), JsonSource::Progress::again);
    write_end.reset();
    const auto progress = lines.pump(read_end.get());
    if (!progress) return std::unexpected(progress.error());
    EXPECT_EQ(*progress, JsonSource::Progress::end);
    records_ = lines.records();
    failed_ = lines.failed();
    return {};
  }

  std::vector<std::string> stored() {
    std::vector<std::string> bodies;
    auto cursor = pool_->cursor(Start::oldest());
    while (auto message = cursor->next()) {
      if (!*message) return bodies;
      bodies.emplace_back((*message)->body);
    }
    ADD_FAILURE() << "the pool cannot be read";
    return bodies;
  }

  std::filesystem::path dir_;
  std::unique_ptr<Pool> pool_;
  std::vector<uint64_t> batches_;
  std::vector<Skipped> skipped_;
  uint64_t records_ = 0, failed_ = 0;
};

using Bodies = std::vector<std::string>;

TEST_F(JsonLinesTest, EachLineThatIsNotBlankIsARecord) {
  ASSERT_TRUE(feed({"{\"a\":1}\n\n  \t\r\n{\"b\": [1, 2]}\r\n{\"c\":\"x y\"}\n"}));
  EXPECT_EQ(stored(), (Bodies{R"({"a":1})", R"({"b":[1,2]})", R"({"c":"x y"})"}));
  EXPECT_EQ(records_, 3u);
}

TEST_F(JsonLinesTest, TheUnterminatedLastLineIsARecord) {
  ASSERT_TRUE(feed({"{\"a\":1}\n{\"b\"", ":2}"}));
  EXPECT_EQ(stored(), (Bodies{R"({"a":1})", R"({"b":2})"}));
}

TEST_F(JsonLinesTest, AByteOrderMarkIsDroppedAtTheVeryBeginningOnly) {
  ASSERT_TRUE(feed({"\xEF\xBB\xBF{\"a\":1}\n"}));
  EXPECT_EQ(stored(), Bodies{R"({"a":1})"});
  EXPECT_FALSE(feed({"{}\n\xEF\xBB\xBF{\"a\":1}\n"}));
}

TEST_F(JsonLinesTest, EveryRecordHasTheTags) {
  ASSERT_TRUE(feed({"{}\n{}\n"}, {.tags = *TagBlock::encode({"ci", "x"})}));
  auto cursor = pool_->cursor(Start::oldest());
  for (int i = 0; i < 2; ++i) {
    const auto message = cursor->next();
    ASSERT_TRUE(message && *message);
    EXPECT_EQ((*message)->tags.to_vector(), (std::vector<std::string>{"ci", "x"}));
  }
}

TEST_F(JsonLinesTest, OneReadIsOneBatch) {
  ASSERT_TRUE(feed({"{}\n{}\n{}\n{\"a\"", ":1}\n", "{}\n{}\n"}));
  EXPECT_EQ(batches_, (std::vector<uint64_t>{3, 1, 2}));
}

TEST_F(JsonLinesTest, GivesTheSameRecordsHoweverTheInputIsCut) {
  const std::string text = "{\"\xC3\xA4\":1}\r\n{}\n\n{} ";
  const Bodies want = {"{\"\xC3\xA4\":1}", "{}", "{}"};
  for (uint32_t cuts = 0; cuts < 1u << (text.size() - 1); cuts += 1021) {
    std::vector<std::string> chunks(1);
    for (size_t i = 0; i < text.size(); ++i) {
      if (i > 0 && (cuts >> (i - 1) & 1)) chunks.emplace_back();
      chunks.back() += text[i];
    }
    ASSERT_TRUE(feed(chunks));
    const Bodies all = stored();
    ASSERT_EQ(Bodies(all.end() - 3, all.end()), want) << cuts;
  }
}

struct BadLine {
  std::string line;
  ErrorKind kind;
  std::string message;
  std::string cause;
  std::string error_kind;
};

std::vector<BadLine> bad_lines() {
  return {
      {"{\"a\" 1}", ErrorKind::Usage, "invalid json input",
       "line 3: ':' is expected after a key at byte 5", "Parse"},
      {"nope", ErrorKind::Usage, "invalid json input", "line 3: a value is expected", "Parse"},
      {"[1]", ErrorKind::Usage, "data must be object", "line 3", "Parse"},
      {"{\"a\":\"\xFF\"}", ErrorKind::Io, "input is not UTF-8",
       "line 3: the bytes are not UTF-8 at byte 6", "Parse"},
      {"{\"a\":\"" + std::string(100, 'x') + "\"}", ErrorKind::Usage, "record exceeds size limit",
       "line 3: ", "Oversize"},
      {"{\"a\":\"" + std::string(57, 'x') + "\"}", ErrorKind::Usage, "record exceeds size limit",
       "line 3: ", "Oversize"},  // by one
      {"{\"a\":\"" + std::string(3000, 'x') + "\"}", ErrorKind::Usage, "record exceeds size limit",
       "line 3: ", "Oversize"},
      {std::string(50, ' ') + std::string(50, '['), ErrorKind::Usage, "record exceeds size limit",
       "line 3: ", "Oversize"},
  };
}

TEST_F(JsonLinesTest, StopKeepsWhatCameBeforeAndSaysWhere) {
  for (const BadLine& bad : bad_lines()) {
    open_pool(kDefaultPoolBytes);
    const auto fed = feed({"{\"a\":1}\n\n" + bad.line + "\n{\"b\":2}\n"}, {.max_record_bytes = 64});
    ASSERT_FALSE(fed) << bad.line;
    const Error& error = fed.error();
    EXPECT_EQ(error.kind(), bad.kind) << bad.line;
    EXPECT_EQ(error.message(), bad.message);
    EXPECT_EQ(error.offset(), 9u);
    ASSERT_EQ(error.causes().size(), 1u);
    EXPECT_TRUE(error.causes().front().starts_with(bad.cause)) << error.causes().front();
    EXPECT_NE(error.hint().find("--errors skip"), std::string::npos) << error.hint();
    EXPECT_EQ(stored(), Bodies{R"({"a":1})"}) << bad.line;
  }
}

TEST_F(JsonLinesTest, SkipLeavesOutTheBadOneAndTellsWhichItWas) {
  for (const BadLine& bad : bad_lines()) {
    open_pool(kDefaultPoolBytes);
    skipped_.clear();
    ASSERT_TRUE(feed({"{\"a\":1}\n\n" + bad.line + "\n{\"b\":2}\n"},
                     {.on_bad_record = OnBadRecord::skip, .max_record_bytes = 64}));
    EXPECT_EQ(stored(), (Bodies{R"({"a":1})", R"({"b":2})"})) << bad.line;
    EXPECT_EQ(records_, 3u);
    EXPECT_EQ(failed_, 1u);
    ASSERT_EQ(skipped_.size(), 1u) << bad.line;
    EXPECT_EQ(skipped_[0].index, 2u);
    EXPECT_EQ(skipped_[0].line, 3u);
    EXPECT_EQ(skipped_[0].offset, 9u);
    EXPECT_EQ(skipped_[0].error_kind, bad.error_kind) << bad.line;
    EXPECT_NE(skipped_[0].message, "");
  }
}

TEST_F(JsonLinesTest, ARecordOfExactlyTheLimitFits) {
  const std::string record = "{\"a\":\"" + std::string(56, 'x') + "\"}";
  ASSERT_EQ(record.size(), 64u);
  ASSERT_TRUE(
      feed({"\xEF\xBB\xBF" + record + "\r\n" + record + "\n" + record}, {.max_record_bytes = 64}));
  EXPECT_EQ(stored(), Bodies(3, record));
  EXPECT_FALSE(feed({record.substr(0, 63) + "x\"}"}, {.max_record_bytes = 64}));
}

TEST_F(JsonLinesTest, ALongBlankLineIsStillBlank) {
  const std::string blank(3000, ' ');
  ASSERT_TRUE(feed({"\xEF\xBB\xBF" + blank + "\n" + blank + "\n{}\n"}, {.max_record_bytes = 64}));
  EXPECT_EQ(records_, 1u);
}

TEST_F(JsonLinesTest, EachOversizedLineCountsOnce) {
  const std::string large(500, 'x');
  ASSERT_TRUE(feed({large + "\n" + large, large + "\n{}\n" + large + "\n" + large},
                   {.on_bad_record = OnBadRecord::skip, .max_record_bytes = 64}));
  EXPECT_EQ(records_, 5u);
  EXPECT_EQ(failed_, 4u);
  EXPECT_EQ(skipped_.back().line, 5u);
  EXPECT_EQ(stored(), Bodies{"{}"});
}

TEST_F(JsonLinesTest, SnippetsAreShortAndNotCutInsideACharacter) {
  std::string text = "x";
  for (int i = 0; i < 100; ++i) text += "\xE2\x82\xAC";
  ASSERT_TRUE(feed({text + "\n" + std::string(200, 'y') + "\n" + std::string(201, 'z') + "\n"},
                   {.on_bad_record = OnBadRecord::skip}));
  ASSERT_EQ(skipped_.size(), 3u);
  EXPECT_EQ(skipped_[0].snippet, text.substr(0, 196) + "...");
  EXPECT_EQ(skipped_[1].snippet, std::string(200, 'y'));
  EXPECT_EQ(skipped_[2].snippet, std::string(197, 'z') + "...");
}

TEST_F(JsonLinesTest, ARecordTooLargeForThePoolIsRefusedByThePool) {
  open_pool(kMinPoolBytes);
  const std::string large = "{\"a\":\"" + std::string(40000, 'x') + "\"}\n";
  const auto stopped = feed({"{\"a\":1}\n" + large + "{}\n"});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind(), ErrorKind::Usage);
  EXPECT_EQ(stopped.error().offset(), 8u);
  EXPECT_EQ(stopped.error().causes(), std::vector<std::string>{"line 2"});
  EXPECT_EQ(stopped.error().path(), pool_path());
  EXPECT_EQ(stored(), Bodies{R"({"a":1})"});
  ASSERT_TRUE(feed({large + "{\"b\":2}\n"}, {.on_bad_record = OnBadRecord::skip}));
  EXPECT_EQ(skipped_.at(0).error_kind, "Refused");
  EXPECT_EQ(stored(), (Bodies{R"({"a":1})", R"({"b":2})"}));
}

TEST_F(JsonLinesTest, AnErrorOfThePoolKeepsItsKindWithEitherPolicy) {
  for (const OnBadRecord policy : {OnBadRecord::stop, OnBadRecord::skip}) {
    open_pool(kDefaultPoolBytes);
    ASSERT_TRUE(Pool::remove(pool_path()));
    const auto fed = feed({"{}\n"}, {.on_bad_record = policy});
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().kind(), ErrorKind::NotFound);
    EXPECT_TRUE(skipped_.empty());
  }
}

TEST_F(JsonLinesTest, AFileIsReadToItsEndInManyBatches) {
  const UniqueFd file(::memfd_create("json_lines_test", MFD_CLOEXEC));
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "{\"n\":" + std::to_string(i) + ",\"t\":\"some text\"}\n";
  ASSERT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  Appender appender(*pool_, {});
  JsonSource lines(appender, Framing::lines, {});
  Result<JsonSource::Progress> progress = JsonSource::Progress::data;
  while (progress && *progress == JsonSource::Progress::data) progress = lines.pump(file.get());
  ASSERT_EQ(*progress, JsonSource::Progress::end);
  const Bodies bodies = stored();
  ASSERT_EQ(bodies.size(), 20000u);
  for (size_t i = 0; i < bodies.size(); ++i)
    ASSERT_EQ(bodies[i], "{\"n\":" + std::to_string(i) + ",\"t\":\"some text\"}");
}

TEST_F(JsonLinesTest, ABatchIsClosedBeforeItGrowsLarge) {
  // Tiny records take far more room in the pool than in the input.
  const UniqueFd file(::memfd_create("json_lines_test", MFD_CLOEXEC));
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "{}\n";
  ASSERT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  uint64_t largest = 0;
  Appender appender(*pool_, {.on_committed = [&](const AppendReceipt& receipt, auto) {
    largest = std::max(largest, receipt.count);
  }});
  JsonSource lines(appender, Framing::lines, {});
  ASSERT_EQ(*lines.pump(file.get()), JsonSource::Progress::data);
  EXPECT_EQ(appender.records_committed(), 50000u);
  EXPECT_LE(largest * Pool::stored_bytes({.body = "{}"}), Appender::kBatchBytes + 40);
}

TEST_F(JsonLinesTest, MemoryStaysBoundedOnALineWithoutEnd) {
  // A hole reads as zeros: a quarter of a gigabyte without a line end.
  const UniqueFd file(::memfd_create("json_lines_test", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), 256 << 20), 0);
  ASSERT_EQ(::pwrite(file.get(), "\n{}\n", 4, (256 << 20) - 4), 4);
  const auto peak_kib = [] {
    rusage usage;
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  Appender appender(*pool_, {});
  uint64_t skipped = 0;
  JsonSource lines(
      appender, Framing::lines,
      {.on_bad_record = OnBadRecord::skip, .on_skip = [&](const SkippedRecord&) { ++skipped; }});
  ASSERT_TRUE(lines.pump(file.get()));
  const auto before = peak_kib();
  Result<JsonSource::Progress> progress = JsonSource::Progress::data;
  while (progress && *progress == JsonSource::Progress::data) progress = lines.pump(file.get());
  ASSERT_EQ(*progress, JsonSource::Progress::end);
  EXPECT_LT(peak_kib() - before, 16 << 10);
  EXPECT_EQ(skipped, 1u);
  EXPECT_EQ(stored(), Bodies{"{}"});
}

}  // namespace
}  // namespace plasmite
