// `--text`: captured lines on the standard streams, and notices beside them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/command_context.h"
#include "agent/output/terminal_lines.h"
#include "sinks/text_writer.h"

namespace plasmite {

struct TextOutputOptions {
  std::string command;  // "follow"
  std::string pool;     // the ref as typed
  ColorMode color = ColorMode::automatic;
  bool raw = false;  // also terminals get the bytes as they are
  // Where blocks of lines go. Null: to the standard streams.
  std::function<Result<bool>(TapStream stream, std::string_view block)> output = nullptr;
  // Called when something is to be told: what `output` took is to be seen before it. Null: it is.
  std::function<void()> before_notice = nullptr;
};

// Whether what is written to stdout and to stderr ends in one file, or on one terminal.
bool streams_are_one_place();

// Not thread-safe; stays where it is.
class TextOutput final : public TextListener {
 public:
  explicit TextOutput(TextOutputOptions options);
  TextOutput(const TextOutput&) = delete;
  TextOutput& operator=(const TextOutput&) = delete;

  TextWriter& writer() { return writer_; }

  // JSON lines for programs, words for people. How commands began and ended is for people only:
  // programs find that in the records.
  void on_other_message(uint64_t seq) override;
  void on_incomplete_line(TapStream stream, std::string_view id) override;
  void on_run_start(const TapRunStart& start) override;
  void on_run_end(const TapRunEnd& end) override;
  void on_run_lost(const TapRunLost& lost) override;

 private:
  TextWriterOptions writer_options();
  void notice(std::string_view kind, std::string_view message, std::string details_json);
  void tell_people(const std::string& message);

  TextOutputOptions options_;
  TerminalLines out_lines_;
  TerminalLines err_lines_;
  TextWriter writer_;
};

}  // namespace plasmite
