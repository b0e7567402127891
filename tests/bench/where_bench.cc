// follow_where: all records of a full pool through a jq program, by the real command.
//
// The floor parses the same messages with libjq, runs the same program on each and writes those of
// which it makes true: what anybody who links libjq would do. Both compile the program first, and
// print the same lines; the last message matches, so that its line is the end of the work. The
// command ends by its timeout, so that the time of the process that runs jq counts as its own.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

extern "C" {
#include <jq.h>
}

#include <utility>

#include "core/record/envelope.h"
#include "tests/bench/floor.h"
#include "tests/bench/follower_run.h"
#include "tests/bench/lane.h"

namespace plasmite::bench {
namespace {

constexpr size_t kDistinctRecords = 20'000;
constexpr size_t kRecordBytes = 200;
constexpr size_t kRecordSpread = 20;
constexpr uint64_t kPoolBytes = 32ull << 20;
// About 3 of 100.
constexpr const char* kProgram = R"(.data.level == "error" and .data.ms > 800)";
constexpr std::string_view kLast = R"({"level":"error","ms":900,"message":"the last one"})";

struct Compiled {
  Compiled() : jq(jq_init()) {
    if (jq == nullptr || jq_compile_args(jq, kProgram, jv_object()) == 0) std::abort();
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() { jq_teardown(&jq); }

  bool matches(std::string_view text) {
    jq_start(jq, jv_parse_sized(text.data(), static_cast<int>(text.size())), 0);
    bool any = false;
    for (;;) {
      jv output = jq_next(jq);
      const jv_kind kind = jv_get_kind(output);
      jv_free(output);
      if (kind == JV_KIND_INVALID) return any;
      any = any || kind == JV_KIND_TRUE;
    }
  }

  jq_state* jq;
};

class WhereRun : public LaneRun {
 public:
  explicit WhereRun(Workspace& workspace)
      : workspace_(workspace),
        pool_(workspace.file("where.plasmite")),
        texts_(workspace.file("where.texts")) {}

  Result<void> prepare() {
    const auto workload = Workload::json_records(kDistinctRecords, kRecordBytes, kRecordSpread);
    auto pool = create_filled_pool(pool_.path(), kPoolBytes, workload);
    if (!pool) return std::unexpected(pool.error());
    if (auto last = pool->append({.body = kLast}); !last) return std::unexpected(last.error());
    return write_texts(*pool);
  }

  Result<Sample> floor() override {
    return timed({self_path(), "--floor", "where", texts_.path()});
  }
  Result<Sample> value() override {
    return timed({workspace_.plasmite(), "follow", pool_.path(), "--jsonl", "--since",
                  "2000-01-01T00:00:00Z", "--where", kProgram, "--timeout", "1ms"});
  }

 private:
  Result<void> write_texts(const Pool& pool) {
    EnvelopeWriter envelope;
    Compiled program;
    std::string text;
    const auto records =
        write_floor_file(pool, texts_.path(), [&](FloorWriter& writer, const MessageView& message) {
          text.clear();
          envelope.append_message(text, message);
          matches_ += program.matches(text) ? 1 : 0;
          writer.append(text.append(1, '\n'));
        });
    if (!records) return std::unexpected(records.error());
    records_ = *records;
    return {};
  }

  Result<Sample> timed(const std::vector<std::string>& argv) {
    const auto run = time_follower(
        workspace_.cpus(), {.argv = argv, .records = records_, .lines = matches_, .ends = true});
    if (!run) return std::unexpected(run.error());
    return run->sample;
  }

  Workspace& workspace_;
  ScopedFile pool_;
  ScopedFile texts_;
  uint64_t records_ = 0;
  uint64_t matches_ = 0;
};

}  // namespace

int where_floor(const Arguments& arguments) {
  if (arguments.size() != 1) return 2;
  const UniqueFd fd(::open(arguments[0].c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!fd || fstat(fd.get(), &status) != 0) return 1;
  const auto size = static_cast<size_t>(status.st_size);
  const void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return 1;
  std::string_view texts(static_cast<const char*>(memory), size);
  Compiled program;
  FloorWriter writer(STDOUT_FILENO);
  while (!texts.empty() && !writer.failed()) {
    const std::string_view line = texts.substr(0, texts.find('\n') + 1);
    if (program.matches(line.substr(0, line.size() - 1))) writer.append(line);
    texts.remove_prefix(line.size());
  }
  writer.flush();
  return writer.failed() ? 1 : 0;
}

void add_where_lanes(std::vector<Lane>& lanes) {
  lanes.push_back(
      {.name = "follow_where",
       .what = "follow --where of a full pool to a pipe / bare libjq loop over the same messages",
       .unit = "records/s",
       .goal = 0.9,
       .record_bytes = kRecordBytes,
       .start = [](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
         auto run = std::make_unique<WhereRun>(workspace);
         if (auto ready = run->prepare(); !ready) return std::unexpected(ready.error());
         return run;
       }});
}

}  // namespace plasmite::bench
