#include "agent/intake/journald_request.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/must.h"

namespace plasmite {
namespace {

constexpr int64_t kNowNs = 1'800'000'000'000'000'000;

JournaldRequest request() {
  JournaldRequest made;
  made.pool = "p";
  return made;
}

JournalOptions journal_of(const JournaldRequest& asked) {
  const auto plan = must(make_journald_plan(asked, kNowNs));
  return std::get<JournaldConfig>(plan.source.kind).journal;
}

Error refusal(const std::function<void(JournaldRequest&)>& change) {
  JournaldRequest asked = request();
  change(asked);
  auto plan = make_journald_plan(asked, kNowNs);
  EXPECT_FALSE(plan);
  if (plan) return Error(ErrorKind::Internal, "not refused");
  EXPECT_EQ(plan.error().kind(), ErrorKind::Usage);
  EXPECT_FALSE(plan.error().hint().empty()) << plan.error().message();
  return plan.error();
}

TEST(JournaldRequest, WithoutOptionsItIsTheMachinesJournalFromNowOn) {
  const auto plan = must(make_journald_plan(request(), kNowNs));
  EXPECT_EQ(plan.source.name, "journald");
  EXPECT_EQ(plan.create_bytes, 64u << 20);
  EXPECT_EQ(journal_of(request()), JournalOptions{});
}

TEST(JournaldRequest, OnceBeginsWithTheOldestUnlessToldOtherwise) {
  JournaldRequest asked = request();
  asked.once = true;
  EXPECT_EQ(journal_of(asked).start.kind, JournalStart::Kind::oldest);
  asked.start = "now";
  EXPECT_EQ(journal_of(asked).start.kind, JournalStart::Kind::now);
}

TEST(JournaldRequest, ATimeIsInMicroseconds) {
  JournaldRequest asked = request();
  asked.since = "1h";
  const JournalStart start = journal_of(asked).start;
  EXPECT_EQ(start.kind, JournalStart::Kind::time);
  EXPECT_EQ(start.time_us, kNowNs / 1000 - 3'600'000'000);
}

TEST(JournaldRequest, PathsBecomeAbsolute) {
  JournaldRequest asked = request();
  asked.directory = "journal";
  const JournalPlace directory = journal_of(asked).place;
  EXPECT_EQ(directory.kind, JournalPlace::Kind::directory);
  EXPECT_TRUE(directory.paths.front().starts_with('/') &&
              directory.paths.front().ends_with("/journal"));
  asked.directory.reset();
  asked.files = {"a.journal", "/b.journal"};
  const JournalPlace files = journal_of(asked).place;
  EXPECT_EQ(files.kind, JournalPlace::Kind::files);
  EXPECT_TRUE(files.paths[0].starts_with('/'));
  EXPECT_EQ(files.paths[1], "/b.journal");
}

TEST(JournaldRequest, EverythingThatIsChosenIsInTheMatches) {
  JournaldRequest asked = request();
  asked.units = {"nginx"};
  asked.identifiers = {"sshd"};
  asked.priority = "err";
  asked.boot = "current";
  asked.matches = {"_UID=0", "A=b=c"};
  const JournalMatches matches = journal_of(asked).matches;
  EXPECT_EQ(matches.units, asked.units);
  EXPECT_EQ(matches.identifiers, asked.identifiers);
  EXPECT_EQ(matches.max_priority, 3);
  EXPECT_EQ(matches.boot, "current");
  EXPECT_EQ(matches.fields.size(), 2u);
  EXPECT_EQ(matches.fields[1], std::pair(std::string("A"), std::string("b=c")));
}

TEST(JournaldRequest, WhatCannotBeMeantIsRefusedWithAHint) {
  using Change = std::function<void(JournaldRequest&)>;
  const std::pair<const char*, Change> wrong[] = {
      {"--start", [](auto& r) { r.start = "yesterday"; }},
      {"--since", [](auto& r) { r.since = "soon"; }},
      {"--start and --since", [](auto& r) { r.start = "now", r.since = "1h"; }},
      {"--match", [](auto& r) { r.matches = {"_UID"}; }},
      {"--priority", [](auto& r) { r.priority = "8"; }},
      {"--boot", [](auto& r) { r.boot = "last"; }},
      {"--unit", [](auto& r) { r.units = {"ssh*"}; }},
      {"--identifier", [](auto& r) { r.identifiers = {""}; }},
      {"--namespace", [](auto& r) { r.name_space = "+"; }},
      {"--directory, --file", [](auto& r) { r.directory = "d", r.files = {"f"}; }},
      {"--directory", [](auto& r) { r.directory = ""; }},
      {"--file", [](auto& r) { r.files = {""}; }},
      {"--name", [](auto& r) { r.name = "a/b"; }},
      {"--name", [](auto& r) { r.name = "tap.0"; }},
      {"--max-record", [](auto& r) { r.max_record = "0"; }},
      {"--max-record", [](auto& r) { r.max_record = "2G"; }},
      {"--create-size", [](auto& r) { r.create_size = "1M"; }},
      {"durability", [](auto& r) { r.durability = "maybe"; }},
      {"local pool", [](auto& r) { r.pool = "http://host/p"; }},
  };
  for (const auto& [part, change] : wrong)
    EXPECT_NE(refusal(change).message().find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace plasmite
