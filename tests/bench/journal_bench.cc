// journald_drain: a journal into a pool, by the real command.
//
// The journal is made once by systemd-journal-remote: 200,000 entries of 18 fields, like those of
// services. The floor reads the same files with sd-journal as plainly as can be and writes the same
// JSON to one buffer; it stores nothing.
#include <systemd/sd-journal.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/bench/floor.h"
#include "tests/bench/lane.h"

namespace plasmite::bench {
namespace {

constexpr uint64_t kEntries = 200'000;
constexpr uint64_t kPoolBytes = 64ull << 20;
constexpr double kEntryBytes = 830;  // of the JSON, about
constexpr const char* kImporter = "/lib/systemd/systemd-journal-remote";

// In the journal export format.
std::string export_entry(uint64_t index) {
  const std::string unit = std::to_string(index % 20);
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    text.append(name).append("=").append(value).append("\n");
  };
  add("__REALTIME_TIMESTAMP", std::to_string(1'760'000'000'000'000 + index * 1000));
  add("__MONOTONIC_TIMESTAMP", std::to_string(1'000'000 + index * 1000));
  add("_BOOT_ID", "b0070000000000000000000000000001");
  add("_MACHINE_ID", "3d1219c7c4c5404aaa1f6d2a48adfda4");
  add("_HOSTNAME", "vm");
  add("_TRANSPORT", "stdout");
  add("PRIORITY", std::to_string(index % 7 == 0 ? 3 : 6));
  add("SYSLOG_FACILITY", "3");
  add("_SYSTEMD_UNIT", "svc" + unit + ".service");
  add("SYSLOG_IDENTIFIER", "svc" + unit);
  add("_PID", std::to_string(1000 + index % 20));
  add("_UID", "1000");
  add("_GID", "1000");
  add("_COMM", "svc");
  add("_EXE", "/usr/bin/svc");
  add("_CMDLINE", "/usr/bin/svc --n " + unit);
  add("_SYSTEMD_CGROUP", "/system.slice/svc" + unit + ".service");
  add("_SYSTEMD_SLICE", "system.slice");
  add("_STREAM_ID", std::string(30, '0') + (unit.size() == 1 ? "0" : "") + unit);
  add("MESSAGE", std::to_string(index) + " request handled path=/api/v1/item/" +
                     std::to_string(index * 7919 % 100'000) +
                     " status=200 dur_us=" + std::to_string(index * 104'729 % 100'000) + " user=u" +
                     std::to_string(index % 1000));
  return text + "\n";
}

class JournalRun : public LaneRun {
 public:
  explicit JournalRun(Workspace& workspace)
      : workspace_(workspace),
        journal_(workspace.file("journal")),
        pool_(workspace.file("journal.plasmite")) {}
  ~JournalRun() override {
    std::error_code ignored;
    std::filesystem::remove_all(journal_, ignored);
  }

  Result<void> prepare() {
    std::error_code error;
    std::filesystem::create_directories(journal_, error);
    const ScopedFile text(workspace_.file("journal.export"));
    {
      std::ofstream out(text.path(), std::ios::binary);
      for (uint64_t i = 0; i < kEntries; ++i) out << export_entry(i);
      if (!out.flush()) return std::unexpected(Error(ErrorKind::Io, "cannot write the export"));
    }
    auto importer = Child::spawn(
        {.argv = {kImporter, "--output=" + (journal_ / "j.journal").string(), text.path().string()},
         .cpu = workspace_.cpus().consumer});
    if (!importer)
      return std::unexpected(
          std::move(importer.error()).with_hint("Install systemd-journal-remote."));
    if (auto ended = importer->wait_for_success(); !ended) return ended;
    // Once around the ring before anybody looks at the clock.
    const auto workload = Workload::json_records(20'000, 800, 100);
    auto pool = create_filled_pool(pool_.path(), kPoolBytes, workload);
    if (!pool) return std::unexpected(pool.error());
    return {};
  }

  Result<Sample> floor() override {
    return timed({self_path(), "--floor", "journal", journal_.string(), std::to_string(kEntries)});
  }

  Result<Sample> value() override {
    auto before = next_seq(pool_.path());
    if (!before) return std::unexpected(before.error());
    // A name of its own, or it would go on where the last one ended.
    auto rate = timed({workspace_.plasmite(), "intake", "journald", "-q", "--once", "--start",
                       "oldest", "--name", "run", "--directory", journal_.string(), pool_.path()});
    if (!rate) return rate;
    auto after = next_seq(pool_.path());
    if (!after) return std::unexpected(after.error());
    if (*after - *before != kEntries)
      return std::unexpected(
          Error(ErrorKind::Internal, "kept " + std::to_string(*after - *before) + " entries"));
    return forget(*rate);
  }

 private:
  // Takes the position away, so that the next run begins at the oldest entry again.
  Result<Sample> forget(const Sample& rate) {
    auto pool = Pool::open(pool_.path());
    if (!pool) return std::unexpected(pool.error());
    auto stored = pool->append_batch({}, {.checkpoint = CheckpointView{"run", ""}});
    if (!stored) return std::unexpected(stored.error());
    return rate;
  }

  Result<Sample> timed(const std::vector<std::string>& argv) {
    const int64_t begin = now_ns();
    auto child = Child::spawn({.argv = argv, .cpu = workspace_.cpus().consumer});
    if (!child) return std::unexpected(child.error());
    if (auto ended = child->wait_for_success(); !ended) return std::unexpected(ended.error());
    return Sample{static_cast<double>(kEntries) * 1e9 / static_cast<double>(now_ns() - begin)};
  }

  Workspace& workspace_;
  std::filesystem::path journal_;
  ScopedFile pool_;
};

// One entry after the other into the same buffer.
class FloorEntry {
 public:
  explicit FloorEntry(sd_journal* journal) : journal_(journal), buffer_(64u << 10, '\0') {}

  // The length of the record; 0: something went wrong.
  size_t encode() {
    char* at = buffer_.data();
    char* cursor = nullptr;
    uint64_t realtime = 0;
    uint64_t monotonic = 0;
    sd_id128_t boot;
    char digits[SD_ID128_STRING_MAX];
    if (sd_journal_get_cursor(journal_, &cursor) < 0 ||
        sd_journal_get_realtime_usec(journal_, &realtime) < 0 ||
        sd_journal_get_monotonic_usec(journal_, &monotonic, &boot) < 0)
      return 0;
    at = put(put(put(at, "{\"__CURSOR\":\""), cursor), "\",\"__REALTIME_TIMESTAMP\":\"");
    std::free(cursor);
    at = std::to_chars(at, at + 24, realtime).ptr;
    at = put(at, "\",\"__MONOTONIC_TIMESTAMP\":\"");
    at = std::to_chars(at, at + 24, monotonic).ptr;
    at = put(put(put(at, "\",\"_BOOT_ID\":\""), sd_id128_to_string(boot, digits)), "\"");
    const void* data = nullptr;
    size_t size = 0;
    sd_journal_restart_data(journal_);
    while (sd_journal_enumerate_available_data(journal_, &data, &size) > 0) {
      const std::string_view field(static_cast<const char*>(data), size);
      const size_t equals = field.find('=');
      if (field.substr(0, equals) == "_BOOT_ID") continue;
      at = put(put(put(at, ",\""), field.substr(0, equals)), "\":\"");
      at = floor_escape(at, field.substr(equals + 1));
      if (at == nullptr) return 0;
      at = put(at, "\"");
    }
    at = put(at, "}");
    return static_cast<size_t>(at - buffer_.data());
  }

 private:
  static char* put(char* at, std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }
  sd_journal* journal_;
  std::string buffer_;  // the entries of this journal are far smaller, even with every byte escaped
};

}  // namespace

int journal_floor(const Arguments& arguments) {
  if (arguments.size() != 2) return 2;
  sd_journal* journal = nullptr;
  if (sd_journal_open_directory(&journal, arguments[0].c_str(), 0) < 0) return 1;
  sd_journal_set_data_threshold(journal, 0);
  sd_journal_seek_head(journal);
  FloorEntry entry(journal);
  uint64_t entries = 0;
  while (sd_journal_next(journal) > 0 && entry.encode() != 0) ++entries;
  sd_journal_close(journal);
  return entries == std::stoull(arguments[1]) ? 0 : 1;
}

void add_journal_lanes(std::vector<Lane>& lanes) {
  lanes.push_back(
      {.name = "journald_drain",
       .what = "intake journald --once / sd-journal walk + the same JSON, stored nowhere",
       .unit = "entries/s",
       .goal = 0.75,
       .record_bytes = kEntryBytes,
       .start = [](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
         auto run = std::make_unique<JournalRun>(workspace);
         if (auto ready = run->prepare(); !ready) return std::unexpected(ready.error());
         return run;
       }});
}

}  // namespace plasmite::bench
