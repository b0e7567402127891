#include "agent/intake/stdin_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>

#include "agent/commands/tap_run_slot.h"
#include "agent/intake/reject_pool.h"

namespace plasmite {
namespace {

// Each takes up to 256 KiB: more than a pipe or a socket holds, so that a writer that never pauses
// does not hold up the end.
constexpr int kMostReadsToDrain = 64;

RejectReason reason_of(const SkippedRecord& skipped) {
  if (skipped.error_kind == "Oversize") return RejectReason::oversize;
  return skipped.error_kind == "Refused" ? RejectReason::refused : RejectReason::parse;
}

}  // namespace

// Either framings of JSON, which commit by themselves, or lines of text.
struct StdinSource::Reader {
  Reader(const SourceContext& context, SourceWriter& writer) : writer(writer) {
    const auto& config = std::get<StdinConfig>(context.config.kind);
    if (config.is_text) {
      text = std::make_unique<CapturedText>(context, writer, "stdin", new_run_id());
      return;
    }
    json = std::make_unique<JsonSource>(
        writer.appender(), config.framing,
        IntakeOptions{.on_bad_record = context.config.on_bad_record,
                      .tags = writer.tags(),
                      .max_record_bytes = context.config.max_record_bytes,
                      .on_skip =
                          [&context, &writer](const SkippedRecord& skipped) {
                            writer.count_rejected(reason_of(skipped));
                            if (context.rejects != nullptr)
                              context.rejects->keep({.source = context.config.name,
                                                     .reason = reason_of(skipped),
                                                     .raw = skipped.text,
                                                     .is_cut = skipped.is_cut});
                          },
                      .tells_at_stop = true});
  }

  Result<LineBuffer::Fill> read(int fd) {
    if (text) return text->read(fd);
    const auto progress = json->pump(fd);
    // What was skipped may have come without anything to store.
    auto settled = writer.commit();
    if (!progress) return std::unexpected(progress.error());
    if (!settled) return std::unexpected(std::move(settled.error()));
    if (*progress == JsonSource::Progress::again) return LineBuffer::Fill::again;
    return *progress == JsonSource::Progress::end ? LineBuffer::Fill::end : LineBuffer::Fill::data;
  }

  // What came in of a record whose end did not is one, or a bad one.
  Result<void> finish() {
    const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto ended = read(nothing.get());
    if (!ended) return std::unexpected(std::move(ended.error()));
    return {};
  }

  SourceWriter& writer;
  std::unique_ptr<JsonSource> json;
  std::unique_ptr<CapturedText> text;
};

StdinSource::StdinSource(const SourceContext& context, int fd)
    : context_(context), config_(std::get<StdinConfig>(context.config.kind)), fd_(fd) {
  given_ = UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  struct stat status;
  is_file_ = given_ && ::fstat(given_.get(), &status) == 0 && S_ISREG(status.st_mode);
}

StdinSource::~StdinSource() = default;

Result<void> StdinSource::open_input() {
  if (input_.is_open()) return {};
  auto opened = SourceInput::open(std::move(given_), context_.config.overflow, context_.report);
  if (!opened) return std::unexpected(std::move(opened.error()));
  input_ = std::move(*opened);
  return {};
}

Result<SourceEnd> StdinSource::run() {
  if (!given_ && !input_.is_open()) return SourceEnd::finished;  // closed, or read to its end
  auto writer = SourceWriter::open(context_);
  if (!writer) return std::unexpected(std::move(writer.error()));
  if (auto opened = open_input(); !opened) return std::unexpected(std::move(opened.error()));
  Reader reader(context_, **writer);
  auto end = read_all(reader, **writer);
  context_.report.sleeping();
  if (end) {
    input_.close();
    return end;
  }
  if (!(*writer)->gave_up()) {
    // A bad record that is to stop it all, or an input that cannot be read: no further run changes
    // that.
    context_.report.set_error(end.error());
    abandon_input();
    return SourceEnd::failed;
  }
  if (context_.stop.level() == StopSignal::Level::now) return SourceEnd::stopped;
  return end;
}

// Who writes there must learn that nobody reads any more, although the process goes on: the last
// descriptor of it is our stdin itself.
void StdinSource::abandon_input() {
  input_.close();
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (fd_ == STDIN_FILENO && nothing) (void)::dup2(nothing.get(), fd_);
}

Result<SourceEnd> StdinSource::read_all(Reader& reader, SourceWriter& writer) {
  bool is_draining = false, comes_to_its_end = false;
  for (;;) {
    if (context_.stop.level() == StopSignal::Level::now) return SourceEnd::stopped;
    if (!is_draining && context_.stop.level() == StopSignal::Level::drain) {
      is_draining = true;
      comes_to_its_end = input_.finish();
      reads_left_ = kMostReadsToDrain;
    }
    const Ready ready = wait(/*for_what_is_there=*/is_draining && !comes_to_its_end);
    if (ready == Ready::stop) continue;
    if (ready == Ready::nothing) {
      if (auto finished = reader.finish(); !finished) return std::unexpected(finished.error());
      return SourceEnd::stopped;
    }
    input_.tell_dropped(writer);
    const auto filled = reader.read(input_.fd());
    input_.tell_dropped(writer);
    if (!filled) return std::unexpected(filled.error());
    if (auto told = writer.commit(); !told) return std::unexpected(told.error());
    if (*filled != LineBuffer::Fill::end) continue;
    if (auto error = input_.error()) return std::unexpected(std::move(*error));
    return comes_to_its_end ? SourceEnd::stopped : SourceEnd::finished;
  }
}

StdinSource::Ready StdinSource::wait(bool for_what_is_there) {
  std::array<pollfd, 2> events{pollfd{.fd = input_.fd(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = context_.stop.fd(), .events = POLLIN, .revents = 0}};
  const bool is_idle = ::poll(events.data(), events.size(), 0) == 0;
  if (is_idle != caught_up_) context_.report.set_caught_up(caught_up_ = is_idle);
  if (is_idle && for_what_is_there) return Ready::nothing;
  if (is_idle) {
    context_.report.sleeping();
    (void)::poll(events.data(), events.size(), -1);
    context_.report.working();
  }
  if (events[1].revents != 0) {
    context_.stop.acknowledge();
    return Ready::stop;
  }
  if (events[0].revents == 0) return Ready::stop;  // a signal ended the wait
  if (for_what_is_there && !is_file_ && reads_left_-- == 0) return Ready::nothing;
  return Ready::input;
}

}  // namespace plasmite
