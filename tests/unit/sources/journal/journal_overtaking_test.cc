// Entries of two files that are written at a time, so that a reader sees the later one first.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch.h"
#include "tests/unit/sources/journal/journal_reading.h"

namespace plasmite {
namespace {

using Messages = std::vector<std::string>;
using Step = JournalReader::Step;

class JournalOvertakingTest : public testing::Test {
 protected:
  // To a file of a series of its own, at so many milliseconds.
  void add(const std::string& file, const std::vector<uint64_t>& times) {
    std::string text;
    for (const uint64_t at : times)
      text += ExportEntry(start_us_ + at * 1000, 1'000'000 + at * 1000)
                  .text("MESSAGE", file + std::to_string(at))
                  .text("TEST", "yes")
                  .bytes();
    make_journal(dir_.path() / (file + ".journal"), text);
  }
  std::string next(JournalReader& reader) {
    const Step step = reader.next();
    return step == Step::entry ? value_of(reader.text().view(), "MESSAGE") : "no entry";
  }
  std::unique_ptr<JournalReader> read_to_the_end(const JournalOptions& options) {
    auto reader = must(JournalReader::open(options, {}));
    must(reader->begin(""));
    read_on(*reader);
    return reader;
  }
  // Not to the end, so that the reader knows the files as they were before a4 and b7.
  std::unique_ptr<JournalReader> read_to_b7(const JournalOptions& options) {
    add("a", {1, 2});
    add("b", {3});
    auto reader = read_to_the_end(options);
    add("a", {4});
    add("b", {7});
    must(reader->process());
    EXPECT_EQ(next(*reader), "a4");
    EXPECT_EQ(next(*reader), "b7");
    return reader;
  }

  ScratchDir dir_;
  uint64_t start_us_ = kJournalTime;
};

// Nobody has looked at the files since the end, and by now each goes further than it did then.
TEST_F(JournalOvertakingTest, TheOvertakenIsFoundThoughTheFilesHaveGrown) {
  auto reader = read_to_b7(folder(dir_.path()));
  add("a", {6, 8});
  EXPECT_EQ(read_on(*reader).messages, Messages({"a6", "a8"}));
}

// In live files only what was overtaken is read before; what comes after has its turn.
TEST_F(JournalOvertakingTest, OthersDoNotWaitForTheRestOfAFile) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  start_us_ =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  add("a", {1, 2});
  add("b", {3});
  auto reader = read_to_the_end(folder(dir_.path()));
  add("b", {7});
  must(reader->process());
  EXPECT_EQ(next(*reader), "b7");
  add("a", {6, 8, 10, 12});
  add("b", {9, 11});
  EXPECT_EQ(read_on(*reader).messages, Messages({"a6", "a8", "b9", "a10", "b11", "a12"}));
}

// With matches the order may be another one, but nothing is left out.
TEST_F(JournalOvertakingTest, WithMatchesNothingIsLeftOutEither) {
  auto options = folder(dir_.path());
  options.matches.fields = {{"TEST", "yes"}};
  auto reader = read_to_b7(options);
  add("a", {6, 8});
  add("b", {9});
  EXPECT_THAT(read_on(*reader).messages, testing::UnorderedElementsAre("a6", "a8", "b9"));
}

}  // namespace
}  // namespace plasmite
