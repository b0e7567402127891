#include "agent/commands/text_output.h"

#include <sys/stat.h>

#include <utility>

#include "agent/commands/lost_run_notice.h"
#include "agent/output/human.h"
#include "agent/output/json_writer.h"
#include "agent/output/notice.h"
#include "agent/output/stdio.h"

namespace plasmite {
namespace {

bool same_file(int one, int other) {
  struct stat first{};
  struct stat second{};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

bool streams_are_one_place() { return same_file(kStdout, kStderr); }

TextOutput::TextOutput(TextOutputOptions options)
    : options_(std::move(options)), writer_(writer_options()) {}

TextWriterOptions TextOutput::writer_options() {
  const auto stream = [this](TapStream which, TerminalLines& lines) {
    const int fd = which == TapStream::out ? kStdout : kStderr;
    const bool escape = is_terminal(fd) && !options_.raw;
    return TextWriterOptions::Stream{.output =
                                         [this, fd, which](std::string_view block) {
                                           return options_.output ? options_.output(which, block)
                                                                  : write_output(fd, block);
                                         },
                                     .renderer = escape ? &lines : nullptr};
  };
  return {.out = stream(TapStream::out, out_lines_),
          .err = stream(TapStream::err, err_lines_),
          .same_place = streams_are_one_place(),
          .listener = this};
}

void TextOutput::on_other_message(uint64_t seq) {
  JsonWriter details;
  details.begin_object().key("first_seq").number(seq).end_object();
  notice("text_skip", "Passing over messages that are not lines of tap.", details.text());
}

void TextOutput::on_incomplete_line(TapStream stream, std::string_view id) {
  JsonWriter details;
  details.begin_object().key("id").string(id).key("stream");
  details.string(stream == TapStream::out ? "stdout" : "stderr").end_object();
  notice("line_incomplete", "Parts of a long line are missing.", details.text());
}

void TextOutput::on_run_start(const TapRunStart& start) {
  tell_people("started: " + start.command);
}

void TextOutput::on_run_end(const TapRunEnd& end) {
  std::string how = end.signal.empty() ? "exit " + std::to_string(end.code.value_or(0))
                                       : "signal " + std::string(end.signal);
  tell_people("ended: " + how + " after " + hundredths(end.elapsed_ms / 10) + "s");
}

void TextOutput::on_run_lost(const TapRunLost& lost) {
  const LostRunNotice told(lost.run);
  notice(LostRunNotice::kKind, told.message(), told.details_json());
}

void TextOutput::tell_people(const std::string& message) {
  if (is_terminal(kStderr)) notice("lifecycle", message, "{}");
}

void TextOutput::notice(std::string_view kind, std::string_view message, std::string details_json) {
  if (options_.before_notice) options_.before_notice();
  // An unterminated line ends here, on a terminal: what stdout and stderr say meets there.
  if (is_terminal(kStderr) && (out_lines_.in_line() || err_lines_.in_line())) {
    write_stderr("\n");
    out_lines_.line_was_ended();
    err_lines_.line_was_ended();
  }
  print_notice(options_.color, {.command = options_.command,
                                .kind = kind,
                                .message = message,
                                .pool = options_.pool,
                                .details_json = std::move(details_json)});
}

}  // namespace plasmite
