#include "sources/journal/journal_reader.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/journal_maker.h"
#include "tests/support/must.h"
#include "tests/support/scratch.h"
#include "tests/unit/sources/journal/journal_reading.h"

namespace plasmite {
namespace {

namespace fs = std::filesystem;
using Step = JournalReader::Step;

class JournalReaderTest : public testing::Test {
 protected:
  const ScratchDir dir_ = ScratchDir::in_memory();
};

TEST_F(JournalReaderTest, ReadsAllFromTheOldestOn) {
  make_journal(dir_ / "a.journal", plain_entries(0, 99));
  const Read read = read_all(folder(dir_.path()));
  EXPECT_EQ(read.messages, entries(0, 99));
  EXPECT_TRUE(read.gaps.empty());
}

TEST_F(JournalReaderTest, ResumedAtEveryPositionItGivesExactlyTheRest) {
  make_journal(dir_ / "a.journal", plain_entries(0, 29));
  make_journal(dir_ / "b.journal", plain_entries(30, 59));
  make_journal(dir_ / "c.journal", plain_entries(60, 89, /*boot=*/2));
  const Read whole = read_all(folder(dir_.path()));
  ASSERT_EQ(whole.messages, entries(0, 89));
  for (int i = 0; i < 90; ++i) {
    const Read rest = read_all(folder(dir_.path()), whole.checkpoints[static_cast<size_t>(i)]);
    EXPECT_EQ(rest.messages, entries(i + 1, 89)) << i;
    EXPECT_TRUE(rest.gaps.empty()) << i;
  }
}

TEST_F(JournalReaderTest, ResumedAtEveryPositionOfARotatedJournalWhoseClockStepsBack) {
  make_rotated(dir_.path(), 3, 20);
  const Read whole = read_all(folder(dir_.path()));
  ASSERT_EQ(whole.messages, entries(0, 59));
  for (int i = 0; i < 60; ++i) {
    const Read rest = read_all(folder(dir_.path()), whole.checkpoints[static_cast<size_t>(i)]);
    EXPECT_EQ(rest.messages, entries(i + 1, 59)) << i;
    EXPECT_TRUE(rest.gaps.empty()) << i;
  }
}

TEST_F(JournalReaderTest, EntriesOfOneMicrosecondInSeveralFilesAreAllReadOnce) {
  for (uint64_t file = 0; file < 5; ++file) {
    std::string text;
    for (uint64_t i = 0; i < 6; ++i)
      text += ExportEntry(kJournalTime + i, 1'000'000 + i)
                  .text("MESSAGE", "entry " + std::to_string(10 * i + file))
                  .bytes();
    make_journal(dir_ / (std::to_string(file) + ".journal"), text);
  }
  const Read whole = read_all(folder(dir_.path()));
  ASSERT_EQ(whole.messages.size(), 30u);
  for (int i = 0; i < 30; ++i) {
    const Read rest = read_all(folder(dir_.path()), whole.checkpoints[static_cast<size_t>(i)]);
    EXPECT_EQ(rest.messages, std::vector(whole.messages.begin() + i + 1, whole.messages.end()))
        << i;
    EXPECT_TRUE(rest.gaps.empty()) << i;
  }
}

TEST_F(JournalReaderTest, TheFirstEntryOfANewBootIsNotSkipped) {
  make_journal(dir_ / "a.journal", plain_entries(0, 9));
  const std::string cursor = read_all(folder(dir_.path())).cursors.back();
  make_journal(dir_ / "a.journal", plain_entries(10, 19, /*boot=*/2));
  EXPECT_EQ(read_all(folder(dir_.path()), cursor).messages, entries(10, 19));
}

TEST_F(JournalReaderTest, DeletedUnreadEntriesAreOneGapWithTheirNumber) {
  const auto files = make_rotated(dir_.path(), 4, 10);
  const Read whole = read_all(folder(dir_.path()));
  fs::remove(files[0]);
  fs::remove(files[1]);
  const Read rest = read_all(folder(dir_.path()), whole.cursors[4]);
  EXPECT_EQ(rest.messages, entries(20, 39));
  ASSERT_EQ(rest.gaps.size(), 1u);
  EXPECT_EQ(rest.gaps[0].count, 15u);
  EXPECT_EQ(rest.gaps[0].reason, "retention");
  EXPECT_EQ(rest.gaps[0].from, whole.cursors[4]);
  EXPECT_EQ(rest.gaps[0].to, whole.cursors[20]);
}

TEST_F(JournalReaderTest, DeletedReadEntriesAreNoGap) {
  const auto files = make_rotated(dir_.path(), 3, 10);
  const Read whole = read_all(folder(dir_.path()));
  fs::remove(files[0]);
  const Read rest = read_all(folder(dir_.path()), whole.cursors[9]);
  EXPECT_EQ(rest.messages, entries(10, 29));
  EXPECT_TRUE(rest.gaps.empty());
}

TEST_F(JournalReaderTest, AFileDeletedBehindAnEntryThatIsStillThereIsAGap) {
  const auto files = make_rotated(dir_.path(), 3, 10);
  const Read whole = read_all(folder(dir_.path()));
  fs::remove(files[1]);
  const Read rest = read_all(folder(dir_.path()), whole.cursors[4]);
  auto expected = entries(5, 9);
  std::ranges::copy(entries(20, 29), std::back_inserter(expected));
  EXPECT_EQ(rest.messages, expected);
  ASSERT_EQ(rest.gaps.size(), 1u);
  EXPECT_EQ(rest.gaps[0].count, 10u);
}

TEST_F(JournalReaderTest, WithMatchesWhatIsLostIsCountedWhetherItMatchesOrNot) {
  const auto files = make_rotated(dir_.path(), 3, 10);
  const Read whole = read_all(folder(dir_.path()));
  fs::remove(files[0]);
  auto options = folder(dir_.path());
  options.matches.fields = {{"PARITY", "odd"}};
  const Read rest = read_all(options, whole.cursors[4]);
  EXPECT_EQ(rest.messages.size(), 10u);
  ASSERT_EQ(rest.gaps.size(), 1u);
  EXPECT_EQ(rest.gaps[0].count, 5u);
  // Nothing is lost if all that is gone had been read.
  EXPECT_TRUE(read_all(options, whole.cursors[9]).gaps.empty());
}

// journald numbers all entries with one counter, but each user's files are a series of their own.
TEST_F(JournalReaderTest, TheFilesOfUsersFillTheHolesInTheNumbers) {
  const auto add = [&](const std::string& name, uint64_t series, uint64_t first) {
    make_journal(dir_ / name, plain_entries(first, first + 9));
    renumber_journal(dir_ / name, series, first + 1);
  };
  add("system@1.journal", 7, 0);
  add("user-1000.journal", 8, 10);
  add("system@2.journal", 7, 20);
  const Read whole = read_all(folder(dir_.path()));
  ASSERT_EQ(whole.messages, entries(0, 29));
  for (size_t i = 0; i < 30; ++i)
    EXPECT_TRUE(read_all(folder(dir_.path()), whole.cursors[i]).gaps.empty()) << i;
  // What was read may go...
  fs::rename(dir_ / "system@1.journal", dir_ / "kept");
  EXPECT_TRUE(read_all(folder(dir_.path()), whole.cursors[9]).gaps.empty());
  // ...and what was not is missed, also where another series goes on.
  const Read half = read_all(folder(dir_.path()), whole.cursors[4]);
  ASSERT_EQ(half.gaps.size(), 1u);
  EXPECT_EQ(half.gaps[0].count, 5u);
  fs::rename(dir_ / "kept", dir_ / "system@1.journal");
  fs::remove(dir_ / "user-1000.journal");
  const Read rest = read_all(folder(dir_.path()), whole.cursors[4]);
  ASSERT_EQ(rest.gaps.size(), 1u);
  EXPECT_EQ(rest.gaps[0].count, 10u);
}

TEST_F(JournalReaderTest, AFileDeletedWhileReadingIsAGap) {
  const auto files = make_rotated(dir_.path(), 3, 10);
  auto reader = must(JournalReader::open(folder(dir_.path()), {}));
  must(reader->begin(""));
  for (int i = 0; i < 5; ++i) ASSERT_EQ(reader->next(), Step::entry);
  fs::remove(files[0]);
  fs::remove(files[1]);
  EXPECT_TRUE(must(reader->process()));
  const Read rest = read_on(*reader);
  EXPECT_EQ(rest.messages, entries(20, 29));
  ASSERT_EQ(rest.gaps.size(), 1u);
  EXPECT_EQ(rest.gaps[0].count, 15u);
}

TEST_F(JournalReaderTest, ARotationWhileReadingIsNoGap) {
  make_journal(dir_ / "a.journal", plain_entries(0, 9));
  auto reader = must(JournalReader::open(folder(dir_.path()), {}));
  must(reader->begin(""));
  EXPECT_EQ(read_on(*reader).messages, entries(0, 9));
  fs::rename(dir_ / "a.journal", dir_ / "a@1.journal");
  make_journal(dir_ / "b.journal", plain_entries(10, 19));
  EXPECT_TRUE(must(reader->process()));
  const Read rest = read_on(*reader);
  EXPECT_EQ(rest.messages, entries(10, 19));
  EXPECT_TRUE(rest.gaps.empty());
}

TEST_F(JournalReaderTest, AGarbledPositionStartsAsConfiguredAndSaysSo) {
  make_journal(dir_ / "a.journal", plain_entries(0, 9));
  const Read read = read_all(folder(dir_.path()), "garbage");
  EXPECT_EQ(read.messages, entries(0, 9));
  ASSERT_EQ(read.gaps.size(), 1u);
  EXPECT_EQ(read.gaps[0].reason, "damage");
  EXPECT_EQ(read.gaps[0].count, std::nullopt);
  EXPECT_EQ(read.gaps[0].from, "");
  EXPECT_EQ(read.gaps[0].to, read.cursors[0]);
}

TEST_F(JournalReaderTest, StartsNowWithWhatComesAfter) {
  make_journal(dir_ / "a.journal", plain_entries(0, 9));
  auto reader = must(JournalReader::open(folder(dir_.path(), JournalStart::Kind::now), {}));
  must(reader->begin(""));
  EXPECT_TRUE(read_on(*reader).messages.empty());
  EXPECT_FALSE(reader->position().empty());
  make_journal(dir_ / "a.journal", plain_entries(10, 12));
  must(reader->process());
  EXPECT_EQ(read_on(*reader).messages, entries(10, 12));
}

TEST_F(JournalReaderTest, StartsAtATime) {
  make_journal(dir_ / "a.journal", plain_entries(0, 99));
  auto options = folder(dir_.path(), JournalStart::Kind::time);
  options.start.time_us = static_cast<int64_t>(kJournalTime + 50'000);
  EXPECT_EQ(read_all(options).messages, entries(50, 99));
  options.start.time_us = static_cast<int64_t>(kJournalTime + 49'001);
  EXPECT_EQ(read_all(options).messages, entries(50, 99));
  options.start.time_us = static_cast<int64_t>(kJournalTime + 1'000'000'000);
  EXPECT_TRUE(read_all(options).messages.empty());
}

TEST_F(JournalReaderTest, StartsAtATimeInsideAFileWhoseClockStepsBack) {
  // Another boot may be earlier by the clock, within one file.
  std::string text = plain_entries(0, 9);
  text += ExportEntry(kJournalTime + 500'000, 5'000'000, 2).text("MESSAGE", "entry 10").bytes();
  for (uint64_t i = 11; i < 20; ++i)
    text += ExportEntry(kJournalTime - 900'000 + i, 6'000'000 + i, 2)
                .text("MESSAGE", "entry " + std::to_string(i))
                .bytes();
  make_journal(dir_ / "a.journal", text);
  auto options = folder(dir_.path(), JournalStart::Kind::time);
  options.start.time_us = static_cast<int64_t>(kJournalTime + 400'000);
  EXPECT_EQ(read_all(options).messages, entries(10, 19));
}

// systemd#6213: the machine wrote until 10 o'clock; then it started again, the clock an hour
// behind, and the journal was begun anew.
TEST_F(JournalReaderTest, EntriesOfABootWhoseClockIsBehindAreRead) {
  make_journal(dir_ / "a.journal", plain_entries(3'600'000, 3'600'009, 1));
  const std::string cursor = read_all(folder(dir_.path())).checkpoints.back();
  make_journal(dir_ / "b.journal", plain_entries(0, 9, 2));
  JournalReaderSettings settings;
  settings.current_boot = parse_journal_id(ExportEntry::boot_digits(2));
  auto reader = must(JournalReader::open(folder(dir_.path()), settings));
  must(reader->begin(cursor));
  EXPECT_EQ(read_on(*reader).messages, entries(0, 9));
  // So are those that come then, and nothing of before comes again after a restart in the middle.
  make_journal(dir_ / "b.journal", plain_entries(10, 14, 2));
  must(reader->process());
  const Read live = read_on(*reader);
  EXPECT_EQ(live.messages, entries(10, 14));
  const Read rest = read_all(folder(dir_.path()), live.checkpoints[1], settings);
  EXPECT_EQ(rest.messages, entries(12, 14));
  EXPECT_TRUE(rest.gaps.empty());
}

TEST_F(JournalReaderTest, MatchesAreJoinedAsTheyShould) {
  std::string text;
  const auto add = [&](std::string_view unit, std::string_view identifier, int priority) {
    text += ExportEntry(kJournalTime + text.size(), 1'000'000 + text.size())
                .text("_SYSTEMD_UNIT", unit)
                .text("SYSLOG_IDENTIFIER", identifier)
                .text("PRIORITY", std::to_string(priority))
                .text("MESSAGE", std::string(unit) + " " + std::string(identifier) + " " +
                                     std::to_string(priority))
                .bytes();
  };
  for (const char* unit : {"a.service", "b.service", "c.socket"}) {
    for (const char* identifier : {"x", "y"}) {
      for (const int priority : {2, 3, 6}) add(unit, identifier, priority);
    }
  }
  text += ExportEntry(kJournalTime + text.size(), 2'000'000)
              .text("_PID", "1")
              .text("UNIT", "a.service")
              .text("MESSAGE", "of a")
              .bytes();
  text += ExportEntry(kJournalTime + text.size(), 2'000'000)
              .text("_PID", "2")
              .text("UNIT", "a.service")
              .text("MESSAGE", "forged")
              .bytes();
  make_journal(dir_ / "a.journal", text);
  auto options = folder(dir_.path());
  options.matches.units = {"a"};
  EXPECT_EQ(read_all(options).messages.size(), 7u);
  EXPECT_EQ(read_all(options).messages.back(), "of a");
  options.matches.units = {"a", "c.socket"};
  options.matches.max_priority = 3;
  options.matches.identifiers = {"x"};
  EXPECT_EQ(read_all(options).messages, (std::vector<std::string>{"a.service x 2", "a.service x 3",
                                                                  "c.socket x 2", "c.socket x 3"}));
  options.matches = {};
  options.matches.fields = {{"PRIORITY", "2"}, {"SYSLOG_IDENTIFIER", "y"}, {"PRIORITY", "6"}};
  EXPECT_EQ(read_all(options).messages.size(), 6u);
  options.matches = {};
  options.matches.boot = ExportEntry::boot_digits(2);
  EXPECT_TRUE(read_all(options).messages.empty());
  options.matches.boot = ExportEntry::boot_digits(1);
  EXPECT_EQ(read_all(options).messages.size(), 20u);
}

TEST_F(JournalReaderTest, MatchesThatCannotBeAreUsageErrors) {
  make_journal(dir_ / "a.journal", plain_entries(0, 1));
  const auto refusal = [&](const JournalMatches& matches) {
    auto options = folder(dir_.path());
    options.matches = matches;
    const auto reader = JournalReader::open(options, {});
    return reader ? "accepted"
                  : std::string(error_kind_name(reader.error().kind())) +
                        (reader.error().hint().empty() ? " without a hint" : "");
  };
  EXPECT_EQ(refusal({.units = {"nginx*"}}), "Usage");
  EXPECT_EQ(refusal({.units = {""}}), "Usage");
  EXPECT_EQ(refusal({.boot = "yesterday"}), "Usage");
  EXPECT_EQ(refusal({.fields = {{"lower", "x"}}}), "Usage");
  EXPECT_EQ(refusal({.fields = {{"__CURSOR", "x"}}}), "Usage");
  EXPECT_EQ(refusal({.boot = "current"}), "accepted");
}

// With matches the position stands still while nothing matches.
TEST_F(JournalReaderTest, KnowsHowFarItHasLookedThough) {
  make_journal(dir_ / "a.journal", plain_entries(0, 9));
  auto options = folder(dir_.path());
  options.matches.fields = {{"MESSAGE", "entry 3"}};
  auto reader = must(JournalReader::open(options, {}));
  must(reader->begin(""));
  EXPECT_EQ(read_on(*reader).messages, entries(3, 3));
  EXPECT_EQ(reader->position(), read_all(folder(dir_.path())).cursors.back());
  const std::string seen = reader->checkpoint();
  EXPECT_EQ(reader->next(), Step::end);
  // What comes then is read, by this reader and by one that resumes.
  make_journal(dir_ / "a.journal", plain_entry(3).bytes());
  must(reader->process());
  EXPECT_EQ(read_on(*reader).messages, entries(3, 3));
  const Read resumed = read_all(options, seen);
  EXPECT_EQ(resumed.messages, entries(3, 3));
  EXPECT_TRUE(resumed.gaps.empty());
}

// What is wrong with the files of a journal.

std::string refusal(const JournalOptions& options) {
  const auto reader = JournalReader::open(options, {});
  if (reader) return "opened";
  EXPECT_FALSE(reader.error().hint().empty());
  return std::string(error_kind_name(reader.error().kind())) + " " +
         fs::path(reader.error().path()).filename().string();
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST_F(JournalReaderTest, NothingToReadIsAnErrorThatSaysWhat) {
  EXPECT_EQ(refusal(folder(dir_ / "missing")), "NotFound missing");
  fs::create_directory(dir_ / "empty");
  EXPECT_EQ(refusal(folder(dir_ / "empty")), "NotFound empty");
  fs::create_directory(dir_ / "noise");
  write_bytes(dir_ / "noise" / "x.journal", std::string(100, '\x5a'));
  EXPECT_EQ(refusal(folder(dir_ / "noise")), "Corrupt x.journal");
  JournalOptions files;
  files.place = {.kind = JournalPlace::Kind::files, .paths = {(dir_ / "y.journal").string()}};
  EXPECT_EQ(refusal(files), "NotFound y.journal");
}

TEST_F(JournalReaderTest, FilesThatMayNotBeReadAreAnErrorThatNamesTheGroup) {
  if (::geteuid() == 0) {
    // Root may read everything: in a child that is somebody else.
    make_journal(dir_ / "j" / "a.journal", plain_entries(0, 1));
    fs::permissions(dir_ / "j" / "a.journal", fs::perms::owner_read);
    fs::permissions(dir_.path(), fs::perms::all);
    const pid_t child = ::fork();
    if (child == 0) {
      if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
      const auto reader = JournalReader::open(folder(dir_ / "j"), {});
      const bool good = !reader && reader.error().kind() == ErrorKind::Permission &&
                        reader.error().hint().contains("usermod -aG systemd-journal nobody");
      ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return;
  }
  make_journal(dir_ / "a.journal", plain_entries(0, 1));
  fs::permissions(dir_ / "a.journal", fs::perms::none);
  const auto reader = JournalReader::open(folder(dir_.path()), {});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().kind(), ErrorKind::Permission);
  EXPECT_TRUE(reader.error().hint().contains("usermod -aG systemd-journal "));
}

TEST_F(JournalReaderTest, ForeignAndTruncatedFilesHideNothingElse) {
  make_journal(dir_ / "a.journal", plain_entries(0, 9));
  make_journal(dir_ / "b.journal", plain_entries(10, 19));
  write_bytes(dir_ / "noise.journal", std::string(100, '\x5a'));
  const std::string whole = bytes_of(dir_ / "a.journal");
  write_bytes(dir_ / "short.journal", std::string_view(whole).substr(0, whole.size() / 2));
  auto reader = must(JournalReader::open(folder(dir_.path()), {}));
  must(reader->begin(""));
  EXPECT_EQ(read_on(*reader).messages, entries(0, 19));
  EXPECT_EQ(reader->files().readable, 2u);
  EXPECT_EQ(reader->files().damaged, 2u);
}

TEST_F(JournalReaderTest, FilesAreReadByName) {
  make_journal(dir_ / "a.journal", plain_entries(0, 9));
  make_journal(dir_ / "b.journal", plain_entries(10, 19));
  make_journal(dir_ / "c.journal", plain_entries(20, 29));
  JournalOptions options;
  options.start.kind = JournalStart::Kind::oldest;
  options.place = {.kind = JournalPlace::Kind::files,
                   .paths = {(dir_ / "a.journal").string(), (dir_ / "c.journal").string()}};
  auto expected = entries(0, 9);
  std::ranges::copy(entries(20, 29), std::back_inserter(expected));
  EXPECT_EQ(read_all(options).messages, expected);
}

TEST_F(JournalReaderTest, BytesOverwrittenAnywhereCostEntriesAndNothingElse) {
  make_journal(dir_ / "a.journal", plain_entries(0, 99));
  make_journal(dir_ / "b.journal", plain_entries(100, 199));
  const std::string whole = bytes_of(dir_ / "a.journal");
  const size_t end = whole.find_last_not_of('\0');
  for (size_t at = 300; at < end; at += end / 40) {
    std::string damaged = whole;
    damaged.replace(at, 24, std::string(24, '\xa5'));
    write_bytes(dir_ / "a.journal", damaged);
    const Read read = read_all(folder(dir_.path()));
    // The other file is complete in any case.
    std::vector<std::string> others;
    std::ranges::copy_if(read.messages, std::back_inserter(others), [](const std::string& message) {
      return message.size() == 9 && message.starts_with("entry 1");
    });
    EXPECT_EQ(others, entries(100, 199)) << at;
    EXPECT_LE(read.messages.size(), 200u) << at;
  }
}

// Somebody truncates a file while it is mapped.
TEST_F(JournalReaderTest, AFileTruncatedWhileReadingCostsItsEntriesAndNotTheProcess) {
  const auto files = make_rotated(dir_.path(), 2, 2000);
  auto reader = must(JournalReader::open(folder(dir_.path()), {}));
  must(reader->begin(""));
  for (int i = 0; i < 100; ++i) ASSERT_EQ(reader->next(), Step::entry);
  fs::resize_file(files[0], 4096);
  const Read rest = read_on(*reader);
  ASSERT_GE(rest.messages.size(), 2000u);
  EXPECT_EQ(std::vector(rest.messages.end() - 2000, rest.messages.end()), entries(2000, 3999));
  ASSERT_EQ(rest.gaps.size(), 1u);
  EXPECT_EQ(rest.gaps[0].reason, "damage");
  EXPECT_EQ(rest.gaps[0].count, 3900 - rest.messages.size());
}

}  // namespace
}  // namespace plasmite
