// Matches: what they say of an entry at hand, and entries that are in the list of all already but
// not yet in those of what matches.
#include "sources/journal/journal_matches.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/scratch.h"
#include "tests/unit/sources/journal/journal_reading.h"

namespace plasmite {
namespace {

namespace fs = std::filesystem;

class ListedFields : public JournalFields {
 public:
  ListedFields(std::initializer_list<std::string_view> fields) : fields_(fields) {}
  int next(std::string_view& field) override {
    if (at_ == fields_.size()) return ends_with_;
    field = fields_[at_++];
    return 1;
  }
  void restart() override { at_ = 0; }
  ListedFields& ends_with(int result) {
    ends_with_ = result;
    return *this;
  }

 private:
  std::vector<std::string_view> fields_;
  size_t at_ = 0;
  int ends_with_ = 0;
};

bool holds(const JournalMatches& matches, std::initializer_list<std::string_view> fields) {
  ListedFields listed(fields);
  return must(JournalExpression::create(matches)).may_hold(listed);
}

TEST(JournalExpression, WithoutMatchesEverythingIsWanted) {
  EXPECT_TRUE(holds({}, {}));
  EXPECT_TRUE(holds({}, {"MESSAGE=a"}));
}

TEST(JournalExpression, ValuesOfOneFieldAreAlternativesAndFieldsAreNot) {
  const JournalMatches matches{.fields = {{"A", "1"}, {"B", "1"}, {"A", "2"}}};
  EXPECT_TRUE(holds(matches, {"A=1", "B=1"}));
  EXPECT_TRUE(holds(matches, {"B=1", "C=0", "A=2"}));
  EXPECT_FALSE(holds(matches, {"A=1", "A=2"}));
  EXPECT_FALSE(holds(matches, {"A=3", "B=1"}));
  EXPECT_FALSE(holds(matches, {"AA=1", "B=1"}));
  EXPECT_FALSE(holds(matches, {}));
}

TEST(JournalExpression, AUnitIsWhatItSaysAndWhatIsSaidOfItByThoseWhoMay) {
  const JournalMatches matches{.units = {"a", "b.timer"}};
  EXPECT_TRUE(holds(matches, {"_SYSTEMD_UNIT=a.service"}));
  EXPECT_TRUE(holds(matches, {"_SYSTEMD_UNIT=b.timer"}));
  EXPECT_TRUE(holds(matches, {"UNIT=a.service", "_PID=1"}));
  EXPECT_FALSE(holds(matches, {"UNIT=a.service", "_PID=2"}));
  EXPECT_FALSE(holds(matches, {"_PID=1", "_UID=0"}));
  EXPECT_FALSE(holds(matches, {"_SYSTEMD_UNIT=c.service"}));
}

TEST(JournalExpression, KindsMustAllBeMet) {
  const JournalMatches matches{.units = {"a"}, .identifiers = {"x", "y"}, .max_priority = 1};
  EXPECT_TRUE(holds(matches, {"_SYSTEMD_UNIT=a.service", "SYSLOG_IDENTIFIER=y", "PRIORITY=0"}));
  EXPECT_FALSE(holds(matches, {"_SYSTEMD_UNIT=a.service", "SYSLOG_IDENTIFIER=y", "PRIORITY=2"}));
  EXPECT_FALSE(holds(matches, {"_SYSTEMD_UNIT=a.service", "PRIORITY=0"}));
}

TEST(JournalExpression, WhatCannotBeReadMayBeWanted) {
  ListedFields fields{"A=2"};
  const auto expression = must(JournalExpression::create({.fields = {{"A", "1"}}}));
  EXPECT_FALSE(expression.may_hold(fields));
  EXPECT_TRUE(expression.may_hold(fields.ends_with(-EBADMSG)));
}

// How many entries the list of those with this field has, as the file says. journald adds to it
// after it has added to the list of all. https://systemd.io/JOURNAL_FILE_FORMAT/
void change_listed(const fs::path& path, const std::string& field, int64_t by) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  constexpr size_t kIncompatibleFlagsAt = 12, kHeaderBytes = 200;
  constexpr char kIsCompact = 16;
  const size_t payload = bytes.find(field, kHeaderBytes);
  ASSERT_NE(payload, bytes.npos);
  const size_t at = payload - ((bytes[kIncompatibleFlagsAt] & kIsCompact) != 0 ? 16 : 8);
  int64_t count = 0;
  std::memcpy(&count, bytes.data() + at, sizeof count);
  count += by;
  ASSERT_GT(count, 0);
  ASSERT_LT(count, 100);
  file.clear();
  file.seekp(static_cast<std::streamoff>(at));
  file.write(reinterpret_cast<const char*>(&count), sizeof count);
}

class JournalMatchesTest : public testing::Test {
 protected:
  JournalOptions matching(const std::string& name, const std::string& value) {
    auto options = folder(dir_.path());
    options.matches.fields = {{name, value}};
    return options;
  }

  ScratchDir dir_;
};

TEST_F(JournalMatchesTest, AnEntryThatIsJustBeingWrittenIsNotPassedOver) {
  const fs::path file = dir_.path() / "a.journal";
  make_journal(file, plain_entries(0, 4));
  change_listed(file, "PRIORITY=6", -1);
  auto reader = must(JournalReader::open(matching("PRIORITY", "6"), {}));
  must(reader->begin(""));
  ASSERT_EQ(read_on(*reader).messages, entries(0, 3));
  const std::string checkpoint = reader->checkpoint();
  must(reader->process());
  ASSERT_EQ(read_on(*reader).messages, entries(0, -1));
  change_listed(file, "PRIORITY=6", 1);
  must(reader->process());
  EXPECT_EQ(read_on(*reader).messages, entries(4, 4));
  EXPECT_EQ(read_all(matching("PRIORITY", "6"), checkpoint).messages, entries(4, 4));
}

}  // namespace
}  // namespace plasmite
