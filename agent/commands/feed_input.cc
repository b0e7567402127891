#include "agent/commands/feed_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "agent/commands/receipts.h"
#include "agent/output/human.h"
#include "agent/output/json_writer.h"
#include "agent/output/notice.h"
#include "agent/output/progress_line.h"
#include "agent/output/stdio.h"
#include "core/append/appender.h"
#include "core/base/unique_fd.h"
#include "sources/json_source.h"

namespace plasmite {
namespace {

// Stands for every record being skipped, as the exit code.
constexpr int kSomeRejected = 1;

Error missing_input() {
  return Error(ErrorKind::Usage, "missing data input")
      .with_hint("Give DATA as an argument, use --file PATH, or pipe JSON into stdin.");
}

Receipts::Style receipt_style(const FeedOptions& options) {
  if (options.quiet) return Receipts::Style::none;
  return is_terminal(kStdout) ? Receipts::Style::people : Receipts::Style::json;
}

Result<int> feed_inline(const std::string& data, const FeedPlan& plan, Appender& appender,
                        Receipts& receipts) {
  std::string padded = data;
  padded.append(kJsonPadding, '\0');
  JsonValidator validator(plan.max_record_bytes);
  const auto json = validator.validate_object({std::string_view(padded).substr(0, data.size())},
                                              appender.arena());
  if (!json) return std::unexpected(json.error());
  if (auto added = appender.add(*json, &plan.tags); !added) return std::unexpected(added.error());
  if (auto stored = appender.commit(); !stored) return std::unexpected(stored.error());
  if (auto printed = receipts.flush(); !printed) return std::unexpected(printed.error());
  return 0;
}

void notice_skipped(const CommandContext& context, const FeedOptions& options, const Pool& pool,
                    const SkippedRecord& skipped) {
  const bool oversize = skipped.error_kind != "Parse";
  JsonWriter details;
  details.begin_object();
  details.key("error_kind").string(oversize ? "Oversize" : "Parse");
  details.key("index").number(skipped.index);
  if (skipped.line) details.key("line").number(*skipped.line);
  details.key("mode").string(skipped.mode);
  details.key("offset").number(skipped.offset);
  details.key("pool_path").string(pool.path().string());
  details.key("reason").string(skipped.message);
  details.key("snippet").string(skipped.snippet);
  details.end_object();
  print_notice(context.color,
               {.command = "feed",
                .kind = "ingest_skip",
                .message = oversize ? "Skipped oversized record." : "Skipped invalid JSON.",
                .pool = options.pool,
                .details_json = details.text(),
                .message_names_pool = true});
}

void notice_summary(const CommandContext& context, const FeedOptions& options, const Pool& pool,
                    const JsonSource& source) {
  JsonWriter details;
  details.begin_object();
  details.key("failed").number(source.failed());
  details.key("ok").number(source.records() - source.failed());
  details.key("pool_path").string(pool.path().string());
  details.key("total").number(source.records());
  details.end_object();
  const std::string message = "Finished with " + counted(source.failed(), "skipped record") + ".";
  print_notice(context.color, {.command = "feed",
                               .kind = "ingest_summary",
                               .message = message,
                               .pool = options.pool,
                               .details_json = details.text(),
                               .message_names_pool = true});
}

void wait_for_input(int fd) {
  pollfd input{.fd = fd, .events = POLLIN, .revents = 0};
  ::poll(&input, 1, -1);
}

// How far a file has been read, on a terminal that shows nothing else.
class FileProgress {
 public:
  using Clock = ProgressLine::Clock;

  FileProgress(int fd, const FeedOptions& options)
      : fd_(fd), began_(Clock::now()), line_(is_wanted(options), began_) {
    struct stat status;
    if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
      total_bytes_ = static_cast<uint64_t>(status.st_size);
  }

  void update(uint64_t messages) {
    const Clock::time_point now = Clock::now();
    if (!line_.is_due(now)) return;
    const off_t at = ::lseek(fd_, 0, SEEK_CUR);
    line_.show(feed_progress_text({.bytes = at > 0 ? static_cast<uint64_t>(at) : 0,
                                   .total_bytes = total_bytes_,
                                   .messages = messages,
                                   .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
                                       now - began_)}),
               now);
  }

  // Before a notice or an error.
  void clear() { line_.clear(); }

 private:
  static bool is_wanted(const FeedOptions& options) {
    const bool receipts_scroll_by = !options.quiet && is_terminal(kStdout);
    return options.file && *options.file != "-" && is_terminal(kStderr) && !receipts_scroll_by;
  }

  int fd_;
  uint64_t total_bytes_ = 0;
  Clock::time_point began_;
  ProgressLine line_;
};

// Reads until the input ends or nobody takes the receipts any more. One read is one batch: its
// records are stored and their receipts written before the next read, which may have to wait.
Result<void> pump_all(int fd, JsonSource& source, Receipts& receipts, FileProgress& shown) {
  for (;;) {
    const auto progress = source.pump(fd);
    const auto printed = receipts.flush();
    shown.update(source.records());
    if (!progress) return std::unexpected(progress.error());
    if (!printed) return std::unexpected(printed.error());
    if (*progress == JsonSource::Progress::end || !*printed) return {};
    if (*progress == JsonSource::Progress::again) wait_for_input(fd);
  }
}

Result<int> feed_stream(int fd, const CommandContext& context, const FeedOptions& options,
                        const FeedPlan& plan, Pool& pool, Appender& appender, Receipts& receipts) {
  FileProgress shown(fd, options);
  JsonSource source(appender, plan.framing,
                    {.on_bad_record = plan.on_bad_record,
                     .tags = plan.tags,
                     .max_record_bytes = plan.max_record_bytes,
                     .on_skip = [&](const SkippedRecord& skipped) {
                       shown.clear();
                       notice_skipped(context, options, pool, skipped);
                     }});
  const auto pumped = pump_all(fd, source, receipts, shown);
  shown.clear();
  if (!pumped) return std::unexpected(pumped.error());
  if (source.records() == 0) return std::unexpected(missing_input());
  if (source.failed() == 0) return 0;
  notice_summary(context, options, pool, source);
  return kSomeRejected;
}

}  // namespace

Result<int> feed_pool(const CommandContext& context, const FeedOptions& options,
                      const FeedPlan& plan, Pool& pool) {
  Receipts receipts(receipt_style(options));
  Appender appender(pool, {.durability = plan.durability,
                           .on_committed = [&](const AppendReceipt& receipt,
                                               std::span<const RecordView> records) {
                             receipts.add(receipt, records);
                           }});
  if (options.data) return feed_inline(*options.data, plan, appender, receipts);
  UniqueFd file;
  if (options.file && *options.file != "-") {
    file = UniqueFd(::open(options.file->c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
      const Error cause = errno_error(errno, "");
      return std::unexpected(Error(ErrorKind::Io, "failed to read data file")
                                 .with_path(*options.file)
                                 .with_cause(cause.causes().front())
                                 .with_hint("Check the path and the permissions of the file."));
    }
  } else if (!options.file && is_terminal(kStdin)) {
    return std::unexpected(missing_input());
  }
  return feed_stream(file ? file.get() : kStdin, context, options, plan, pool, appender, receipts);
}

}  // namespace plasmite
