#include "agent/commands/follow_outputs.h"

#include <algorithm>
#include <utility>

#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"
#include "core/record/json_escape.h"

namespace plasmite {
namespace {

using Format = FollowWriterOptions::Format;

FollowWriterOptions::Output to_stream(int fd) {
  return [fd](std::string_view block) { return write_output(fd, block); };
}

// JSON lines of strangers on a terminal.
FollowWriterOptions::Output escaped_to_stdout() {
  return [buffer = std::string()](std::string_view block) mutable {
    return write_output(kStdout, escape_json_for_terminal(block, buffer));
  };
}

}  // namespace

FollowOutputs::FollowOutputs(const CommandContext& context, const FollowOptions& options,
                             Format format, bool merged)
    : context_(context), options_(options), format_(format) {
  if (!merged) return;
  const bool escape = !options.text && is_terminal(kStdout) && format == Format::jsonl;
  merged_ = std::make_unique<MergedSinks>(
      MergedSinks::Options{.out = escape ? escaped_to_stdout() : to_stream(kStdout),
                           .err = options.text ? to_stream(kStderr) : nullptr,
                           .same_place = options.text && streams_are_one_place()});
}

FollowWriterOptions FollowOutputs::writer_options() const {
  const bool on_terminal = is_terminal(kStdout);
  FollowWriterOptions result;
  result.format = format_;
  result.data_only = options_.data_only;
  result.pretty = {.color = use_color(context_.color, kStdout), .for_terminal = on_terminal};
  result.output =
      on_terminal && format_ == Format::jsonl ? escaped_to_stdout() : to_stream(kStdout);
  return result;
}

void FollowOutputs::make_room_for(const std::string& name) {
  constexpr size_t kWidest = 32;  // leaves room for the lines
  const size_t width = display_width(escape_for_terminal(name));
  if (width <= kWidest) name_width_ = std::max(name_width_, width);
}

void FollowOutputs::add(size_t number, const std::string& name) {
  if (number >= pools_.size()) pools_.resize(number + 1);
  OfPool& pool = pools_[number];
  if (options_.text) {
    pool.text = make_text(number, name);
  } else {
    FollowWriterOptions options = writer_options();
    if (merged_) {
      append_json_string_lossy(options.pool_json, name);
      options.output = merged_->output_for(TapStream::out, number);
    }
    pool.json = std::make_unique<FollowWriter>(std::move(options));
  }
  if (merged_) merged_->add(number, sink_of(number));
}

std::unique_ptr<TextOutput> FollowOutputs::make_text(size_t number, const std::string& name) {
  TextOutputOptions options{
      .command = "follow", .pool = name, .color = context_.color, .raw = options_.raw};
  if (merged_) {
    const auto output = [&](TapStream stream) {
      return merged_->output_for(stream, number, line_prefix(number, name, stream));
    };
    options.output = [out = output(TapStream::out), err = output(TapStream::err)](
                         TapStream stream, std::string_view block) {
      return stream == TapStream::out ? out(block) : err(block);
    };
    // That it could not be written, the next flush says.
    options.before_notice = [this] { (void)merged_->flush_blocks(); };
  }
  return std::make_unique<TextOutput>(std::move(options));
}

// `web | ` before each line: aligned and coloured for people.
std::string FollowOutputs::line_prefix(size_t number, const std::string& name,
                                       TapStream stream) const {
  const int fd = stream == TapStream::out ? kStdout : kStderr;
  std::string text = escape_for_terminal(name);
  if (!is_terminal(fd)) return text + " | ";
  const size_t width = display_width(text);
  if (width < name_width_) text.append(name_width_ - width, ' ');
  text += " | ";
  if (!use_color(context_.color, fd)) return text;
  constexpr size_t kColors = 6;  // 31 … 36
  return "\x1b[" + std::to_string(31 + (number + 5) % kColors) + "m" + text + "\x1b[0m";
}

Result<bool> FollowOutputs::remove(size_t number) {
  auto printed = merged_->remove(number);
  pools_[number] = {};
  return printed;
}

MessageSink& FollowOutputs::sink_of(size_t number) {
  const OfPool& pool = pools_[number];
  return pool.text ? static_cast<MessageSink&>(pool.text->writer()) : *pool.json;
}

void FollowOutputs::begin_within_run(size_t number, bool pty) {
  pools_[number].text->writer().begin_within_run(pty);
}

}  // namespace plasmite
