// Writes the lines that `tap` captured as they were: the exact bytes, each line to its own stream,
// long lines whole. Other messages are passed over, and a listener is told. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/record/tap_record.h"
#include "sinks/line_joiner.h"
#include "sinks/message_sink.h"
#include "sinks/usual_ends.h"

namespace plasmite {

// Makes lines fit to be shown. Called with what one stream gets, in order; one line may come in
// several texts.
class LineRenderer {
 public:
  virtual ~LineRenderer() = default;
  virtual void append_text(std::string& out, std::string_view bytes) = 0;
  // `eol`: what ended the line, empty if nothing did.
  virtual void append_end(std::string& out, std::string_view eol) = 0;
};

// What happens beside the lines. What was written before is flushed when it is called.
class TextListener {
 public:
  virtual ~TextListener() = default;
  virtual void on_other_message(uint64_t seq) = 0;  // once, for the first of them
  virtual void on_incomplete_line(TapStream stream, std::string_view id) = 0;
  virtual void on_run_start(const TapRunStart& start) = 0;
  virtual void on_run_end(const TapRunEnd& end) = 0;
  virtual void on_run_lost(const TapRunLost& lost) = 0;
};

struct TextWriterOptions {
  struct Stream {
    // Takes a block. False: nobody reads any more. May block for as long as the reader is slow.
    std::function<Result<bool>(std::string_view block)> output;
    LineRenderer* renderer = nullptr;  // must outlive the writer; null: the bytes as they are
  };
  Stream out;
  Stream err;
  bool same_place = false;           // both streams end there: their lines keep their order
  TextListener* listener = nullptr;  // must outlive the writer
  LineJoinerLimits joiner = {};
};

class TextWriter final : public MessageSink {
 public:
  explicit TextWriter(TextWriterOptions options);

  // How lines before the first start record end. Call before anything is written.
  void begin_within_run(bool pty) { ends_ = UsualEnds(pty); }

  // Shown is what ends a line. Nobody reads: stdout; who stops reading stderr only misses it.
  Result<Written> write(const MessageView& message) override;
  bool shows(const MessageView& message) override;

  // Writes and flushes a line, or the part of one, that nothing goes with.
  Result<bool> write_alone(const TapLine& line, const MessageView& message);

  Result<bool> flush() override;

  std::optional<uint64_t> oldest_unwritten() const override;

  // Also writes what there is of lines whose last part did not come.
  Result<bool> finish() override;

 private:
  static constexpr size_t kBlockBytes = 63u << 10;

  struct Stream {
    TextWriterOptions::Stream options;
    std::string block;
    std::optional<uint64_t> oldest_unwritten;  // of what is in `block`, or went down with it
    bool open = true;
    bool failed = false;  // text was lost that somebody was to have
  };

  Stream& stream_of(TapStream stream) { return streams_[stream == TapStream::out ? 0 : 1]; }
  Result<bool> write_record(const TapRecord& record, const MessageView& message);
  Result<bool> write_line(const TapLine& line, const MessageView& message);
  std::string_view end_of(const TapLine& line, TagsView tags) const;
  Result<bool> write_joined();
  struct Text {
    TapStream stream;
    std::string_view bytes;
    std::string_view eol;
    bool ends_line;
    uint64_t seq;  // of the oldest message in it
  };
  Result<bool> append(const Text& text);
  Result<bool> flush(Stream& stream);
  Result<bool> output(Stream& stream, std::string_view bytes);
  Result<bool> pass_over(uint64_t seq);

  TextWriterOptions options_;
  std::array<Stream, 2> streams_;
  TapRecordReader reader_;
  UsualEnds ends_;
  LineJoiner joiner_;
  std::vector<JoinedPiece> ready_;
  bool told_of_others_ = false;
};

}  // namespace plasmite
