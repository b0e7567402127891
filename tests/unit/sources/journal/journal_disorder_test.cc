// JournalReader where sd-journal's order is no help: clocks that were set back, several machines in
// one folder, files that come and go.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "sources/journal/journal_reader.h"
#include "tests/support/journal_maker.h"
#include "tests/support/must.h"
#include "tests/support/scratch.h"
#include "tests/unit/sources/journal/journal_reading.h"

namespace plasmite {
namespace {

namespace fs = std::filesystem;
using Step = JournalReader::Step;
constexpr uint64_t kSecond = 1'000'000;

class JournalDisorder : public testing::Test {
 protected:
  // `count` entries "NAME 0".. of one boot, `step_us` apart by both clocks.
  static std::string boot(const std::string& name, uint64_t boot_number, uint64_t at_us,
                          uint64_t monotonic_us, uint64_t count, uint64_t step_us = 2 * kSecond) {
    std::string text;
    for (uint64_t i = 0; i < count; ++i)
      text += ExportEntry(at_us + i * step_us, monotonic_us + i * step_us, boot_number)
                  .text("MESSAGE", name + " " + std::to_string(i))
                  .text("PRIORITY", "6")
                  .bytes();
    return text;
  }
  static std::vector<std::string> sorted(std::vector<std::string> messages) {
    std::ranges::sort(messages);
    return messages;
  }
  JournalOptions options(bool has_matches,
                         JournalStart::Kind start = JournalStart::Kind::oldest) const {
    auto options = folder(dir_.path(), start);
    if (has_matches) options.matches.fields = {{"PRIORITY", "6"}};
    return options;
  }
  JournalOptions matching(const std::string& name, const std::string& value) const {
    auto options = folder(dir_.path());
    options.matches.fields = {{name, value}};
    return options;
  }
  // Everything once, from the beginning and from every position on.
  void expect_each_once(size_t count) const {
    for (const bool has_matches : {false, true}) {
      const Read whole = read_all(options(has_matches));
      const auto all = sorted(whole.messages);
      EXPECT_EQ(all.size(), count) << has_matches;
      EXPECT_EQ(std::ranges::adjacent_find(all), all.end()) << has_matches;
      for (size_t i = 0; i < whole.messages.size(); ++i) {
        auto both = read_all(options(has_matches), whole.checkpoints[i]).messages;
        const auto read = whole.messages.begin() + static_cast<ptrdiff_t>(i) + 1;
        both.insert(both.end(), whole.messages.begin(), read);
        EXPECT_EQ(sorted(both), all) << has_matches << " " << i;
      }
      // At the end there is nothing more, however often somebody asks.
      auto reader = must(JournalReader::open(options(has_matches), {}));
      must(reader->begin(""));
      EXPECT_EQ(read_on(*reader).messages.size(), count);
      (void)must(reader->process());
      EXPECT_TRUE(read_on(*reader).messages.empty());
      EXPECT_TRUE(read_all(options(has_matches), reader->checkpoint()).messages.empty());
    }
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
};

// Two files get an entry each, the second one a moment later, and sd-journal knows the second
// alone.
TEST_F(JournalDisorder, AnEntryThatShowsLateIsNotPassedOver) {
  for (const bool has_matches : {false, true}) {
    const ScratchDir dir = ScratchDir::in_memory();
    const auto add = [&](const std::string& name, uint64_t series, uint64_t first, uint64_t last,
                         uint64_t number) {
      make_journal(dir / name, plain_entries(first, last));
      renumber_journal(dir / name, series, number);
    };
    add("a.journal", 7, 0, 9, 1);
    auto options = folder(dir.path());
    if (has_matches) options.matches.fields = {{"PRIORITY", "6"}};
    auto reader = must(JournalReader::open(options, {}));
    must(reader->begin(""));
    ASSERT_EQ(read_on(*reader).messages, entries(0, 9));
    add("b.journal", 7, 20, 29, 21);
    must(reader->process());
    add("c.journal", 8, 10, 19, 11);
    const Read rest = read_on(*reader);
    EXPECT_EQ(rest.messages, entries(10, 29)) << has_matches;
    EXPECT_TRUE(rest.gaps.empty()) << has_matches;
  }
}

// The first boot was two hours ahead. Within a boot the user's entries go between the system's.
TEST_F(JournalDisorder, AClockThatStepsBackInTheFilesOfSeveralUsersRepeatsAndLosesNothing) {
  const uint64_t ahead = kJournalTime + 7200 * kSecond;
  make_journal(dir_ / "system.journal", boot("s1", 1, ahead, 5 * kSecond, 20) +
                                            boot("s2", 2, kJournalTime, 5 * kSecond, 20));
  make_journal(dir_ / "user-1000.journal",
               boot("u1", 1, ahead + 1, 5 * kSecond + 1, 20) +
                   boot("u2", 2, kJournalTime + 1, 5 * kSecond + 1, 20));
  expect_each_once(80);
}

TEST_F(JournalDisorder, TwoMachinesOfWhichOneStepsBackRepeatAndLoseNothing) {
  make_journal(dir_ / "a.journal", boot("a1", 1, kJournalTime + 2 * kSecond, 5 * kSecond, 30, 10) +
                                       boot("a2", 1, kJournalTime, 6 * kSecond, 30, 10));
  make_journal(dir_ / "b.journal", boot("b", 2, kJournalTime + kSecond, 5 * kSecond, 30, 10));
  expect_each_once(90);
}

// systemd-journal-remote writes the entries of several machines as they come.
TEST_F(JournalDisorder, WhatComesLateFromAnotherMachineIsRead) {
  make_journal(dir_ / "a.journal", boot("a1", 1, kJournalTime, kSecond, 5));
  make_journal(dir_ / "b.journal", boot("b1", 2, kJournalTime, kSecond, 5));
  for (const bool has_matches : {false, true}) {
    auto reader = must(JournalReader::open(options(has_matches, JournalStart::Kind::now), {}));
    must(reader->begin(""));
    EXPECT_TRUE(read_on(*reader).messages.empty());
    const std::string name = has_matches ? "m" : "n";
    make_journal(dir_ / "a.journal",
                 boot(name, 1, kJournalTime + 9000 * kSecond, 9000 * kSecond, 3));
    (void)must(reader->process());
    EXPECT_EQ(read_on(*reader).messages.size(), 3u);
    const std::string checkpoint = reader->checkpoint();
    make_journal(dir_ / "b.journal",
                 boot(name + "b", 2, kJournalTime + 8000 * kSecond, 8000 * kSecond, 2));
    (void)must(reader->process());
    const std::vector<std::string> late = {name + "b 0", name + "b 1"};
    EXPECT_EQ(read_on(*reader).messages, late);
    EXPECT_EQ(read_all(options(has_matches), checkpoint).messages, late);
    EXPECT_TRUE(read_all(options(has_matches), reader->checkpoint()).messages.empty());
  }
}

TEST_F(JournalDisorder, AFileWithEntriesOfTheFutureSilencesNoOther) {
  make_journal(dir_ / "user-1000.journal",
               boot("future", 1, kJournalTime + 3600 * kSecond, 5 * kSecond, 3));
  make_journal(dir_ / "system.journal", boot("before", 2, kJournalTime, kSecond, 3));
  JournalReaderSettings settings;
  settings.current_boot = parse_journal_id(ExportEntry::boot_digits(2));
  std::vector<std::string> checkpoints;
  for (const bool has_matches : {false, true}) {
    auto reader =
        must(JournalReader::open(options(has_matches, JournalStart::Kind::now), settings));
    must(reader->begin(""));
    EXPECT_TRUE(read_on(*reader).messages.empty());
    checkpoints.push_back(reader->checkpoint());
    for (uint64_t i = 0; i < 3; ++i) {
      const uint64_t at = 10 * kSecond + (has_matches ? 3 + i : i) * kSecond;
      const std::string name = "live" + std::to_string(at);
      make_journal(dir_ / "system.journal", boot(name, 2, kJournalTime + at, at, 1));
      (void)must(reader->process());
      EXPECT_EQ(read_on(*reader).messages, std::vector{name + " 0"});
    }
    EXPECT_TRUE(read_all(options(has_matches), reader->checkpoint(), settings).messages.empty());
  }
  // The `now` of the first start.
  EXPECT_EQ(read_all(options(false), checkpoints[0], settings).messages.size(), 6u);
  EXPECT_EQ(read_all(options(true), checkpoints[1], settings).messages.size(), 3u);
}

// Of a series that nobody has read yet, sd-journal may show a later entry first.
TEST_F(JournalDisorder, ASeriesThatIsNewIsReadFromItsBeginning) {
  make_journal(dir_ / "a.journal", boot("a", 1, kJournalTime, kSecond, 10));
  for (const bool has_matches : {false, true}) {
    const std::string name = has_matches ? "m" : "n";
    const std::string stored = read_all(options(has_matches)).checkpoints.back();
    make_journal(
        dir_ / (name + ".journal"),
        boot(name + "1", has_matches ? 3 : 2, kJournalTime - 3600 * kSecond, kSecond, 5) +
            boot(name + "2", has_matches ? 3 : 2, kJournalTime + 60 * kSecond, 60 * kSecond, 5));
    EXPECT_EQ(read_all(options(has_matches), stored).messages.size(), 10u) << has_matches;
  }
}

// Three files, two of one series, none of which sd-journal puts after the next.
TEST_F(JournalDisorder, InWhateverOrderTheFilesWereMadeAllIsReadOnce) {
  std::vector<int> order = {0, 1, 2};
  do {
    for (const auto start : {JournalStart::Kind::oldest, JournalStart::Kind::now}) {
      const ScratchDir dir = ScratchDir::in_memory();
      for (const int file : order) {
        const fs::path path = dir / (std::string(1, static_cast<char>('a' + file)) + ".journal");
        if (file == 0) make_journal(path, boot("a", 1, kJournalTime + 1000 * kSecond, kSecond, 10));
        if (file == 1) make_journal(path, boot("b", 2, kJournalTime + 500 * kSecond, kSecond, 10));
        if (file == 2) make_journal(path, boot("c", 3, kJournalTime, kSecond, 10));
        renumber_journal(path, file == 1 ? 8 : 7, file == 2 ? 11 : 1);
      }
      for (const bool has_matches : {false, true}) {
        auto wanted = folder(dir.path(), start);
        if (has_matches) wanted.matches.fields = {{"PRIORITY", "6"}};
        auto reader = must(JournalReader::open(wanted, {}));
        must(reader->begin(""));
        EXPECT_EQ(read_on(*reader).messages.size(), start == JournalStart::Kind::now ? 0u : 30u);
        EXPECT_TRUE(read_all(wanted, reader->checkpoint()).messages.empty());
      }
    }
  } while (std::ranges::next_permutation(order).found);
}

// Each machine numbers the entries of all its users with one counter.
TEST_F(JournalDisorder, HolesThatOtherUsersFillOnTwoMachinesAreNoGaps) {
  for (uint64_t machine = 1; machine <= 2; ++machine)
    for (uint64_t part = 0; part < 4; ++part) {
      const std::string name = std::to_string(machine) + (part % 2 == 0 ? "s" : "u");
      const fs::path path = dir_ / (name + std::to_string(part) + ".journal");
      make_journal(path, boot(name + std::to_string(part), machine,
                              kJournalTime + part * 10 * kSecond + machine,
                              part * 10 * kSecond + machine, 5));
      renumber_journal(path, machine * 10 + part % 2, 1 + part * 5);
    }
  const Read whole = read_all(options(false));
  EXPECT_EQ(whole.messages.size(), 40u);
  EXPECT_TRUE(whole.gaps.empty());
  for (const std::string& checkpoint : whole.checkpoints)
    EXPECT_TRUE(read_all(options(false), checkpoint).gaps.empty()) << checkpoint;
}

// A few machines, their users and boots, each boot with a clock of its own.
class RandomJournal {
 public:
  RandomJournal(const fs::path& dir, uint32_t seed) : random_(seed) {
    const uint64_t machines = 1 + random_() % 3;
    struct File {
      fs::path path;
      std::string text;
      uint64_t series, number;
    };
    std::vector<File> files;
    for (uint64_t machine = 1; machine <= machines; ++machine) {
      uint64_t number = 1;
      uint64_t boot = 10 * machine;
      uint64_t clock = kJournalTime + random_() % 100 * kSecond;
      uint64_t monotonic = kSecond;
      for (uint64_t run = 0; run < 6; ++run) {
        if (run > 0 && random_() % 3 == 0) {
          ++boot;
          monotonic = kSecond;
          clock = kJournalTime + random_() % 7200 * kSecond;
        }
        File file{.path = {}, .text = {}, .series = 10 * machine + random_() % 3, .number = number};
        for (uint64_t left = 1 + random_() % 6; left > 0; --left, ++number, ++count_) {
          clock += 1 + random_() % (20 * kSecond);
          monotonic += 1 + random_() % (20 * kSecond);
          file.text += ExportEntry(clock, monotonic, boot)
                           .text("MESSAGE", std::to_string(count_))
                           .text("PRIORITY", "6")
                           .bytes();
        }
        files.push_back(std::move(file));
      }
    }
    std::ranges::shuffle(files, random_);
    for (size_t i = 0; i < files.size(); ++i) {
      const fs::path path = dir / (std::to_string(i) + ".journal");
      make_journal(path, files[i].text);
      renumber_journal(path, files[i].series, files[i].number);
    }
  }
  size_t count() const { return count_; }

 private:
  std::mt19937 random_;
  size_t count_ = 0;
};

TEST_F(JournalDisorder, OfRandomJournalsEachEntryIsReadOnceFromEveryPositionOn) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    const ScratchDir dir = ScratchDir::in_memory();
    const RandomJournal journal(dir.path(), seed);
    for (const bool has_matches : {false, true}) {
      auto wanted = folder(dir.path());
      if (has_matches) wanted.matches.fields = {{"PRIORITY", "6"}};
      const Read whole = read_all(wanted);
      const auto all = sorted(whole.messages);
      ASSERT_EQ(all.size(), journal.count()) << seed;
      ASSERT_EQ(std::ranges::adjacent_find(all), all.end()) << seed;
      EXPECT_TRUE(whole.gaps.empty()) << seed;
      for (size_t i = 0; i < whole.messages.size(); i += 3) {
        const Read rest = read_all(wanted, whole.checkpoints[i]);
        auto both = rest.messages;
        both.insert(both.end(), whole.messages.begin(),
                    whole.messages.begin() + static_cast<ptrdiff_t>(i) + 1);
        EXPECT_EQ(sorted(both), all) << seed << " " << has_matches << " " << i;
        EXPECT_TRUE(rest.gaps.empty()) << seed << " " << has_matches << " " << i;
      }
    }
  }
}

// As after power was lost many times.
TEST_F(JournalDisorder, SeriesThatAreGoneTakeNoRoomInACheckpoint) {
  std::string stored;
  for (uint64_t i = 0; i < 25; ++i) {
    const fs::path path = dir_ / "a.journal";
    make_journal(path, boot("f", i + 1, kJournalTime + i * 100 * kSecond, kSecond, 3));
    const Read read = read_all(options(false), stored);
    EXPECT_EQ(read.messages.size(), 3u);
    stored = read.checkpoints.back();
    fs::remove(path);
  }
  EXPECT_FALSE(stored.ends_with('+'));
  make_journal(dir_ / "b.journal", boot("late", 99, kJournalTime - 3600 * kSecond, kSecond, 3));
  EXPECT_EQ(read_all(options(false), stored).messages.size(), 3u);
}

// More series than a checkpoint has room for: those that are left out are compared by time.
TEST_F(JournalDisorder, ManySeriesAreEachReadOnce) {
  for (uint64_t file = 0; file < 30; ++file)
    make_journal(dir_ / ("f" + std::to_string(file) + ".journal"),
                 boot("f" + std::to_string(file), 1, kJournalTime + file, kSecond + file, 3));
  const Read whole = read_all(options(false));
  EXPECT_EQ(whole.messages.size(), 90u);
  for (size_t i = 0; i < whole.messages.size(); ++i) {
    EXPECT_LE(whole.checkpoints[i].size(), kMaxJournalCursorBytes);
    EXPECT_EQ(
        read_all(options(false), whole.checkpoints[i]).messages,
        std::vector(whole.messages.begin() + static_cast<ptrdiff_t>(i) + 1, whole.messages.end()));
  }
  EXPECT_TRUE(whole.checkpoints.back().ends_with('+'));
}

TEST_F(JournalDisorder, WithMatchesFilesThatVanishUnreadAreAGapWithTheirNumber) {
  const auto files = make_rotated(dir_.path(), 4, 10);
  auto reader = must(JournalReader::open(matching("PARITY", "odd"), {}));
  must(reader->begin(""));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(reader->next(), Step::entry);  // up to entry 5
  fs::remove(files[0]);
  fs::remove(files[1]);
  (void)must(reader->process());
  const Read rest = read_on(*reader);
  EXPECT_EQ(rest.messages.size(), 10u);
  ASSERT_EQ(rest.gaps.size(), 1u);
  EXPECT_EQ(rest.gaps[0].count, 14u);
}

TEST_F(JournalDisorder, WithMatchesAGapIsToldOfThoughNothingMatchesAnyMore) {
  const auto files = make_rotated(dir_.path(), 3, 10);
  const auto some = matching("MESSAGE", "entry 2");
  const Read first = read_all(some);
  ASSERT_EQ(first.messages, entries(2, 2));
  fs::remove(files[0]);
  const Read rest = read_all(some, first.checkpoints[0]);
  EXPECT_TRUE(rest.messages.empty());
  ASSERT_EQ(rest.gaps.size(), 1u);
  EXPECT_EQ(rest.gaps[0].count, 7u);
}

TEST_F(JournalDisorder, WhatWasLookedThroughWithoutAMatchIsNoGap) {
  const auto files = make_rotated(dir_.path(), 3, 10);
  auto reader = must(JournalReader::open(matching("MESSAGE", "entry 2"), {}));
  must(reader->begin(""));
  EXPECT_EQ(read_on(*reader).messages, entries(2, 2));
  for (const fs::path& file : files) fs::remove(file);
  make_journal(dir_ / "a.journal", plain_entries(30, 34));
  renumber_journal(dir_ / "a.journal", 7, 31);
  (void)must(reader->process());
  EXPECT_TRUE(read_on(*reader).gaps.empty());
}

TEST_F(JournalDisorder, AJournalThatWasBegunAnewIsAGapThatNobodyCanCount) {
  make_journal(dir_ / "a.journal", plain_entries(0, 8));
  const std::string stored = read_all(folder(dir_.path())).checkpoints[4];
  fs::remove(dir_ / "a.journal");
  make_journal(dir_ / "b.journal", plain_entries(9, 11));
  const Read rest = read_all(folder(dir_.path()), stored);
  EXPECT_EQ(rest.messages, entries(9, 11));
  ASSERT_EQ(rest.gaps.size(), 1u);
  EXPECT_EQ(rest.gaps[0].count, std::nullopt);
}

TEST_F(JournalDisorder, AFolderThatIsMadeAnewIsRead) {
  const fs::path where = dir_ / "journal";
  make_journal(where / "a.journal", plain_entries(0, 4));
  auto reader = must(JournalReader::open(folder(where), {}));
  must(reader->begin(""));
  EXPECT_EQ(read_on(*reader).messages, entries(0, 4));
  EXPECT_FALSE(reader->is_told_of_all());
  fs::remove_all(where);
  make_journal(where / "b.journal", plain_entries(5, 9));
  (void)must(reader->process());
  EXPECT_EQ(read_on(*reader).messages, entries(5, 9));
  make_journal(where / "b.journal", plain_entries(10, 10));
  (void)must(reader->process());
  EXPECT_EQ(read_on(*reader).messages, entries(10, 10));
}

TEST_F(JournalDisorder, AFileThatWasNamedIsReadOnAfterARotation) {
  make_journal(dir_ / "system.journal", plain_entries(0, 4));
  JournalOptions options{
      .place = {.kind = JournalPlace::Kind::files, .paths = {(dir_ / "system.journal").string()}},
      .start = {.kind = JournalStart::Kind::oldest}};
  auto reader = must(JournalReader::open(options, {}));
  must(reader->begin(""));
  EXPECT_EQ(read_on(*reader).messages, entries(0, 4));
  // What was written to the old one just before is not lost.
  make_journal(dir_ / "system.journal", plain_entries(5, 6));
  fs::rename(dir_ / "system.journal", dir_ / "system@1.journal");
  make_journal(dir_ / "system.journal", plain_entries(7, 9));
  (void)must(reader->process());
  const Read rest = read_on(*reader);
  EXPECT_EQ(rest.messages, entries(5, 9));
  EXPECT_TRUE(rest.gaps.empty());
}

}  // namespace
}  // namespace plasmite
