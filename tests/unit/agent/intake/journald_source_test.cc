#include "agent/intake/journald_source.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/journal_maker.h"
#include "tests/unit/agent/intake/source_fixture.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;

std::string value_of(std::string_view record, const std::string& name) {
  const std::string key = "\"" + name + "\":\"";
  const size_t at = record.find(key);
  if (at == record.npos) return "";
  const size_t begin = at + key.size();
  return std::string(record.substr(begin, record.find('"', begin) - begin));
}

class JournaldSourceTest : public SourceTest {
 protected:
  JournaldSourceTest() {
    config_.kind = JournaldConfig{
        .journal = {.place = {.kind = JournalPlace::Kind::directory, .paths = {journal_.string()}},
                    .start = {.kind = JournalStart::Kind::oldest}}};
    pool_bytes_ = 8 << 20;
  }
  JournalOptions& journal() { return std::get<JournaldConfig>(config_.kind).journal; }

  void write(uint64_t first, uint64_t last, const std::string& name = "a.journal") {
    make_journal(journal_ / name, plain_entries(first, last));
  }
  SourceEnd drain(JournaldSourceOptions options = {.once = true}) {
    const SourceContext given = context();
    JournaldSource source(given, options);
    return must(source.run());
  }
  // In the pool, in order; lifecycle records by their kind.
  std::vector<std::string> messages() const {
    std::vector<std::string> found;
    for (const StoredRecord& record : records_of(path_)) {
      const bool is_ours = std::ranges::count(record.tags, "lifecycle") > 0;
      found.push_back(value_of(record.body, is_ours ? "kind" : "MESSAGE"));
    }
    return found;
  }
  static std::vector<std::string> entries(uint64_t first, uint64_t last) {
    std::vector<std::string> found;
    for (uint64_t i = first; i <= last; ++i) found.push_back("entry " + std::to_string(i));
    return found;
  }
  std::string checkpoint() const {
    const Pool pool = must(Pool::open(path_, {.access = Access::read}));
    const auto found = must(pool.checkpoint("web"));
    return found ? found->value : "";
  }

  const std::filesystem::path journal_ = dir_ / "journal";
};

// A source at work in a thread of its own.
class Running {
 public:
  Running(const SourceContext& context, JournaldSourceOptions options)
      : context_(context),
        source_(context_, options),
        thread_([this] { result_ = source_.run(); }) {}
  ~Running() { stop(); }
  Result<SourceEnd> stop(StopSignal::Level level = StopSignal::Level::drain) {
    if (thread_.joinable()) {
      context_.stop.request(level);
      thread_.join();
    }
    return *result_;
  }

 private:
  const SourceContext context_;
  JournaldSource source_;
  std::optional<Result<SourceEnd>> result_;
  std::thread thread_;
};

TEST_F(JournaldSourceTest, StoresEveryEntryAndGoesOnWhereItLeftOff) {
  write(0, 999);
  EXPECT_EQ(drain(), SourceEnd::finished);
  EXPECT_EQ(messages(), entries(0, 999));
  write(1000, 1099);
  EXPECT_EQ(drain(), SourceEnd::finished);
  EXPECT_EQ(drain(), SourceEnd::finished);
  EXPECT_EQ(messages(), entries(0, 1099));
  const SourceTotals totals = report_.snapshot().totals;
  EXPECT_EQ(totals.stored, 1100u);
  EXPECT_EQ(totals.gaps, 0u);
  EXPECT_EQ(checkpoint(), value_of(records_of(path_).back().body, "__CURSOR") + ";p=");
  EXPECT_EQ(report_.snapshot().checkpoint, checkpoint());
  EXPECT_EQ(report_.snapshot().last_event_ns,
            static_cast<int64_t>(kJournalTime + 1'099'000) * 1000);
}

TEST_F(JournaldSourceTest, AStoredPositionWinsOverTheStart) {
  write(0, 9);
  drain();
  write(10, 19);
  journal().start.kind = JournalStart::Kind::now;
  drain();
  EXPECT_EQ(messages(), entries(0, 19));
}

TEST_F(JournaldSourceTest, NowIsStoredAtOnce) {
  write(0, 9);
  journal().start.kind = JournalStart::Kind::now;
  EXPECT_EQ(drain(), SourceEnd::finished);
  EXPECT_FALSE(checkpoint().empty());
  write(10, 19);
  drain();
  EXPECT_EQ(messages(), entries(10, 19));
}

TEST_F(JournaldSourceTest, TakesInWhatComesWhileItRuns) {
  write(0, 9);
  Running running(context(), {});
  eventually(
      [&] { return report_.snapshot().totals.stored == 10 && report_.snapshot().caught_up; });
  write(10, 19);
  eventually([&] { return report_.snapshot().totals.stored == 20; });
  write(20, 29, "b.journal");
  eventually([&] { return report_.snapshot().totals.stored == 30; });
  EXPECT_EQ(must(running.stop()), SourceEnd::stopped);
  EXPECT_EQ(messages(), entries(0, 29));
  EXPECT_EQ(state(), SourceState::running);
}

TEST_F(JournaldSourceTest, AGapStandsBeforeTheEntryThatFollowsAndIsToldOfOnce) {
  write(0, 9, "a.journal");
  write(10, 19, "b.journal");
  write(20, 29, "c.journal");
  renumber_journal(journal_ / "a.journal", 7, 1);
  renumber_journal(journal_ / "b.journal", 7, 11);
  renumber_journal(journal_ / "c.journal", 7, 21);
  const auto keep = journal_ / "c.journal";
  std::filesystem::rename(journal_ / "b.journal", dir_ / "b");
  std::filesystem::rename(keep, dir_ / "c");
  drain();
  std::filesystem::remove(journal_ / "a.journal");
  std::filesystem::rename(dir_ / "c", keep);
  drain();
  drain();
  auto expected = entries(0, 9);
  expected.emplace_back("gap");
  for (const std::string& message : entries(20, 29)) expected.push_back(message);
  EXPECT_EQ(messages(), expected);
  const auto records = records_of(path_);
  EXPECT_EQ(records[10].body, R"({"count":10,"from":")" + value_of(records[9].body, "__CURSOR") +
                                  R"(","kind":"gap","reason":"retention","source":"web","to":")" +
                                  value_of(records[11].body, "__CURSOR") + "\"}");
  EXPECT_EQ(report_.snapshot().totals.gaps, 1u);
  EXPECT_EQ(report_.snapshot().totals.lost, 10u);
  EXPECT_EQ(report_.snapshot().totals.stored, 20u);
}

TEST_F(JournaldSourceTest, AGarbledCheckpointIsAGapAndNoEnd) {
  write(0, 9);
  {
    auto pool = must(open_pool(path_, pool_bytes_));
    must(pool->append_batch({}, {.checkpoint = CheckpointView{"web", "no cursor"}}));
  }
  journal().start.kind = JournalStart::Kind::now;
  drain();
  EXPECT_EQ(checkpoint(), "no cursor") << "the gap has still to be told of";
  journal().start.kind = JournalStart::Kind::oldest;
  drain();
  drain();
  auto expected = std::vector<std::string>{"gap"};
  for (const std::string& message : entries(0, 9)) expected.push_back(message);
  EXPECT_EQ(messages(), expected);
}

TEST_F(JournaldSourceTest, ThePositionMovesOnThoughNothingMatches) {
  write(0, 999);
  journal().matches.fields = {{"MESSAGE", "entry 3"}};
  Running running(context(), {.checkpoint_delay = milliseconds(50)});
  eventually([&] { return report_.snapshot().checkpoint.contains(";i=3e8;"); });  // 1000
  write(1000, 1009);
  eventually([&] { return report_.snapshot().checkpoint.contains(";i=3f2;"); });
  make_journal(journal_ / "a.journal", plain_entry(3).bytes());
  eventually([&] { return report_.snapshot().totals.stored == 2; });
  EXPECT_EQ(must(running.stop()), SourceEnd::stopped);
  EXPECT_EQ(messages(), (std::vector<std::string>{"entry 3", "entry 3"}));
  EXPECT_EQ(checkpoint(), report_.snapshot().checkpoint);
}

TEST_F(JournaldSourceTest, OwnEntriesAreLeftOutAndMoveThePositionOnATimer) {
  ::setenv("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
  std::string text = plain_entries(0, 4);
  for (uint64_t i = 5; i < 15; ++i)
    text +=
        plain_entry(i).text("_SYSTEMD_INVOCATION_ID", "0123456789abcdef0123456789abcdef").bytes();
  make_journal(journal_ / "a.journal", text);
  Running running(context(), {.checkpoint_delay = milliseconds(50)});
  eventually([&] { return report_.snapshot().checkpoint.contains(";i=f;"); });
  EXPECT_EQ(must(running.stop()), SourceEnd::stopped);
  ::unsetenv("INVOCATION_ID");
  EXPECT_EQ(messages(), entries(0, 4));
  EXPECT_EQ(report_.snapshot().totals.own_log, 10u);
  EXPECT_EQ(report_.snapshot().totals.received(), 5u);
}

TEST_F(JournaldSourceTest, AnEntryAboveTheLimitKeepsAllButItsLargestField) {
  config_.max_record_bytes = 4096;
  make_journal(
      journal_ / "a.journal",
      plain_entry(0).text("LARGE", std::string(10'000, 'x')).bytes() + plain_entry(1).bytes());
  drain();
  EXPECT_EQ(messages(), entries(0, 1));
  EXPECT_TRUE(records_of(path_)[0].body.contains(R"("LARGE":{"truncated_bytes":10000})"));
}

TEST_F(JournaldSourceTest, EntriesOfWhichFewFitIntoABatchAreKeptInOrder) {
  pool_bytes_ = 256 << 10;
  std::string large;
  for (uint64_t i = 0; i < 12; ++i) {
    ExportEntry entry = plain_entry(i);
    entry.text("PADDING", std::string(i % 3 == 2 ? 25'000 : 4'000, 'x'));
    large += entry.bytes();
  }
  make_journal(journal_ / "a.journal", large);
  drain();
  EXPECT_EQ(messages(), entries(0, 11));
  EXPECT_EQ(report_.snapshot().totals.stored, 12u);
}

TEST_F(JournaldSourceTest, NoJournalIsAnErrorAndComesToBeReadLater) {
  const SourceContext given = context();
  JournaldSource source(given, {.once = true});
  const auto ended = source.run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind(), ErrorKind::NotFound);
  ASSERT_TRUE(source.probe());
  EXPECT_EQ(source.probe()->kind(), ErrorKind::NotFound);
  write(0, 9);
  EXPECT_EQ(must(source.run()), SourceEnd::finished);
  EXPECT_FALSE(source.probe());
  EXPECT_EQ(messages(), entries(0, 9));
}

TEST_F(JournaldSourceTest, StoppedInTheMiddleItHasStoredWhatItsPositionSays) {
  write(0, 9'999);
  for (int round = 0; round < 5; ++round) {
    StopSignal stop = must(StopSignal::create());
    SourceReport report;
    SourceContext given{.config = config_,
                        .durability = durability_,
                        .stop = stop,
                        .report = report,
                        .open_pool = [this] { return open_pool(path_, pool_bytes_); },
                        .rejects = nullptr};
    {
      Running running(given, {});
      eventually([&] { return report.snapshot().totals.stored > 0; });
      EXPECT_EQ(must(running.stop()), SourceEnd::stopped);
    }
    if (report.snapshot().totals.stored == 0) break;
    const auto found = messages();
    EXPECT_EQ(found, entries(0, found.size() - 1));
    if (found.size() == 10'000) break;
  }
  drain();
  EXPECT_EQ(messages(), entries(0, 9'999));
}

}  // namespace
}  // namespace plasmite
